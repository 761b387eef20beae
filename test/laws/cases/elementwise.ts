/** Rows of the elementwise family. */
import { DTYPES } from "../../../src/ir/dtype.js";
import type { DType } from "../../../src/ir/dtype.js";
import type { ElementwiseOps, None } from "../../../src/ir/ops/index.js";
import {
  anything,
  awayFromMultiples,
  awayFromZero,
  bools,
  each,
  finite,
  ints,
  keys,
  mixed,
  normal,
  uniform,
  withEdges,
} from "../gens.js";
import { ALL, BITS, EXACT, FLOATS, fixed, INTS, NUMBERS, ORDERED, operand, row, ulps } from "./make.js";
import type { AnyCase, Gen, Tolerance } from "./types.js";

/** Odd sizes (vector tails), size 0, size 1, rank 0 and rank 4. */
const SHAPES: readonly (readonly number[])[] = [[], [7], [0], [1, 3], [3, 0, 2], [2, 3, 1, 5], [133]];
const title = (shape: readonly number[]): string => `[${shape.join(",")}]`;

type PlainOp = {
  [K in keyof ElementwiseOps]: None extends ElementwiseOps[K] ? K : never;
}[keyof ElementwiseOps];

interface Spec {
  readonly gens: readonly Gen[];
  readonly smooth?: readonly Gen[];
  readonly dtypes: readonly DType[];
  readonly differentiable?: readonly number[];
  readonly tolerance?: Tolerance;
  readonly shapes?: readonly (readonly number[])[];
  readonly fdTolerance?: number;
}

function rows(prim: PlainOp, s: Spec): AnyCase[] {
  return (s.shapes ?? SHAPES).map((shape) =>
    row(prim, {
      name: title(shape),
      operands: s.gens.map((g, i) => operand(shape, g, s.smooth?.[i] ?? g)),
      dtypes: s.dtypes,
      differentiable: s.differentiable ?? [],
      tolerance: s.tolerance ?? EXACT,
      ...(s.fdTolerance ? { fdTolerance: s.fdTolerance } : {}),
    }),
  );
}

/**
 * Functions of one real number: domain for values, domain for derivatives, and the ulps within which an implementation
 * in the dtype must agree with the f64 result rounded to it. 4 ulp is OpenCL's bound for most of them (OpenCL C
 * specification, table "ULP values for single precision built-in math functions"); special functions are given more.
 */
const REAL: readonly (readonly [PlainOp, Gen, Gen, number, number?])[] = [
  ["exp", uniform(-8, 8), uniform(-3, 3), 4],
  ["exp2", uniform(-10, 10), uniform(-3, 3), 4],
  ["expm1", uniform(-4, 4), uniform(-2, 2), 4],
  ["log", uniform(-0.5, 20), uniform(0.2, 10), 4],
  ["log1p", uniform(-1.2, 9), uniform(-0.8, 4), 4],
  ["sqrt", uniform(-1, 30), uniform(0.2, 10), 1],
  ["rsqrt", uniform(-1, 30), uniform(0.2, 10), 4],
  ["cbrt", uniform(-30, 30), awayFromZero(0.2, 10), 4],
  ["logistic", uniform(-20, 20), uniform(-4, 4), 6],
  ["sin", uniform(-30, 30), uniform(-3, 3), 4, 1],
  ["cos", uniform(-30, 30), uniform(-3, 3), 4, 1],
  ["tan", uniform(-1.5, 1.5), uniform(-1.2, 1.2), 6],
  ["asin", uniform(-1.1, 1.1), uniform(-0.9, 0.9), 4],
  ["acos", uniform(-1.1, 1.1), uniform(-0.9, 0.9), 4, 1],
  ["atan", uniform(-20, 20), uniform(-3, 3), 4],
  ["sinh", uniform(-8, 8), uniform(-3, 3), 6],
  ["cosh", uniform(-8, 8), uniform(-3, 3), 4],
  ["tanh", uniform(-6, 6), uniform(-2, 2), 5],
  ["asinh", uniform(-20, 20), uniform(-3, 3), 4],
  ["acosh", uniform(0.8, 20), uniform(1.2, 5), 4],
  ["atanh", uniform(-1.1, 1.1), uniform(-0.9, 0.9), 5],
  ["erf", uniform(-4, 4), uniform(-2, 2), 8],
  ["erfc", uniform(-4, 6), uniform(-2, 2), 16],
  ["erf_inv", uniform(-1.02, 1.02), uniform(-0.9, 0.9), 16],
  ["lgamma", uniform(-3, 20), uniform(0.3, 8), 16, 1],
  ["digamma", uniform(-3, 20), uniform(0.3, 8), 16, 1],
  ["bessel_i0e", uniform(-30, 30), uniform(-8, 8), 8],
  ["bessel_i1e", uniform(-30, 30), uniform(-8, 8), 8],
];

