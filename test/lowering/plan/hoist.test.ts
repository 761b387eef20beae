/** Operands that stay the same in a loop are packed once, in front of it; results are those of the interpreter. */
import { describe, expect, it } from "vitest";
import { grad, lax, makeProgram, numpy as np, type Tensor, vmap } from "../../../src/index.js";
import { fromValues, type NDArray } from "../../../src/interpreter/array.js";
import { interpret } from "../../../src/interpreter/index.js";
import { aval } from "../../../src/ir/aval.js";
import { type Builder, buildProgram } from "../../../src/ir/builder.js";
import { type Dim, symbol } from "../../../src/ir/dim.js";
import type { PlanStep } from "../../../src/ir/plan.js";
import { type Atom, literal, type Program, type Var } from "../../../src/ir/program.js";
import type { NamedSize } from "../../../src/ir/size.js";
import { compileProgram } from "../../../src/jit/compile.js";
import { forEachStep } from "../../../src/lowering/plan/notes.js";
import { expectSame } from "../../laws/compare.js";
import { runCompiled, runOn } from "../../jit/run.js";
import { simplify } from "../../../src/simplify/index.js";
import { type PlanRun, runPlan } from "../run-plan.js";
import { validated } from "../validate.js";

const ROWS = 32;
const N = 48;
const mat = (rows: Dim, columns: Dim) => aval([rows, columns], "f32");
const noise = (shape: readonly number[], seed: number, scale = 0.2): NDArray => {
  const n = shape.reduce((a, b) => a * b, 1);
  let s = seed;
  return fromValues(
    shape,
    "f32",
    Array.from({ length: n }, () => {
      s = (s * 1103515245 + 12345) % 2147483648;
      return ((s / 2147483648) * 2 - 1) * scale;
    }),
  );
};
const dot = (b: Builder, x: Atom, y: Atom, over: readonly [number, number] = [1, 0]): Var =>
  b.emit1("dot_general", [x, y], {
    lhsBatch: [],
    rhsBatch: [],
    lhsContract: [over[0]],
    rhsContract: [over[1]],
    preferred: null,
  });
const tanh = (b: Builder, x: Atom): Var => b.op("tanh", x);

function check(program: Program<"core">, inputs: readonly NDArray[], donate: readonly number[] = []): PlanRun {
  const run = runPlan(program, inputs, { donate });
  expectSame(program.name, run.outputs, interpret(program, inputs), { rel: 1e-4, abs: 1e-5 });
  return run;
}
const isPack = (s: PlanStep): boolean => s.kind === "launch" && s.kernel.name.endsWith("_pack");
/** Packs before loops, and packs or stages that pack inside of them. */
function packs(steps: readonly PlanStep[]): { readonly outside: number; readonly inside: number } {
  const count = { outside: steps.filter(isPack).length, inside: 0 };
  for (const s of steps) {
    if (s.kind !== "loop" && s.kind !== "while") continue;
    forEachStep(s.body, (inner) => {
      if (isPack(inner)) count.inside++;
      else if (inner.kind === "launch" && inner.kernel.refs.some((r) => r.role === "scratch" && /packed/.test(r.name)))
        count.inside++;
    });
  }
  return count;
}

interface Cell {
  readonly length?: Dim;
  readonly numConsts: number;
  readonly numCarry?: number;
  readonly reverse?: boolean;
}
function scan(
  b: Builder,
  { length = 5, numConsts, numCarry = 1, reverse = false }: Cell,
  inputs: readonly Atom[],
  body: (b: Builder, ...xs: Var[]) => readonly Atom[],
): readonly Var[] {
  const inner = inputs.map((a, i) => (i < numConsts + numCarry ? a.aval : aval(a.aval.shape.slice(1), a.aval.dtype)));
  return b.emit("scan", inputs, { body: buildProgram("body", inner, body), length, reverse, numConsts, numCarry });
}
const rnn = (reverse: boolean): Program<"core"> =>
  buildProgram("rnn", [mat(N, N), mat(ROWS, N), aval([5, ROWS, N], "f32")], (b, w, h, xs) =>
    scan(b, { numConsts: 1, reverse }, [w, h, xs], (c, w2, h2, x) => {
      const next = tanh(c, c.add(x, dot(c, h2, w2)));
      return [next, next];
    }),
  );
const rnnInputs = [noise([N, N], 1), noise([ROWS, N], 2), noise([5, ROWS, N], 3)];

