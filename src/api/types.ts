import type { Tensor } from "../tracer/tensor.js";

/** What a transformed function accepts where the user's function takes `T`: numbers do for tensors, trees of them for trees. */
export type In<T> = T extends Tensor
  ? T | number
  : T extends string | number | boolean | bigint | symbol | null | undefined | ((...args: never[]) => unknown)
    ? T
    : T extends Map<infer K, infer V>
      ? Map<K, In<V>>
      : T extends object
        ? { [K in keyof T]: In<T[K]> }
        : T;
export type InArgs<A extends readonly unknown[]> = { [K in keyof A]: In<A[K]> };

/** What comes back: numbers that the function returned are arrays. */
export type Out<T> = T extends Tensor
  ? T
  : T extends number | boolean
    ? Tensor
    : T extends string | bigint | symbol | null | undefined | ((...args: never[]) => unknown)
      ? T
      : T extends Map<infer K, infer V>
        ? Map<K, Out<V>>
        : T extends object
          ? { [K in keyof T]: Out<T[K]> }
          : T;

/** Elements of `A` at the positions of `argnums`: one number gives that argument, a list gives a list. */
export type PickArgs<A extends readonly unknown[], N> = N extends number
  ? Out<A[N]>
  : N extends readonly number[]
    ? { -readonly [K in keyof N]: N[K] extends number ? Out<A[N[K]]> : never }
    : Out<A[0]>;

/**
 * What a batched function accepts and gives: the same trees of tensors, whose shapes have an axis more, somewhere. tsc does not
 * follow where, so any shape does; dtypes stay.
 */
export type Batched<T> =
  T extends Tensor<infer _, infer D>
    ? // biome-ignore lint/suspicious/noExplicitAny: any shape
      Tensor<any, D>
    : T extends string | bigint | symbol | null | undefined | ((...args: never[]) => unknown)
      ? T
      : T extends number | boolean
        ? Tensor | T
        : T extends Map<infer K, infer V>
          ? Map<K, Batched<V>>
          : T extends object
            ? { [K in keyof T]: Batched<T[K]> }
            : T;
export type BatchedArgs<A extends readonly unknown[]> = { [K in keyof A]: In<Batched<A[K]>> };

/** `T` with `X` in the place of every array. */
export type TreeOf<T, X> = T extends Tensor | number | boolean
  ? X
  : T extends string | bigint | symbol | null | undefined | ((...args: never[]) => unknown)
    ? T
    : T extends Map<infer K, infer V>
      ? Map<K, TreeOf<V, X>>
      : T extends object
        ? { [K in keyof T]: TreeOf<T[K], X> }
        : T;
/** For each array of the result `R`, the tree of the argument `P`. */
export type JacobianOf<R, P> = TreeOf<R, TreeOf<P, Tensor>>;
