/** Short ways to write rows of the op table. */
import { DTYPES, type DType, isFloat, isInt } from "../../../src/ir/dtype.js";
import type { Params, Prim } from "../../../src/ir/ops/index.js";
import { normal } from "../gens.js";
import type { AnyCase, Bound, Gen, OpCase, Operand, Tolerance } from "./types.js";

export const FLOATS: readonly DType[] = ["f64", "f32", "f16", "bf16"];
export const WIDE_FLOATS: readonly DType[] = ["f64", "f32"];
export const INTS: readonly DType[] = DTYPES.filter(isInt);
export const NUMBERS: readonly DType[] = [...FLOATS, ...INTS];
export const BITS: readonly DType[] = ["bool", ...INTS];
export const ORDERED: readonly DType[] = [...NUMBERS, "bool"];
export const ALL: readonly DType[] = DTYPES;

/** Distance from 1 to the next number. */
export const EPSILON = { f64: 2 ** -52, f32: 2 ** -23, f16: 2 ** -10, bf16: 2 ** -7 } as const;

/** `n` units in the last place, and the same absolutely for results that come from cancelling values up to `scale`. */
export function ulps(n: number, scale = 0): Tolerance {
  const bound = (e: number): Bound => ({ rel: n * e, abs: n * e * scale });
  return { f64: bound(EPSILON.f64), f32: bound(EPSILON.f32), f16: bound(EPSILON.f16), bf16: bound(EPSILON.bf16) };
}
/** The op moves or selects values, or IEEE rounds it correctly: bit-identical. */
export const EXACT: Tolerance = ulps(0);

/** An operand of the case's dtype. `smooth` is `gen` when left out. */
export function operand(shape: readonly number[], gen: Gen = normal, smooth: Gen = gen): Operand {
  return { shape, dtype: "T", gen, smooth };
}
/** An operand whose dtype does not vary. */
export function fixed(shape: readonly number[], dtype: DType, gen: Gen, smooth: Gen = gen): Operand {
  return { shape, dtype, gen, smooth };
}

type Optional = "params" | "dtypes" | "differentiable" | "tolerance";
type Row<P extends Prim> = Omit<OpCase<P>, "prim" | Optional> & {
  readonly params?: Params<P> | ((dtype: DType) => Params<P>);
  readonly dtypes?: readonly DType[];
  readonly differentiable?: readonly number[];
  readonly tolerance?: Tolerance;
};

/** A row: parameters default to none, dtypes to all numbers, derivatives to none, tolerance to exact. */
export function row<P extends Prim>(prim: P, r: Row<P>): AnyCase {
  const { params } = r;
  const made: OpCase<P> = {
    ...r,
    prim,
    // no op has parameters that are a function
    params: typeof params === "function" ? (params as (d: DType) => Params<P>) : () => (params ?? {}) as Params<P>,
    dtypes: r.dtypes ?? NUMBERS,
    differentiable: r.differentiable ?? [],
    tolerance: r.tolerance ?? EXACT,
  };
  return made as unknown as AnyCase;
}

export const onlyFloats = (dtypes: readonly DType[]): readonly DType[] => dtypes.filter(isFloat);