const real = REAL.flatMap(([prim, values, smooth, n, scale = 0]) =>
  rows(prim, {
    gens: [withEdges(values)],
    smooth: [smooth],
    dtypes: FLOATS,
    differentiable: [0],
    tolerance: ulps(n, scale),
  }),
);

/** Few shapes for the slow ones. */
const FEW: readonly (readonly number[])[] = [[], [7], [0], [2, 3, 1, 5]];

/**
 * Special functions of several numbers. Their results pass through logarithms and exponentials of size about 30, and f32
 * implementations through series that stop at f32's epsilon: 64 ulp, and absolutely 64 ulp of 1 for probabilities.
 */
const special = [
  ...rows("igamma", {
    gens: [uniform(0.1, 8), mixed(uniform(0, 12), [0])],
    smooth: [uniform(0.5, 5), uniform(0.3, 6)],
    dtypes: FLOATS,
    differentiable: [0, 1],
    tolerance: ulps(64, 1),
    shapes: FEW,
  }),
  ...rows("igammac", {
    gens: [uniform(0.1, 8), mixed(uniform(0, 12), [0])],
    smooth: [uniform(0.5, 5), uniform(0.3, 6)],
    dtypes: FLOATS,
    differentiable: [0, 1],
    tolerance: ulps(64, 1),
    shapes: FEW,
  }),
  ...rows("igamma_grad_a", {
    gens: [uniform(0.3, 8), mixed(uniform(0.05, 12), [0])],
    smooth: [uniform(0.5, 5), uniform(0.3, 6)],
    dtypes: FLOATS,
    differentiable: [1],
    tolerance: ulps(128, 1),
    shapes: FEW,
  }),
  ...rows("random_gamma_grad", {
    gens: [uniform(0.3, 8), uniform(0.05, 12)],
    dtypes: FLOATS,
    tolerance: ulps(256, 1),
    shapes: FEW,
  }),
  ...rows("polygamma", {
    gens: [ints(0, 4), uniform(0.3, 12)],
    smooth: [ints(0, 3), uniform(0.5, 6)],
    dtypes: FLOATS,
    differentiable: [1],
    tolerance: ulps(64, 1),
    shapes: FEW,
  }),
  ...rows("zeta", {
    gens: [uniform(1.1, 8), uniform(0.2, 12)],
    smooth: [uniform(1.5, 6), uniform(0.5, 6)],
    dtypes: FLOATS,
    differentiable: [1],
    tolerance: ulps(64),
    shapes: FEW,
  }),
  ...rows("regularized_incomplete_beta", {
    gens: [uniform(0.2, 8), uniform(0.2, 8), mixed(uniform(0, 1), [0, 1])],
    smooth: [uniform(0.6, 5), uniform(0.6, 5), uniform(0.1, 0.9)],
    dtypes: FLOATS,
    differentiable: [2],
    tolerance: ulps(64, 1),
    shapes: FEW,
  }),
];

const FINITE = finite;
/** Away from kinks at integers and zero. */
const OFF_GRID = awayFromMultiples(1, 0.1, 6);