describe("an operand that stays the same in a loop", () => {
  for (const reverse of [false, true]) {
    it(`is packed before ${reverse ? "a loop downwards" : "it"}`, () => {
      const run = check(rnn(reverse), rnnInputs);
      expect(packs(run.plan.steps).outside).toBe(1);
    });
  }
  it("also where its memory is given away: the copy is what the loop reads", () => {
    check(rnn(false), rnnInputs, [0, 1, 2]);
  });
  it("is packed once for all that pack it the same way", () => {
    const program = buildProgram("two", [mat(N, N), mat(ROWS, N), mat(ROWS, N)], (b, w, g, h) =>
      scan(b, { numConsts: 1, numCarry: 2 }, [w, g, h], (c, w2, g2, h2) => [
        tanh(c, dot(c, h2, w2)),
        c.op("sin", dot(c, g2, w2)),
      ]),
    );
    const run = check(program, [noise([N, N], 1), noise([ROWS, N], 2), noise([ROWS, N], 3)]);
    expect(packs(run.plan.steps)).toMatchObject({ outside: 1 });
  });
  it("and once each way: as it lies, and transposed", () => {
    const program = buildProgram("both", [mat(N, N), mat(ROWS, N)], (b, w, h) =>
      scan(b, { numConsts: 1 }, [w, h], (c, w2, h2) => [tanh(c, dot(c, tanh(c, dot(c, h2, w2)), w2, [1, 1]))]),
    );
    const run = check(program, [noise([N, N], 1), noise([ROWS, N], 2)]);
    expect(packs(run.plan.steps)).toMatchObject({ outside: 2 });
  });
  it("that is carried, but never written, is packed before it as well", () => {
    const program = buildProgram("carried", [mat(N, N), mat(ROWS, N)], (b, w, h) =>
      scan(b, { numConsts: 0, numCarry: 2 }, [w, h], (c, w2, h2) => [w2, tanh(c, dot(c, h2, w2))]),
    );
    check(program, [noise([N, N], 1), noise([ROWS, N], 2)]);
    check(program, [noise([N, N], 1), noise([ROWS, N], 2)], [0, 1]);
  });
  it("of an inner loop is packed before the outer one", () => {
    const program = buildProgram("nested", [mat(N, N), mat(ROWS, N)], (b, w, h) =>
      scan(b, { numConsts: 1, length: 3 }, [w, h], (c, w2, h2) =>
        scan(c, { numConsts: 1, length: 2 }, [w2, tanh(c, h2)], (d, w3, h3) => [tanh(d, dot(d, h3, w3))]),
      ),
    );
    const run = check(program, [noise([N, N], 1), noise([ROWS, N], 2)]);
    expect(packs(run.plan.steps)).toMatchObject({ outside: 1, inside: expect.any(Number) });
    forEachStep(
      run.plan.steps.filter((s) => s.kind === "loop"),
      (s) => expect(isPack(s)).toBe(false),
    );
  });
  it("of an inner loop alone is packed between the two", () => {
    const program = buildProgram("layers", [aval([3, N, N], "f32"), mat(ROWS, N)], (b, ws, h) =>
      scan(b, { numConsts: 0, length: 3 }, [h, ws], (c, h2, w) =>
        scan(c, { numConsts: 1, length: 4 }, [w, h2], (d, w3, h3) => [tanh(d, dot(d, h3, w3))]),
      ),
    );
    const run = check(program, [noise([3, N, N], 1), noise([ROWS, N], 2)]);
    const [outer] = run.plan.steps.filter((s) => s.kind === "loop");
    expect(outer.body.filter(isPack)).toHaveLength(1);
    expect(run.plan.steps.some(isPack)).toBe(false);
  });
});

describe("an operand that changes in a loop", () => {
  it("is packed where it is used: a part that follows the counter", () => {
    const program = buildProgram("layers", [aval([4, N, N], "f32"), mat(ROWS, N)], (b, ws, h) =>
      scan(b, { numConsts: 0, length: 4 }, [h, ws], (c, h2, w) => [tanh(c, dot(c, h2, w))]),
    );
    expect(packs(check(program, [noise([4, N, N], 1), noise([ROWS, N], 2)]).plan.steps).outside).toBe(0);
  });
  it("is packed where it is used: a carry", () => {
    const program = buildProgram("power", [mat(N, N), mat(N, N)], (b, w, h) =>
      scan(b, { numConsts: 0, numCarry: 2 }, [w, h], (c, w2, h2) => [tanh(c, w2), dot(c, h2, w2)]),
    );
    expect(packs(check(program, [noise([N, N], 1), noise([N, N], 2)]).plan.steps).outside).toBe(0);
  });
});

