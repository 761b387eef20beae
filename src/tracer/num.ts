/** Arrays that type-check as numbers: what parameters of staged functions are, and the bridges to `Tensor` and back. */
import type { DType } from "../ir/dtype.js";
import { fail } from "../diagnostics/error.js";
import { describeValue, isScalarLeaf, leafTensor } from "./leaf.js";
import { type GradualShape, isTensor, type ShapeSpec, type Tensor } from "./tensor.js";

declare const NUM: unique symbol;
declare const STRUCTURE: unique symbol;

/** What a `Num` has beyond a number: nothing at run time, its shape and dtype for tsc. */
export interface NumBrand<S extends ShapeSpec, D extends DType> {
  readonly [NUM]?: NumType<S, D>;
}
/** Shape and dtype, compared as those of tensors are. */
export interface NumType<S extends ShapeSpec, D extends DType> {
  readonly shape: GradualShape<S>;
  readonly dtype: D;
  /** Inert: a mapped type over S makes tsc compare structures, not variances. */
  readonly [STRUCTURE]?: { [K in keyof S as never]: 0 };
}

/**
 * An array inside a staged function: `a * b + c`, `x < y`, `-x` and `x ** 2` type-check, because to tsc it is a number. Callers
 * outside see a `Tensor` of the same shape and dtype. Every number is a `Num` of some shape, so that what an operator gives
 * can be used wherever an array is wanted.
 *
 * @example const silu = jit((x: Num<["n"]>) => x / (1 + np.exp(-x)));
 */
// biome-ignore lint/suspicious/noExplicitAny: an unannotated Num has any shape and dtype
export type Num<S extends ShapeSpec = any, D extends DType = any> = number & NumBrand<S, D>;

export type IsAny<T> = 0 extends 1 & T ? true : false;
/** Whether a type of numbers is branded: a plain number is a static value, not an array. */
export type IsNum<T extends number> = typeof NUM extends keyof T ? true : false;

/** The tensor that a type of numbers stands for. */
export type TensorOf<T> = typeof NUM extends keyof T
  ? T extends { readonly [NUM]?: NumType<infer S, infer D> }
    ? Tensor<S, D>
    : Tensor
  : Tensor;

/** What functions of the library take: tensors, and numbers that stand for scalars or, in staged code, for arrays. */
export type TensorLike = Tensor | number | boolean | bigint;

/** No operand is a tensor: `Yes` in staged code, else `No`. */
type IfStaged<X, Yes, No> = [X] extends [number | boolean | null | undefined] ? (IsAny<X> extends true ? No : Yes) : No;
/** What a function gives for operands of type `X`: a number in staged code, where no operand is a tensor; else a tensor. */
export type Like<X> = IfStaged<X, Num, Tensor>;
/** As `Like`, for functions that say true or false of each element. */
export type MaskLike<X> = IfStaged<X, boolean, Tensor>;
/** As `Like`, of the operand's shape and dtype. */
export type Same<X> = IfStaged<X, SameNum<X>, X extends Tensor<infer S, infer D> ? Tensor<S, D> : Tensor>;
type SameNum<X> = TensorOf<X> extends Tensor<infer S, infer D> ? Num<S, D> : Num;
/** As `Like`, of the operand's shape, as a float. */
export type FloatLike<X> = IfStaged<
  X,
  SameNum<X> extends Num<infer S, infer D> ? Num<S, Inexact<D>> : Num,
  X extends Tensor<infer S, infer D> ? Tensor<S, Inexact<D>> : Tensor
>;
type Inexact<D extends DType> = IsAny<D> extends true ? D : D extends "f16" | "bf16" | "f32" | "f64" ? D : "f32";

/** A tree of weights, which may be numbers in staged code. */
export type Weights<P> = {
  [K in keyof P]: [P[K]] extends [Tensor | undefined] ? P[K] | Num : P[K] extends object ? Weights<P[K]> : P[K];
};

/** Functions of one and two operands by what they give. */
export type Unary = <X extends TensorLike>(x: X) => Same<X>;
export type FloatUnary = <X extends TensorLike>(x: X) => FloatLike<X>;
export type MaskUnary = <X extends TensorLike>(x: X) => MaskLike<X>;
export type Binary = <X extends TensorLike, Y extends TensorLike>(x: X, y: Y) => Like<X | Y>;
export type MaskBinary = <X extends TensorLike, Y extends TensorLike>(x: X, y: Y) => MaskLike<X | Y>;

/**
 * A tensor as a number, for operators in staged code: captured arrays, and the arrays that a method is given. The same
 * object at run time.
 *
 * @example
 * const scaled = jit((x: Num<[3]>) => x * num(weights));
 */
export function num<S extends ShapeSpec, D extends DType>(x: Tensor<S, D>): Num<S, D>;
export function num<T extends number>(x: T): T;
export function num(x: Tensor | number): unknown {
  if (isTensor(x) || typeof x === "number") return x;
  return fail("TW1003", `num takes an array, not ${describeValue(x)}`, {});
}

/**
 * A number of staged code as the tensor that it is, for methods and functions that take tensors. The same object at run time;
 * a plain number becomes a scalar.
 *
 * @example
 * const f = jit((x: Num<["n"]>) => model.forward(tensor(x * 2)));
 */
export function tensor<T extends Tensor>(x: T): T;
export function tensor<T extends number | boolean>(x: T): TensorOf<T>;
export function tensor(x: Tensor | number | boolean): Tensor {
  if (isTensor(x)) return x;
  if (isScalarLeaf(x)) return leafTensor(x, () => "tensor: the value");
  return fail("TW1003", `tensor takes a value of staged code, not ${describeValue(x)}`, {
    help: "np.array makes an array of data",
  });
}