const unary = [
  ...rows("neg", { gens: [anything], smooth: [normal], dtypes: NUMBERS, differentiable: [0] }),
  ...rows("abs", { gens: [anything], smooth: [OFF_GRID], dtypes: NUMBERS, differentiable: [0] }),
  ...rows("sign", { gens: [anything], smooth: [OFF_GRID], dtypes: NUMBERS, differentiable: [0] }),
  ...rows("floor", { gens: [anything], smooth: [OFF_GRID], dtypes: FLOATS, differentiable: [0] }),
  ...rows("ceil", { gens: [anything], smooth: [OFF_GRID], dtypes: FLOATS, differentiable: [0] }),
  ...rows("not", { gens: [anything], dtypes: BITS }),
  ...rows("population_count", { gens: [anything], dtypes: INTS }),
  ...rows("clz", { gens: [anything], dtypes: INTS }),
  ...rows("is_finite", { gens: [anything], dtypes: FLOATS }),
  ...rows("stop_gradient", { gens: [anything], smooth: [normal], dtypes: ALL }),
  ...SHAPES.flatMap((shape) =>
    (["even", "away"] as const).map((method) =>
      row("round", {
        name: `${method} ${title(shape)}`,
        params: { method },
        // halves, where the two methods differ
        operands: [
          operand(shape, mixed(anything, [0.5, 1.5, 2.5, -0.5, -1.5, 3.4999], 0.5), awayFromMultiples(0.5, 0.1, 6)),
        ],
        dtypes: FLOATS,
        differentiable: [0],
      }),
    ),
  ),
  ...[0, 1, 2, 3, 7, -1, -3].map((y) =>
    row("integer_pow", {
      name: `y=${y}`,
      params: { y },
      operands: [operand([7, 3], withEdges(normal), awayFromZero(0.3, 2))],
      dtypes: y < 0 ? FLOATS : NUMBERS,
      differentiable: [0],
      // each multiplication (at most 4, and a division) rounds once and errors add up multiplied by the remaining power
      tolerance: ulps(8),
    }),
  ),
  ...(
    [
      [5, 10],
      [8, 7],
      [4, 3],
      [8, 23],
      [11, 52],
      [2, 0],
    ] as const
  ).map(([exponentBits, mantissaBits]) =>
    row("reduce_precision", {
      name: `e${exponentBits}m${mantissaBits}`,
      params: { exponentBits, mantissaBits },
      operands: [operand([31], anything, normal)],
      dtypes: FLOATS,
    }),
  ),
];

/** Never within 0.4 of each other. */
const EVEN: Gen = each((rng) => 2 * rng.int(-1, 1) + rng.uniform(-0.3, 0.3));
const ODD: Gen = each((rng) => 2 * rng.int(-1, 0) + 1 + rng.uniform(-0.3, 0.3));
const NONZERO = awayFromZero(0.3, 3);
const SHIFTS: Gen = each((rng, d) =>
  rng.chance(0.2) ? (d.startsWith("u") ? 100 : rng.pick([-1, 100])) : rng.int(0, 33),
);

const binary = [
  ...rows("add", { gens: [anything, anything], smooth: [normal, normal], dtypes: NUMBERS, differentiable: [0, 1] }),
  ...rows("sub", { gens: [anything, anything], smooth: [normal, normal], dtypes: NUMBERS, differentiable: [0, 1] }),
  ...rows("mul", { gens: [anything, anything], smooth: [normal, normal], dtypes: NUMBERS, differentiable: [0, 1] }),
  ...rows("div", { gens: [anything, anything], smooth: [normal, NONZERO], dtypes: NUMBERS, differentiable: [0, 1] }),
  ...rows("rem", {
    gens: [mixed(normal, [7.5, -7.5, 100]), mixed(normal, [0, 2, -2])],
    // quotients stay away from integers
    smooth: [uniform(2.2, 2.8), each((rng) => rng.pick([1, -1]) * rng.uniform(0.97, 1.03))],
    dtypes: NUMBERS,
    differentiable: [0, 1],
    // fmod is exact in every format
    tolerance: EXACT,
  }),
  ...rows("pow", {
    gens: [withEdges(mixed(uniform(0, 4), [1, -1, -2, -0.5])), withEdges(mixed(uniform(-4, 4), [0, 1, 2, 3, -1, 0.5]))],
    smooth: [uniform(0.3, 3), uniform(-2, 2)],
    dtypes: FLOATS,
    differentiable: [0, 1],
    tolerance: ulps(16),
  }),
  ...rows("max", { gens: [anything, anything], smooth: [EVEN, ODD], dtypes: ORDERED, differentiable: [0, 1] }),
  ...rows("min", { gens: [anything, anything], smooth: [EVEN, ODD], dtypes: ORDERED, differentiable: [0, 1] }),
  ...rows("atan2", {
    gens: [withEdges(normal), withEdges(normal)],
    smooth: [NONZERO, NONZERO],
    dtypes: FLOATS,
    differentiable: [0, 1],
    tolerance: ulps(6),
  }),
  ...rows("nextafter", { gens: [anything, anything], dtypes: FLOATS }),
  ...rows("and", { gens: [anything, anything], dtypes: BITS }),
  ...rows("or", { gens: [anything, anything], dtypes: BITS }),
  ...rows("xor", { gens: [anything, anything], dtypes: BITS }),
  ...rows("shift_left", { gens: [anything, SHIFTS], dtypes: INTS }),
  ...rows("shift_right_logical", { gens: [anything, SHIFTS], dtypes: INTS }),
  ...rows("shift_right_arithmetic", { gens: [anything, SHIFTS], dtypes: INTS }),
  ...(["eq", "ne"] as const).flatMap((p) =>
    rows(p, {
      gens: [mixed(FINITE, [0, -0, Number.NaN, 1]), mixed(FINITE, [0, -0, Number.NaN, 1], 0.4)],
      dtypes: ORDERED,
    }),
  ),
  ...(["eq", "ne"] as const).map((p) =>
    row(p, { name: "keys", operands: [operand([5], keys), operand([5], keys)], dtypes: ["key"] }),
  ),
  ...(["lt", "le", "gt", "ge"] as const).flatMap((p) =>
    rows(p, { gens: [mixed(anything, [0, -0, 1]), mixed(anything, [0, -0, 1])], dtypes: ORDERED }),
  ),
];

