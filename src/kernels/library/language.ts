/** The language as the library uses it: blocks typed as numbers. */
import * as np from "../../numpy/index.js";
import * as lang from "../../dsl/kernel/index.js";
import { bind } from "../../tracer/frame.js";
import type { Num } from "../../tracer/num.js";
import type { DType } from "../../ir/dtype.js";
import type { Tensor } from "../../tracer/tensor.js";
import * as lax from "../../lax/index.js";
export { range } from "../../dsl/range.js";
export type Block = Num;
export type constexpr<T = number> = T;
export interface Ref {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly size: number;
  readonly rank: number;
}
/** Whatever types the language has for them. */
type Untyped = (...args: unknown[]) => unknown;
type Axis = number | null | { axis?: number | readonly number[] | null; keepDims?: boolean };
const T = (x: unknown) => x as Tensor;
const B = (x: unknown) => x as Block;
const over = (a: Axis | undefined) =>
  (a === null || a === undefined
    ? {}
    : typeof a === "number"
      ? { axis: a }
      : { axis: a.axis ?? null, keepdims: a.keepDims ?? false }) as { axis?: number };
export const load = (r: Ref, at: readonly (Block | null)[], o?: { mask?: boolean; other?: Block }): Block =>
  B((lang.load as Untyped)(r, at, o as never));
export const store = (r: Ref, at: readonly (Block | null)[], v: Block | boolean, o?: { mask?: boolean }): void =>
  void (lang.store as Untyped)(r, at, v, o);
export const programId = (a = 0): Block => B((lang.programId as Untyped)(a));
export const arange = (n: number): Block => B((lang.arange as Untyped)(n));
export const cast = (x: Block | boolean, d: DType): Block => B(np.asarray(T(x)).astype(d));
export const floorDiv = (x: Block, y: Block): Block => B(np.floorDivide(T(x), T(y)));
export const sum = (x: Block, a?: Axis): Block => B(np.sum(T(x), over(a)));
export const max = (x: Block, a?: Axis): Block => B(np.max(T(x), over(a)));
export const exp = (x: Block): Block => B(np.exp(T(x)));
export const log = (x: Block): Block => B(np.log(T(x)));
export const sqrt = (x: Block): Block => B(np.sqrt(T(x)));
export const rsqrt = (x: Block): Block => B(bind("rsqrt", [T(x)], {})[0]);
export const minimum = (a: Block, b: Block): Block => B(np.minimum(T(a), T(b)));
export const maximum = (a: Block, b: Block): Block => B(np.maximum(T(a), T(b)));
export const where = (c: boolean, a: Block, b: Block): Block => B(np.where(T(c), T(a), T(b)));
export const expandDims = <X extends Block | boolean>(x: X, a: number | readonly number[]): X =>
  np.expandDims(T(x), a as number) as never;
export const reshape = (x: Block, s: readonly number[]): Block => B(np.reshape(T(x), s));
export const trans = (x: Block): Block => B(np.transpose(T(x)));
export const full = (s: readonly number[], v: number, d: DType = "f32"): Block => B(np.full(s, v, { dtype: d }));
export const zeros = (s: readonly number[], d: DType = "f32"): Block => B(np.zeros(s, { dtype: d }));
export const flip = (x: Block, axis: number): Block => B(np.flip(T(x), axis));
export const cat = (xs: readonly Block[], axis = 0): Block => B(np.concatenate(xs.map(T), axis));
export const cumsum = (x: Block, o = 0, r: { reverse?: boolean } = {}): Block =>
  B(lax.cumsum(T(x), o, r.reverse ?? false));
export const topK = (x: Block, k: number): [Block, Block] => lax.topK(T(x), k) as never;
export const dot = (a: Block, b: Block, o: { dtype?: DType; acc?: Block } = {}): Block => {
  const r = bind("dot_general", [T(a), T(b)], {
    lhsContract: [1],
    rhsContract: [0],
    lhsBatch: [],
    rhsBatch: [],
    preferred: o.dtype ?? null,
  })[0];
  return B(o.acc === undefined ? r : np.add(T(o.acc), r));
};
