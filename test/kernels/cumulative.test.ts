/** Running reductions and the transpose of pooling against the interpreter's rules. */
import { describe, expect, test } from "vitest";
import { castScalar, type DType, isFloat } from "../../src/ir/dtype.js";
import { type CumulativeOp, cumulative } from "../../src/kernels/cumulative.js";
import { selectAndScatterAdd } from "../../src/kernels/window.js";
import type { Element } from "./evaluate-tile.js";
import { interpreterReduction } from "./oracle.js";
import { randomSource } from "./random.js";
import { ways } from "./run.js";
import { prod } from "../../src/util/index.js";

/** Small whole numbers (exact in every type), some special values among floats when wanted. */
function values(dtype: DType, n: number, random: () => number, special = false): Element[] {
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  return Array.from({ length: n }, () => {
    if (special && isFloat(dtype) && random() < 0.05) return odd[Math.floor(random() * 3)];
    const x = Math.floor((random() - 0.5) * 5);
    return castScalar(dtype === "i64" || dtype === "u64" ? BigInt(Math.abs(x)) : x, dtype);
  });
}
const numbers = (xs: readonly (Element | bigint)[]): number[] => xs.map(Number);

function expectClose(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((x, i) => {
    const y = expected[i];
    const close = Object.is(x, y) || x === y || Math.abs(x - y) <= tolerance * (1 + Math.abs(y));
    if (!close) expect.fail(`element ${i}: ${x} instead of ${y}`);
  });
}

const OPS: readonly CumulativeOp[] = ["sum", "prod", "max", "min", "logsumexp"];
const SHAPES: readonly (readonly [readonly number[], number])[] = [
  [[7], 0],
  [[1, 5], 1],
  [[9, 6], 1],
  [[6, 5], 0],
  [[2, 5, 16], 1],
  [[3, 4, 21], 1],
  [[2, 3, 2, 2], 1],
  [[4, 1], 1],
  // in blocks, with a rest; rows beside each other
  [[2, 77], 1],
  [[5, 131], 0],
  [[3, 0], 1],
  [[0, 3], 1],
];

describe("lines long enough for parts", () => {
  const way = ways[ways.length - 1];
  test.each(OPS)("cumulative %s of one and of three lines, both ways", (op) => {
    const random = randomSource(OPS.indexOf(op) + 17);
    for (const [shape, axis] of [
      [[32768], 0],
      [[3, 40000 + 77], 1],
    ] as const) {
      for (const reverse of [false, true]) {
        const data = values("f32", prod(shape), random).map((x) => (op === "prod" ? (Number(x) < 0 ? -1 : 1) : x));
        const [out] = way.run(cumulative({ op, dtype: "f32", shape, axis, reverse }), [data]);
        const prim = op === "logsumexp" ? "cumlogsumexp" : (`cum${op}` as const);
        // the rounding of thousands of steps, one after the other, is not what is wanted
        const dtype = op === "logsumexp" ? "f64" : "f32";
        const expected = interpreterReduction(prim, [{ shape, dtype, data }], { axis, reverse });
        expectClose(numbers(out), numbers(expected), op === "logsumexp" ? 4e-5 : 0);
      }
    }
  });
  test("what is not finite reaches everything after it, across parts", () => {
    for (const op of ["sum", "logsumexp", "max"] as const) {
      for (const odd of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const shape = [33000];
        const data: Element[] = Array.from({ length: 33000 }, (_, i) => (i === 15000 || i === 5 ? odd : 0.5));
        const [out] = way.run(cumulative({ op, dtype: "f32", shape, axis: 0, reverse: false }), [data]);
        const prim = op === "logsumexp" ? "cumlogsumexp" : (`cum${op}` as const);
        const expected = interpreterReduction(prim, [{ shape, dtype: "f32", data }], { axis: 0, reverse: false });
        expectClose(numbers(out), numbers(expected), 1e-5);
      }
    }
  });
});