const ternary = [
  ...SHAPES.map((shape) =>
    row("select", {
      name: title(shape),
      operands: [fixed(shape, "bool", bools), operand(shape, anything, normal), operand(shape, anything, normal)],
      dtypes: ALL,
      differentiable: [1, 2],
    }),
  ),
  ...rows("clamp", {
    gens: [uniform(-1, 0), anything, uniform(0, 2)],
    smooth: [uniform(-1.2, -0.8), mixed(uniform(-0.5, 0.5), [-3, 3], 0.4), uniform(0.8, 1.2)],
    dtypes: ORDERED,
    differentiable: [0, 1, 2],
  }),
];

const conversions = [
  // every pair of dtypes
  ...DTYPES.filter((d) => d !== "key").map((to) =>
    row("convert_element_type", {
      name: `to ${to}`,
      params: { dtype: to },
      operands: [operand([61], mixed(anything, [0.5, -1.5, 300, -300, 70000, 3e9, -3e9, 1e19, 1e-8]), normal)],
      dtypes: ORDERED,
      differentiable: to === "f64" ? [0] : [],
    }),
  ),
  row("convert_element_type", {
    name: "scalar and rank 3",
    params: { dtype: "f32" },
    operands: [operand([2, 0, 3], anything)],
    dtypes: ORDERED,
  }),
  ...(
    [
      ["f32", ["i32", "u32", "f32"]],
      ["i32", ["i32", "u32", "f32"]],
      ["u16", ["f16", "bf16", "i16"]],
      ["f64", ["i64", "u64", "f64"]],
      ["u64", ["f64", "i64"]],
      ["i8", ["u8", "i8"]],
    ] as const
  ).map(([to, from]) =>
    row("bitcast_convert_type", {
      name: `same width to ${to}`,
      params: { dtype: to },
      operands: [operand([3, 5], withoutNaN(anything))],
      dtypes: from,
    }),
  ),
  row("bitcast_convert_type", {
    name: "narrower",
    params: { dtype: "u8" },
    operands: [operand([3, 2], withoutNaN(anything))],
    dtypes: ["i16", "f32", "i64", "f64", "bf16"],
  }),
  row("bitcast_convert_type", {
    name: "narrower to u32",
    params: { dtype: "u32" },
    operands: [operand([5], withoutNaN(anything))],
    dtypes: ["i64", "f64", "u64"],
  }),
  row("bitcast_convert_type", {
    name: "wider",
    params: { dtype: "i64" },
    operands: [operand([3, 2], anything)],
    dtypes: ["i32", "u32"],
  }),
  row("bitcast_convert_type", {
    name: "wider from bytes",
    params: { dtype: "u32" },
    operands: [operand([3, 4], anything)],
    dtypes: ["u8", "i8"],
  }),
];

/** A NaN's payload is not part of the IR's meaning. */
function withoutNaN(g: Gen): Gen {
  return (rng, dtype, shape) => {
    const x = g(rng, dtype, shape);
    for (let i = 0; i < x.data.length; i++) if (Number.isNaN(x.data[i])) x.data[i] = 2.5 as never;
    return x;
  };
}

export const elementwise: readonly AnyCase[] = [...real, ...special, ...unary, ...binary, ...ternary, ...conversions];
