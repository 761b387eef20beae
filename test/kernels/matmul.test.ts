/** Contractions against the interpreter, over layouts, sizes and types; every plan gives the same numbers. */
import { describe, expect, test } from "vitest";
import { castScalar, type DType } from "../../src/ir/dtype.js";
import type { DotParams } from "../../src/ir/ops/index.js";
import { candidates } from "../../src/kernels/contract/plan.js";
import { type Machine, PLAIN_MACHINE } from "../../src/lowering/target.js";
import type { Element } from "./evaluate-tile.js";
import { matmul, planFor } from "./matmul.js";
import { interpreterContraction } from "./oracle.js";
import { randomSource } from "./random.js";
import { ways } from "./run.js";
import { prod } from "../../src/util/index.js";

/** Small whole numbers: every order of summation gives the same result, in every type. */
function values(dtype: DType, n: number, random: () => number): Element[] {
  return Array.from({ length: n }, () => {
    const x = Math.floor((random() - 0.5) * 7);
    return castScalar(dtype === "i64" || dtype === "u64" ? BigInt(Math.abs(x)) : x, dtype);
  });
}
interface Problem {
  readonly lhs: readonly number[];
  readonly rhs: readonly number[];
  readonly params: Omit<DotParams, "preferred">;
}
/** batch b, rows m, columns n, depth k; T: the contracted axis comes first on the left, last on the right. */
function problem(layout: string, m: number, n: number, k: number, b?: number): Problem {
  const batch = b === undefined ? [] : [b];
  const o = batch.length;
  const [lt, rt] = [layout[0] === "T", layout[1] === "T"];
  return {
    lhs: [...batch, ...(lt ? [k, m] : [m, k])],
    rhs: [...batch, ...(rt ? [n, k] : [k, n])],
    params: {
      lhsContract: [lt ? o : o + 1],
      rhsContract: [rt ? o + 1 : o],
      lhsBatch: b === undefined ? [] : [0],
      rhsBatch: b === undefined ? [] : [0],
    },
  };
}

const MACHINES: Readonly<Record<string, Machine>> = {
  plain: PLAIN_MACHINE,
  wide: { simd: true, relaxedMadd: true, wide: true, gpu: null },
};
const LAYOUTS = ["NN", "NT", "TN", "TT"];
const SIZES: readonly (readonly [number, number, number])[] = [
  [1, 1, 1],
  [1, 1, 9],
  [1, 17, 5],
  [17, 1, 5],
  [5, 1, 16],
  [2, 3, 4],
  [3, 2, 1],
  [6, 7, 8],
  [4, 8, 16],
  [9, 9, 9],
  [5, 20, 3],
  [20, 5, 7],
  [13, 33, 6],
  [33, 13, 11],
  [3, 40, 40],
  [40, 3, 40],
  [2, 2, 0],
  [0, 3, 2],
  [3, 0, 2],
];

describe.each(ways)("$name", ({ run }) => {
  const check = (p: Problem, dtype: DType, outDtype: DType, seed: number, machine: Machine = PLAIN_MACHINE): void => {
    const random = randomSource(seed);
    const lhs = values(dtype, prod(p.lhs), random);
    const rhs = values(dtype, prod(p.rhs), random);
    const params = { ...p.params, preferred: dtype === outDtype ? null : outDtype };
    const spec = { params, lhsShape: p.lhs, rhsShape: p.rhs, dtype, outDtype };
    const program = matmul(spec, planFor(machine));
    const [out] = run(program, [lhs, rhs]);
    const expected = interpreterContraction(
      "dot_general",
      [
        { shape: p.lhs, dtype, data: lhs },
        { shape: p.rhs, dtype, data: rhs },
      ],
      params,
    );
    expect(out.map(Number), `${JSON.stringify(p)} ${program.notes}`).toEqual(expected.map(Number));
  };

  test.each(LAYOUTS)("every size of %s", (layout) => {
    for (const [m, n, k] of SIZES) {
      check(problem(layout, m, n, k), "f32", "f32", m + n + k);
      check(problem(layout, m, n, k, 3), "f32", "f32", m + n + k);
    }
  });

  const TYPES: readonly (readonly [DType, DType])[] = [
    ["f64", "f64"],
    ["f16", "f16"],
    ["bf16", "bf16"],
    ["f16", "f32"],
    ["i8", "i32"],
    ["u8", "u8"],
    ["i16", "i16"],
    ["i32", "i32"],
    ["u32", "u32"],
    ["i64", "i64"],
    ["u8", "i64"],
    ["f32", "f64"],
  ];
  test.each(TYPES)("%s with a result of %s", (dtype, outDtype) => {
    for (const layout of LAYOUTS) {
      check(problem(layout, 7, 9, 5), dtype, outDtype, 1);
      check(problem(layout, 1, 11, 21), dtype, outDtype, 2);
      for (const machine of Object.values(MACHINES)) check(problem(layout, 18, 20, 33), dtype, outDtype, 3, machine);
    }
  });

  test.each(Object.entries(MACHINES))("every plan for a machine that is %s gives the same numbers", (_, machine) => {
    const random = randomSource(11);
    for (const layout of LAYOUTS) {
      const p = problem(layout, 7, 18, 10, 2);
      const [lhs, rhs] = [p.lhs, p.rhs].map((s) => values("f32", prod(s), random));
      const params = { ...p.params, preferred: null };
      const spec = { params, lhsShape: p.lhs, rhsShape: p.rhs, dtype: "f32", outDtype: "f32" } as const;
      const [expected] = run(matmul(spec), [lhs, rhs]);
      let count = 0;
      matmul(spec, (c) => {
        count = candidates(c, machine).length;
        return candidates(c, machine)[0];
      });
      expect(count).toBeGreaterThan(20);
      for (let i = 0; i < count; i++) {
        const program = matmul(spec, (c) => candidates(c, machine)[i]);
        expect(run(program, [lhs, rhs])[0], `${layout} ${program.notes}`).toEqual(expected);
      }
    }
  });

  test("several axes of every kind, in any order", () => {
    const dot = (lhs: number[], rhs: number[], lc: number[], rc: number[], lb: number[], rb: number[]): void =>
      check({ lhs, rhs, params: { lhsContract: lc, rhsContract: rc, lhsBatch: lb, rhsBatch: rb } }, "f32", "f32", 7);
    // attention: [batch, time, heads, depth] with [batch, time, heads, depth], over depth, heads as batch
    dot([2, 5, 3, 8], [2, 6, 3, 8], [3], [3], [0, 2], [0, 2]);
    // its second product: scores [batch, heads, t, s] with values [batch, s, heads, depth]
    dot([2, 3, 5, 6], [2, 6, 3, 8], [3], [1], [0, 1], [0, 2]);
    // two contracted axes that do not nest, two free ones on each side
    dot([4, 3, 5, 2], [3, 6, 4, 7], [0, 1], [2, 0], [], []);
    dot([4, 3, 5, 2], [2, 7, 4, 3], [3, 0, 1], [0, 2, 3], [], []);
    dot([3, 4], [5, 6], [], [], [], []);
    dot([3, 4], [3, 4], [], [], [0, 1], [0, 1]);
    dot([4, 3], [3, 4], [], [], [1, 0], [0, 1]);
  });
});