describe.each(ways)("$name", ({ run }) => {
  test.each(OPS)("cumulative %s along every axis, both ways", (op) => {
    const random = randomSource(OPS.indexOf(op));
    for (const [shape, axis] of SHAPES) {
      for (const reverse of [false, true]) {
        for (const special of [false, true]) {
          const data = values("f32", prod(shape), random, special);
          const [out] = run(cumulative({ op, dtype: "f32", shape, axis, reverse }), [data]);
          const prim = op === "logsumexp" ? "cumlogsumexp" : (`cum${op}` as const);
          const expected = interpreterReduction(prim, [{ shape, dtype: "f32", data }], { axis, reverse });
          expectClose(numbers(out), numbers(expected), op === "logsumexp" ? 1e-6 : 0);
        }
      }
    }
  });

  const OTHERS: readonly DType[] = ["i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "f16", "bf16", "f64"];
  test.each(OTHERS)("cumulative sum and maximum of %s", (dtype) => {
    const random = randomSource(OTHERS.indexOf(dtype));
    for (const shape of [
      [5, 9],
      [9, 18],
      [3, 147],
    ]) {
      for (const axis of [0, 1]) {
        const data = values(dtype, prod(shape), random);
        for (const op of ["sum", "max"] as const) {
          const [out] = run(cumulative({ op, dtype, shape, axis, reverse: false }), [data]);
          const expected = interpreterReduction(`cum${op}`, [{ shape, dtype, data }], { axis, reverse: false });
          expect(numbers(out)).toEqual(numbers(expected));
        }
      }
    }
  });

  test("half types accumulate in f32", () => {
    const data = Array(600).fill(1);
    const program = cumulative({ op: "sum", dtype: "bf16", shape: [600], axis: 0, reverse: false });
    // additions rounded to bf16 would stay at 256
    expect(run(program, [data])[0][599]).toBe(600);
  });

  interface Case {
    readonly shape: readonly number[];
    readonly windowDims: readonly number[];
    readonly strides: readonly number[];
    readonly padding: readonly (readonly [number, number])[];
  }
  const none = [0, 0] as const;
  const CASES: readonly Case[] = [
    { shape: [9], windowDims: [3], strides: [1], padding: [none] },
    { shape: [9], windowDims: [3], strides: [4], padding: [[1, 2]] },
    { shape: [2, 4, 6, 3], windowDims: [1, 2, 2, 1], strides: [1, 2, 2, 1], padding: [none, none, none, none] },
    { shape: [2, 2, 5, 5], windowDims: [1, 1, 3, 2], strides: [1, 1, 2, 1], padding: [none, none, [1, 1], [0, 1]] },
    { shape: [6, 2], windowDims: [2, 1], strides: [1, 1], padding: [[3, 3], none] },
    // windows apart from each other, features side by side
    { shape: [2, 4, 6, 21], windowDims: [1, 2, 2, 1], strides: [1, 2, 2, 1], padding: [none, none, none, none] },
    { shape: [7, 11, 6], windowDims: [3, 2, 1], strides: [3, 4, 1], padding: [none, none, none] },
    { shape: [6, 2, 5], windowDims: [4, 2, 1], strides: [4, 2, 1], padding: [none, none, none] },
    { shape: [3, 4], windowDims: [1, 1], strides: [2, 1], padding: [none, none] },
    { shape: [8, 9], windowDims: [6, 7], strides: [1, 2], padding: [none, [-1, 2]] },
    // features side by side
    { shape: [2, 7, 8, 11], windowDims: [1, 3, 3, 1], strides: [1, 2, 2, 1], padding: [none, [1, 1], [2, 1], none] },
    { shape: [6, 5, 8], windowDims: [2, 3, 1], strides: [1, 1, 1], padding: [none, [-1, 2], none] },
    { shape: [9, 4], windowDims: [4, 1], strides: [2, 1], padding: [[3, 6], none] },
  ];
  const DTYPES: readonly DType[] = ["f32", "f64", "f16", "i32"];
  test.each(DTYPES)("select_and_scatter_add of %s", (dtype) => {
    const random = randomSource(3);
    for (const c of CASES) {
      for (const select of ["ge", "le"] as const) {
        const source = c.shape.map((d, i) => {
          const padded = d + c.padding[i][0] + c.padding[i][1];
          return Math.floor((padded - c.windowDims[i]) / c.strides[i]) + 1;
        });
        const { shape, ...params } = c;
        const s = values(dtype, prod(source), random);
        const x = values(dtype, prod(shape), random, true);
        const [out] = run(selectAndScatterAdd({ ...params, select }, source, shape, dtype, dtype), [s, x]);
        const expected = interpreterReduction(
          "select_and_scatter_add",
          [
            { shape: source, dtype, data: s },
            { shape, dtype, data: x },
          ],
          { ...params, select },
        );
        expect(numbers(out)).toEqual(numbers(expected));
      }
    }
  });
});
