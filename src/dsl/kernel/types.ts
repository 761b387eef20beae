/** Types of kernels: references and blocks, and what is known when a kernel is compiled. Blocks are numbers to tsc, so that operators type-check. */
import type { DType } from "../../ir/dtype.js";
import type { IsAny, Num } from "../../tracer/num.js";
import type { GradualShape, ShapeSpec, Tensor } from "../../tracer/tensor.js";

declare const REF: unique symbol;
declare const OUT: unique symbol;
declare const CONSTANT: unique symbol;

/** What marks a reference for tsc; nothing at run time. */
export interface RefBrand<D extends DType, S extends ShapeSpec> {
  readonly shape: GradualShape<S>;
  readonly dtype: D;
}

/**
 * An array as a kernel sees it: memory that `load` and `store` read and write by indices. Its sizes are JavaScript's numbers.
 *
 * @example function double(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>, BLOCK: constexpr) { … }
 */
// biome-ignore lint/suspicious/noExplicitAny: an unannotated reference is to an array of any shape and dtype
export interface Ref<D extends DType = any, S extends ShapeSpec = any> {
  readonly [REF]?: RefBrand<D, S>;
  /** Sizes of the axes. */
  readonly shape: { readonly [K in keyof S]: number };
  readonly dtype: D;
  /** Number of axes. */
  readonly rank: number;
  /** Number of elements. */
  readonly size: number;
}
/**
 * A reference to what the kernel gives. With `Ref` the last parameter before the constants is the only out; where there are more,
 * `Out` tells tsc which they are.
 */
// biome-ignore lint/suspicious/noExplicitAny: as Ref
export interface Out<D extends DType = any, S extends ShapeSpec = any> extends Ref<D, S> {
  readonly [OUT]?: true;
}

/** A block of values of one dtype: a number to tsc, so that `a * b + c`, `-a` and `a < b` type-check. */
// biome-ignore lint/suspicious/noExplicitAny: a block of any dtype
export type Block<D extends DType = any> = Num<any, D>;
/** A block of bools: what comparisons give. */
export type Mask = boolean;

/** A parameter whose value is known when the kernel is compiled; calls give it by name: `f(x, { BLOCK: 128 })`. */
export type constexpr<T = number> = T & { readonly [CONSTANT]?: true };

export type IsConstant<T> = IsAny<T> extends true ? false : typeof CONSTANT extends keyof T ? true : false;
export type IsRef<T> = IsAny<T> extends true ? false : typeof REF extends keyof T ? true : false;
export type IsOut<T> = IsAny<T> extends true ? false : typeof OUT extends keyof T ? true : false;
/** The array that a reference stands for. */
export type TensorOfRef<T> = T extends { readonly [REF]?: RefBrand<infer D, infer _S> }
  ? T extends Ref<D, infer S>
    ? Tensor<S, D>
    : Tensor
  : Tensor;

/** One index of an axis: a number, a block of integers, or null for the whole axis. */
export type IndexLike = Block | null;
/** One index for each axis; a number or a block alone for references of one axis. */
export type IndexOf<S extends ShapeSpec> =
  IsAny<S> extends true
    ? IndexLike | readonly IndexLike[]
    : { readonly [K in keyof S]: IndexLike } | (S["length"] extends 1 ? IndexLike : never);

export interface AxisOptions {
  /** The axis that is reduced; null, the default, is all of them. */
  readonly axis?: number | readonly number[] | null;
  /** The axis stays, with one element. */
  readonly keepDims?: boolean;
}
export type Axis = number | readonly number[] | null | AxisOptions;
