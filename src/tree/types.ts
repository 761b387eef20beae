/** The types of leaves and of trees with other leaves. */

/**
 * A class whose instances are leaves says so by `declare readonly [LEAF]?: Widest`, where `Widest` is the type under which
 * callbacks see its leaves: in a tree of differently shaped tensors a callback is given the general tensor, not a union.
 */
export const LEAF: unique symbol = Symbol("tilework.leaf");

type Primitive = string | number | bigint | boolean | symbol;
type Opaque = Primitive | ((...args: never[]) => unknown) | ArrayBufferView | Date | RegExp | Promise<unknown>;
/** What looks like an array without having the mark. */
type ArrayLike = { readonly dtype: unknown; readonly shape: unknown };
type IsAny<T> = 0 extends 1 & T ? true : false;

/**
 * Whether an object has methods (or functions in its fields), as an instance of a model does and a tree of arrays does not. A
 * decorator cannot mark a type, so this is how models are known. Their numbers, strings and functions are no leaves.
 */
export type HasMethods<T extends object> = true extends {
  [K in keyof T]-?: T[K] extends (...args: never[]) => unknown ? true : false;
}[keyof T]
  ? true
  : false;

/** The type of a tree's leaves. */
export type Leaf<T> =
  IsAny<T> extends true
    ? T
    : unknown extends T
      ? T
      : T extends null | undefined
        ? never
        : T extends { readonly [LEAF]?: infer W }
          ? typeof LEAF extends keyof T
            ? NonNullable<W>
            : LeafOfOther<T>
          : LeafOfOther<T>;

type LeafOfOther<T> = T extends Opaque | ArrayLike
  ? T
  : T extends ReadonlyMap<unknown, infer V>
    ? Leaf<V>
    : T extends readonly (infer U)[]
      ? Leaf<U>
      : T extends object
        ? HasMethods<T> extends true
          ? LeafOfModel<T>
          : { [K in keyof T]-?: Leaf<T[K]> }[keyof T]
        : T;

type LeafOfModel<T> = T extends Opaque | null | undefined
  ? never
  : typeof LEAF extends keyof T
    ? Leaf<T>
    : T extends ArrayLike
      ? T
      : T extends ReadonlyMap<unknown, infer V>
        ? LeafOfModel<V>
        : T extends readonly (infer U)[]
          ? LeafOfModel<U>
          : { [K in keyof T]-?: LeafOfModel<T[K]> }[keyof T];

/** A tree with leaves of type T: lists and plain objects, nested in any way. */
export type Tree<T> = T | readonly Tree<T>[] | { readonly [key: string]: Tree<T> };

/** A tree of the same structure as T with leaves of type R; a model with other arrays has its own type. */
export type Mapped<T, R> =
  IsAny<T> extends true
    ? T
    : unknown extends T
      ? unknown
      : T extends null | undefined
        ? T
        : typeof LEAF extends keyof T
          ? R
          : T extends Opaque | ArrayLike
            ? R
            : T extends ReadonlyMap<infer K, infer V>
              ? Map<K, Mapped<V, R>>
              : T extends readonly unknown[]
                ? { [K in keyof T]: Mapped<T[K], R> }
                : T extends object
                  ? HasMethods<T> extends true
                    ? [R] extends [ArrayLike]
                      ? T
                      : MappedModel<T, R>
                    : { [K in keyof T]: Mapped<T[K], R> }
                  : R;

type MappedModel<T, R> = T extends Opaque | null | undefined
  ? T
  : typeof LEAF extends keyof T
    ? R
    : T extends ArrayLike
      ? R
      : T extends ReadonlyMap<infer K, infer V>
        ? Map<K, MappedModel<V, R>>
        : { [K in keyof T]: MappedModel<T[K], R> };
