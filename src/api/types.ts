/** Types of what each transform gives, in terms of the function that it was given. */
import type { Num } from "../tracer/num.js";
import type {
  ArgsOf,
  HasNum,
  In,
  InArgs,
  Opaque,
  Out,
  ResultOf,
  StagedArgs,
  Transformed,
  Written,
} from "../tracer/signatures.js";
import type { HasMethods, Mapped } from "../tree/types.js";
import type { Tensor } from "../tracer/tensor.js";

/** Elements of `A` at the positions of `argnums`: one number gives that argument, a list gives a list. */
export type PickArgs<A extends readonly unknown[], N> = N extends number
  ? A[N]
  : N extends readonly number[]
    ? { -readonly [K in keyof N]: N[K] extends number ? A[N[K]] : never }
    : A[0];

/** `grad(f)`: the gradient with the type of the argument, with `hasAux` also the second part of the result. */
export type Gradient<F, N> = Transformed<ArgsOf<F>, PickArgs<ArgsOf<F>, N>>;
export type GradientWithAux<F, N> = Transformed<ArgsOf<F>, [PickArgs<ArgsOf<F>, N>, Part<ResultOf<F>, 1>]>;
/** `valueAndGrad(f)`. */
export type ValueAndGradient<F, N> = Transformed<ArgsOf<F>, [ResultOf<F>, PickArgs<ArgsOf<F>, N>]>;
export type ValueAndGradientWithAux<F, N> = Transformed<
  ArgsOf<F>,
  [[Part<ResultOf<F>, 0>, Part<ResultOf<F>, 1>], PickArgs<ArgsOf<F>, N>]
>;
export type Part<R, I extends 0 | 1> = R extends readonly [infer V, infer Aux] ? [V, Aux][I] : never;

/** The result as staged code sees it: as written where the function is staged, else of tensors. */
export type StagedResult<F, R> = HasNum<ArgsOf<F>> extends true ? R : Out<R>;

/** The arguments in the same sense. */
export type ArgsInPlace<F> = HasNum<ArgsOf<F>> extends true ? StagedArgs<ArgsOf<F>> : InArgs<ArgsOf<F>>;

/**
 * What a batched function accepts and gives: the same trees of arrays, whose shapes have an axis more, somewhere. tsc does not
 * follow where, so any shape does; dtypes stay.
 */
export type Batched<T> =
  T extends Tensor<infer _, infer D>
    ? // biome-ignore lint/suspicious/noExplicitAny: any shape
      Tensor<any, D>
    : T extends Opaque
      ? T
      : T extends number | boolean
        ? Tensor | T
        : T extends Map<infer K, infer V>
          ? Map<K, Batched<V>>
          : T extends readonly unknown[]
            ? { [K in keyof T]: Batched<T[K]> }
            : T extends object
              ? HasMethods<T> extends true
                ? T
                : { [K in keyof T]: Batched<T[K]> }
              : T;
export type BatchedArgs<A extends readonly unknown[]> = { [K in keyof A]: In<Batched<A[K]>> };

/** As `Batched` in staged code, where numbers stay numbers. */
export type StagedBatched<T> =
  T extends Tensor<infer _, infer D>
    ? // biome-ignore lint/suspicious/noExplicitAny: any shape
      Tensor<any, D>
    : T extends number
      ? Num
      : T extends boolean | Opaque
        ? T
        : T extends Map<infer K, infer V>
          ? Map<K, StagedBatched<V>>
          : T extends readonly unknown[]
            ? { [K in keyof T]: StagedBatched<T[K]> }
            : T extends object
              ? HasMethods<T> extends true
                ? T
                : { [K in keyof T]: StagedBatched<T[K]> }
              : T;
export type StagedBatchedArgs<A extends readonly unknown[]> = { [K in keyof A]: StagedBatched<A[K]> };

/** `vmap(f)` of a function of tensors. */
export interface BatchedFunction<A extends readonly unknown[], R> extends Written<BatchedArgs<A>, Batched<Out<R>>> {
  (...args: BatchedArgs<A>): Batched<Out<R>>;
}
/** `vmap(f)` of a staged function: with numbers in staged code, with tensors outside. */
export interface StagedBatchedFunction<A extends readonly unknown[], R>
  extends Written<StagedBatchedArgs<A>, StagedBatched<R>> {
  (...args: StagedArgs<StagedBatchedArgs<A>>): StagedBatched<R>;
  (...args: BatchedArgs<A>): Batched<Out<R>>;
}
export type Vmapped<F> =
  HasNum<ArgsOf<F>> extends true
    ? StagedBatchedFunction<ArgsOf<F>, ResultOf<F>>
    : BatchedFunction<ArgsOf<F>, ResultOf<F>>;

/** `T` with `X` in the place of every array. */
export type TreeOf<T, X> = T extends Tensor | number | boolean
  ? X
  : T extends Opaque
    ? T
    : T extends Map<infer K, infer V>
      ? Map<K, TreeOf<V, X>>
      : T extends readonly unknown[]
        ? { [K in keyof T]: TreeOf<T[K], X> }
        : T extends object
          ? HasMethods<T> extends true
            ? Mapped<T, X>
            : { [K in keyof T]: TreeOf<T[K], X> }
          : T;
/** `T` with an array of any shape in the place of every array. */
export type AnyShape<T> = T extends Tensor
  ? Tensor
  : T extends number | boolean
    ? Num
    : T extends Opaque
      ? T
      : T extends Map<infer K, infer V>
        ? Map<K, AnyShape<V>>
        : T extends readonly unknown[]
          ? { [K in keyof T]: AnyShape<T[K]> }
          : T extends object
            ? HasMethods<T> extends true
              ? T
              : { [K in keyof T]: AnyShape<T[K]> }
            : T;
/** For each array of the result `R`, the tree of the argument `P`. */
export type JacobianOf<R, P> = TreeOf<R, AnyShape<P>>;
export type Jacobian<F, N extends number> = Transformed<ArgsOf<F>, JacobianOf<ResultOf<F>, ArgsOf<F>[N]>>;
export type Hessian<F, N extends number> = Transformed<
  ArgsOf<F>,
  JacobianOf<JacobianOf<ResultOf<F>, ArgsOf<F>[N]>, ArgsOf<F>[N]>
>;
