/** exp of what is not positive: the short code gives the bits of the other, and is taken where the greatest element was subtracted, nowhere else. */
import { describe, expect, test } from "vitest";
import { lax, makeProgram, nn, numpy as np, ShapeDtype, type Tensor } from "../../../src/index.js";
import type { TileStmt } from "../../../src/ir/tile.js";
import { TileBuilder } from "../../../src/ir/tile-builder.js";
import { engineTarget } from "../../../src/jit/engine.js";
import { lowerToPlan } from "../../../src/lowering/plan/index.js";
import { forEachStep } from "../../../src/lowering/plan/notes.js";
import { compile, target as plain } from "../../kernels/compiled.js";

const BLOCK = 2 ** 14;

describe.each(["f32", "f64"] as const)("%s", (dtype) => {
  const View = dtype === "f64" ? Float64Array : Float32Array;
  const make = (machine: typeof plain, lanes: number, params: { readonly nonPositive?: true }) => {
    const t = new TileBuilder("exp");
    const [x, y] = [t.ref("x", dtype, "in", BLOCK), t.ref("y", dtype, "out", BLOCK)];
    t.stage([1], () => {
      t.for(t.i32(0), t.i32(BLOCK), lanes, (i) => {
        const block = lanes > 1 ? t.load(x, i, [lanes], [1]) : t.load(x, i);
        t.store(y, i, t.op("exp", [block], params), lanes > 1 ? [1] : []);
      });
    });
    const { addresses, memory, run } = compile(t.finish(), machine);
    return (inputs: Float32Array | Float64Array) => {
      new View(memory.buffer, addresses[0], BLOCK).set(inputs);
      run();
      return new View(memory.buffer, addresses[1], BLOCK).slice();
    };
  };
  test.each([
    ["vectors", plain, 8],
    ["this engine's vectors", engineTarget(), 16],
    ["scalars", plain, 1],
  ] as const)("%s", (_name, machine, lanes) => {
    const [short, long] = [make(machine, lanes, { nonPositive: true }), make(machine, lanes, {})];
    const lowest = dtype === "f64" ? 760 : 110;
    const inputs = new View(BLOCK);
    const special = [-0, 0, Number.NEGATIVE_INFINITY, Number.NaN, -lowest * 2, -3e38, -1e-40];
    for (let round = 0; round < 8; round++) {
      // evenly through all that is not zero, and ever nearer to zero
      inputs.forEach((_, i) => {
        const u = (i * 8 + round) / (8 * BLOCK);
        inputs[i] = i % 2 ? -lowest * u : -lowest * 2 ** (-60 * u);
      });
      inputs.set(special);
      const [got, want] = [short(inputs), long(inputs)];
      const wrong = inputs.findIndex((_, i) => !Object.is(got[i], want[i]));
      expect(wrong < 0 ? "none" : `exp ${inputs[wrong]}: ${got[wrong]}, not ${want[wrong]}`).toBe("none");
    }
  });
});

/** Exponentials that are known to be of nothing positive, and all. */
function marked(f: (...xs: Tensor[]) => Tensor, ...shapes: readonly (readonly number[])[]): [number, number] {
  const program = makeProgram(f)(...shapes.map((s) => new ShapeDtype(s as number[], "f32")));
  const count: [number, number] = [0, 0];
  const visit = (body: readonly TileStmt[]): void => {
    for (const s of body) {
      if (s.kind === "for") visit(s.body);
      if (s.kind !== "op" || s.prim !== "exp") continue;
      count[1]++;
      if ("nonPositive" in s.params) count[0]++;
    }
  };
  forEachStep(lowerToPlan(program).steps, (step) => {
    if (step.kind === "launch") for (const stage of step.kernel.stages) visit(stage.body);
  });
  return count;
}

describe("where the schedule finds it", () => {
  const some = (n: number): [number, number] => [n, n];
  test.each<[string, [number, number], (...xs: Tensor[]) => Tensor, ...(readonly number[])[]]>([
    ["softmax", some(1), (x) => nn.softmax(x), [8, 64]],
    ["softmax along the first axis", some(1), (x) => nn.softmax(x, 0), [8, 64]],
    ["log-softmax", some(1), (x) => nn.logSoftmax(x), [8, 64]],
    ["attention in blocks", some(1), (q) => nn.dotProductAttention(q, q, q), [1, 512, 1, 64]],
    [
      "a greater one than the greatest",
      some(1),
      (x, y) => lax.exp(x.sub(np.maximum(x.max(1, { keepdims: true }), y))),
      [8, 64],
      [8, 1],
    ],
    ["another array's greatest", [0, 1], (x, y) => lax.exp(x.sub(y.max(1, { keepdims: true }))), [8, 64], [8, 64]],
    ["the greatest of columns, turned", [0, 1], (x) => lax.exp(x.sub(x.max(0).reshape(64, 1))), [64, 64]],
    ["the least", [0, 1], (x) => lax.exp(x.sub(x.min(1, { keepdims: true }))), [8, 64]],
    ["plain", [0, 1], (x) => lax.exp(x), [8, 64]],
  ])("%s", (_name, expected, f, ...shapes) => {
    expect(marked(f, ...shapes)).toEqual(expected);
  });
});