describe("loops of other kinds", () => {
  it("a while loop packs before it, even if it never runs", () => {
    const program = buildProgram("while", [aval([], "i32"), mat(N, N), mat(ROWS, N)], (b, n, w, h) =>
      b.emit("while", [w, n, h], {
        cond: buildProgram("cond", [aval([], "i32"), mat(ROWS, N)], (c, i) => [
          c.op("gt", i, literal(0, aval([], "i32"))),
        ]),
        body: buildProgram("body", [mat(N, N), aval([], "i32"), mat(ROWS, N)], (c, w2, i, h2) => [
          c.op("sub", i, literal(1, aval([], "i32"))),
          tanh(c, dot(c, h2, w2)),
        ]),
        condConsts: 0,
        bodyConsts: 1,
      }),
    );
    for (const n of [0, 1, 4]) {
      const run = check(program, [fromValues([], "i32", [n]), noise([N, N], 1), noise([ROWS, N], 2)]);
      expect(packs(run.plan.steps).outside).toBe(1);
    }
  });
  it("a loop over named sizes: of few rows nothing is packed, of no steps nothing happens", () => {
    const names: readonly NamedSize[] = [
      { name: "t", atLeast: 0, hint: 6 },
      { name: "m", atLeast: 2, hint: 32 },
    ];
    const [t, m] = [symbol("t"), symbol("m")];
    const program = buildProgram("rnn", [mat(N, N), mat(m, N), aval([t, m, N], "f32")], (b, w, h, xs) =>
      scan(b, { numConsts: 1, length: t }, [w, h, xs], (c, w2, h2, x) => {
        const next = tanh(c, c.add(x, dot(c, h2, w2)));
        return [next, next];
      }),
    );
    const compiled = compileProgram(program, { sizes: names });
    validated(compiled.bytes);
    expect(packs(compiled.plan.steps).outside).toBe(1);
    for (const [steps, rows] of [
      [0, 8],
      [1, 2],
      [5, 3],
      [4, 32],
      [3, 47],
    ]) {
      const inputs = [noise([N, N], 1), noise([rows, N], 2), noise([steps, rows, N], 3)];
      expectSame(`${steps}×${rows}`, runOn(compiled, inputs, [], [steps, rows]), interpret(program, inputs), {
        rel: 1e-4,
        abs: 1e-5,
      });
    }
  });
});

describe("what transforms make of a loop", () => {
  const loss = (w: Tensor, h: Tensor, xs: Tensor): Tensor => {
    const step = (h: Tensor, x: Tensor): [Tensor, Tensor] => {
      const next = np.tanh(x.add(np.dot(h, w)));
      return [next, next];
    };
    return np.mean(np.square(lax.scan(step, h, xs)[1]));
  };
  const zeros = (shape: readonly number[]): Tensor => np.zeros([...shape]);
  const given = [zeros([N, N]), zeros([ROWS, N]), zeros([5, ROWS, N])] as const;
  const agrees = (program: Program<"core">, inputs: readonly NDArray[], outside: number): void => {
    const simple = simplify(program);
    const { compiled, outputs } = runCompiled(simple, inputs);
    expectSame(program.name, outputs, interpret(program, inputs), { rel: 1e-3, abs: 1e-5 });
    expect(packs(compiled.plan.steps).outside).toBe(outside);
  };
  it("a gradient: the loop back packs the transposed operand before it", () => {
    agrees(makeProgram(grad(loss, { argnums: [0, 1, 2] }))(...given), rnnInputs, 2);
  });
  it("a batch of loops over one operand, and over a batch of them", () => {
    agrees(
      makeProgram(vmap(loss, { inAxes: [null, 0, 0] }))(given[0], zeros([3, ROWS, N]), zeros([3, 5, ROWS, N])),
      [noise([N, N], 1), noise([3, ROWS, N], 2), noise([3, 5, ROWS, N], 3)],
      1,
    );
    agrees(
      makeProgram(vmap(loss))(zeros([3, N, N]), zeros([3, ROWS, N]), zeros([3, 5, ROWS, N])),
      [noise([3, N, N], 1), noise([3, ROWS, N], 2), noise([3, 5, ROWS, N], 3)],
      1,
    );
  });
});
