/** Code for engines that widen pairs has another shape and the same results, to the last bit. */
import { describe, expect, it } from "vitest";
import { makeProgram, nn, numpy as np, type Tensor } from "../../src/index.js";
import { fromValues } from "../../src/interpreter/array.js";
import { wasmTarget } from "../../src/lowering/wasm/features.js";
import { Rng } from "../laws/random.js";
import { runCompiled } from "./run.js";

const plain = wasmTarget({ simd: true, relaxedSimd: false });
const wide = wasmTarget({ simd: true, relaxedSimd: false, wide: true });

const FUNCTIONS: Record<string, (x: Tensor) => Tensor> = {
  chain: (x) => np.tanh(x.mul(x)).add(x),
  softmax: (x) => nn.softmax(x),
  "sums of rows": (x) => np.sum(np.exp(x), 1),
  "sums of columns": (x) => np.sum(x, 0),
  "sum of everything": (x) => np.sum(x),
  "greatest of rows": (x) => np.max(x, 1),
  "variance of rows": (x) => np.var(x, 1),
  transpose: (x) => x.T.add(1),
};

describe.each(Object.entries(FUNCTIONS))("%s", (_, f) => {
  it.each([
    [1, 1],
    [3, 7],
    [5, 32],
    [4, 67],
    [33, 130],
    [300, 500],
  ])("of %i × %i", (m, n) => {
    const rng = new Rng(m * n);
    const values = Array.from({ length: m * n }, () => Math.fround(rng.normal()));
    const program = makeProgram(f)(np.ones([m, n]));
    const bits = [plain, wide].map((target) => {
      const [{ data }] = runCompiled(program, [fromValues([m, n], "f32", values)], { target }).outputs;
      return Array.from(new Int32Array(Float32Array.from(data as Float64Array).buffer));
    });
    expect(bits[1]).toEqual(bits[0]);
  });
});

const OF_EVERY_TYPE: Record<string, (x: Tensor) => Tensor> = {
  "place of the greatest": (x) => np.argmax(x, -1),
  "place of the least": (x) => np.argmin(x, -1),
  greatest: (x) => np.max(x, -1),
  sums: (x) => np.sum(x, -1),
};
describe.each(["f16", "bf16", "f64", "i32", "i64", "u8", "i8", "i16", "bool"] as const)("%s", (dtype) => {
  it.each(Object.entries(OF_EVERY_TYPE))("%s", (_, f) => {
    for (const shape of [[20], [5, 67]]) {
      const values = Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) =>
        dtype === "bool" ? i % 2 : (i * 7) % 31,
      );
      const program = makeProgram(f)(np.ones(shape, dtype));
      const [narrow, joined] = [plain, wide].map((target) => {
        const [{ data }] = runCompiled(program, [fromValues(shape, dtype, values)], { target }).outputs;
        return [...(data as ArrayLike<number> as number[])];
      });
      expect(joined).toEqual(narrow);
    }
  });
});
