/** Loops over rows that do not meet are one loop for each block of them; results are those of the interpreter. */
import { describe, expect, it } from "vitest";
import { grad, makeProgram, nn, numpy as np, scan, type Tensor } from "../../../src/index.js";
import { fromValues, type NDArray } from "../../../src/interpreter/array.js";
import { interpret } from "../../../src/interpreter/index.js";
import type { PlanStep } from "../../../src/ir/plan.js";
import type { Program } from "../../../src/ir/program.js";
import { lowerToPlan } from "../../../src/lowering/plan/index.js";
import { simplify } from "../../../src/simplify/index.js";
import { expectSame } from "../../laws/compare.js";
import { runPlan } from "../run-plan.js";

const STEPS = 8;
const ROWS = 32;
const SIZE = 64;
const noise = (shape: readonly number[], seed: number, scale = 0.3): NDArray => {
  let s = seed;
  const next = (): number => {
    s = (s * 1103515245 + 12345) % 2147483648;
    return ((s / 2147483648) * 2 - 1) * scale;
  };
  return fromValues(shape, "f32", Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next));
};
const spec = (a: NDArray): Tensor => np.zeros(a.shape as number[]);

/** Lengths of the loops without carries that hold one with: the numbers of blocks. */
function blocksOf(steps: readonly PlanStep[]): number[] {
  return steps.flatMap((s) => {
    if (s.kind !== "loop") return [];
    const inner = s.body.some((t) => t.kind === "loop");
    return inner ? [s.length as number, ...blocksOf(s.body)] : blocksOf(s.body);
  });
}
/** The blocks of a program that gives what the interpreter gives. */
function check(program: Program<"core">, inputs: readonly NDArray[]): number[] {
  const simple = simplify(program);
  const run = runPlan(simple, inputs);
  expectSame("blocks", run.outputs, interpret(simple, inputs), { rel: 2e-5, abs: 2e-5 });
  return blocksOf(run.plan.steps);
}

const HIDDEN = 32;
const xs = noise([STEPS, ROWS, 4 * HIDDEN], 1);
const wh = noise([HIDDEN, 4 * HIDDEN], 2);
const h0 = noise([ROWS, SIZE], 3);
const square = noise([SIZE, SIZE], 4);
const lstm = (x: Tensor, w: Tensor): Tensor => {
  const zero = np.zeros([ROWS, HIDDEN]);
  const cell = ([h, c]: [Tensor, Tensor], g: Tensor): [[Tensor, Tensor], Tensor] => {
    const [i, f, j, o] = np.split(g.add(np.dot(h, w)), 4, -1);
    const c2 = nn
      .sigmoid(f)
      .mul(c)
      .add(nn.sigmoid(i).mul(np.tanh(j)));
    const h2 = nn.sigmoid(o).mul(np.tanh(c2));
    return [[h2, c2], h2];
  };
  return scan(cell, [zero, zero] as [Tensor, Tensor], x)[1];
};
/** h → f(h·w, h) */
const loop =
  (f: (y: Tensor, h: Tensor) => Tensor) =>
  (h: Tensor, w: Tensor): Tensor =>
    scan((s: Tensor): [Tensor, Tensor] => [f(np.dot(s, w), s), np.mean(s, 1)], h, np.zeros([STEPS]))[0];
const blocksOfLoop = (f: (y: Tensor, h: Tensor) => Tensor): number[] =>
  blocksOf(lowerToPlan(simplify(makeProgram(loop(f))(spec(h0), spec(square)))).steps);

describe("in blocks of rows", () => {
  it("an LSTM, and its gradient", () => {
    expect(check(makeProgram(lstm)(spec(xs), spec(wh)), [xs, wh])).toEqual([2]);
    const loss = (x: Tensor, w: Tensor): Tensor => np.square(lstm(x, w)).sum();
    expect(check(makeProgram(grad(loss, { argnums: [0, 1] }))(spec(xs), spec(wh)), [xs, wh])).toEqual([2, 2]);
  });
  it("carries that change places, and what is the same in all rows or in all steps", () => {
    const f = (x: Tensor, w: Tensor, scale: Tensor): Tensor[] => {
      type Three = [Tensor, Tensor, Tensor];
      const step = ([h, g, k]: Three, [y, s]: Tensor[]): [Three, Tensor[]] => {
        const all = np.concatenate([np.tanh(np.dot(h, w).mul(s)), np.ones([ROWS, 2])], 1);
        const next = all.slice([0, ROWS], [1, SIZE + 1]).add(np.mean(y, 1, { keepdims: true }));
        return [
          [g, next, k],
          [
            np.pad(h, [
              [0, 0],
              [1, 0],
            ]),
            np.max(next, 1).add(k.sum(1)),
          ],
        ];
      };
      const [carry, ys] = scan(step, [x.slice(0), x.slice(1), x.slice(2)] as Three, [x, scale]);
      return [...carry, ...ys];
    };
    const three = noise([STEPS, ROWS, SIZE], 5);
    const scale = noise([STEPS], 6);
    expect(check(makeProgram(f)(spec(three), spec(square), spec(scale)), [three, square, scale])).toEqual([2]);
  });
  it("batched products of each row's own matrix", () => {
    const own = noise([ROWS, SIZE, SIZE], 7);
    const f = (h: Tensor, w: Tensor, m: Tensor): Tensor =>
      scan(
        ([s, k]: [Tensor, Tensor]): [[Tensor, Tensor], Tensor] => {
          const y = np.tanh(np.einsum("bi,bij->bj", np.dot(s, w), k));
          return [[y, k], y];
        },
        [h, m] as [Tensor, Tensor],
        np.zeros([STEPS]),
      )[1];
    expect(check(makeProgram(f)(spec(h0), spec(square), spec(own)), [h0, square, own])).toEqual([2]);
  });
});

describe("not where rows meet", () => {
  const cases: Record<string, (y: Tensor, h: Tensor) => Tensor> = {
    "in a sum over all of them": (y) => np.tanh(y.sub(np.mean(y, 0))),
    "in another order": (y, h) => np.tanh(y.add(np.flip(h, 0))),
    "in a product": (y, h) => np.tanh(np.dot(np.dot(y, h.transpose()), h)),
    "in a part of them": (y, h) => np.concatenate([np.tanh(y.slice([0, 16])), h.slice([0, 16])], 0),
    "as columns": (y, h) => np.tanh(np.matmul(y.reshape([SIZE, ROWS]).transpose(), np.eye(SIZE)).add(h)),
  };
  for (const [name, f] of Object.entries(cases)) it(name, () => expect(blocksOfLoop(f)).toEqual([]));
  it("but where they don't", () => expect(blocksOfLoop((y) => np.tanh(y))).toEqual([2]));
});
