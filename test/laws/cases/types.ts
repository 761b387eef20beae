/** What a row of the op table is. The law suites (derivatives, vmap, backends, symbolic avals) run over these rows. */
import type { NDArray } from "../../../src/interpreter/array.js";
import type { DType } from "../../../src/ir/dtype.js";
import type { Params, Prim } from "../../../src/ir/ops/index.js";
import type { Rng } from "../random.js";

/** Makes one operand. */
export type Gen = (rng: Rng, dtype: DType, shape: readonly number[]) => NDArray;

export interface Operand {
  readonly shape: readonly number[];
  /** "T": the dtype that the case is run at. */
  readonly dtype: DType | "T";
  /** Values that exercise the op, special values (NaN, infinities, -0, limits) included where the op defines them. */
  readonly gen: Gen;
  /** Values at which the op is smooth, with room for a finite difference of 1e-4; for derivative laws. */
  readonly smooth: Gen;
}

export interface Bound {
  /** Allowed |actual - expected| ≤ abs + rel·|expected|. Both 0: bit-identical (but any NaN equals any NaN). */
  readonly rel: number;
  readonly abs: number;
}
/** Bounds between two correct implementations (interpreter in f64 and a backend in the dtype), one for each float dtype. */
export type Tolerance = Readonly<Record<"f16" | "bf16" | "f32" | "f64", Bound>>;

export interface OpCase<P extends Prim = Prim> {
  /** Unique among the cases of the primitive. */
  readonly name: string;
  readonly prim: P;
  readonly params: (dtype: DType) => Params<P>;
  readonly operands: readonly Operand[];
  /** The dtypes that "T" runs over. */
  readonly dtypes: readonly DType[];
  /** Which operands derivatives are taken in (when T is a float type); empty for ops without derivatives. */
  readonly differentiable: readonly number[];
  /** Outputs that derivative laws leave out, with the reason (for instance an index). */
  readonly skipOutputs?: readonly number[];
  /** Integer and bool results are always compared exactly. */
  readonly tolerance: Tolerance;
  /** Finite differences of f64 are compared to this relative bound (1e-6 when left out). */
  readonly fdTolerance?: number;
  /** Outputs are only determined up to this: columns of matrices up to sign. */
  readonly upTo?: "column signs";
  /** Which differentiation modes exist: while has only "forward", custom_vjp_call only "reverse". Left out: both. */
  readonly modes?: "forward" | "reverse";
  /** The operand that stands at each position of the equation, when some stand at several; left out: one each, in order. */
  readonly wires?: readonly number[];
  /** For collectives: the named axis that they need. */
  readonly axis?: { readonly name: string; readonly size: number };
  /** Why vmap of this case cannot equal stacked runs (effects for instance); left out: it must. */
  readonly noVmap?: string;
}
/** A case of any primitive, discriminated by `prim`. */
export type AnyCase = { [P in Prim]: OpCase<P> }[Prim];
