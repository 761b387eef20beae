/**
 * Types of what a transform returns. It has two call signatures where the function is a staged one (has a `Num` among its
 * parameters): as written first, for calls from staged code, and with tensors last, for everybody else. The order is part of
 * the design: TypeScript 7 explains a failed call by the last signature, and `ReturnType` takes it, too.
 */
import type { HasMethods } from "../tree/types.js";
import type { IsAny, IsNum, TensorOf } from "./num.js";
import type { Tensor } from "./tensor.js";

export type Opaque = string | symbol | bigint | null | undefined | ((...args: never[]) => unknown);

/** What a transformed function accepts where the user's function takes `T`: numbers do for tensors, trees of them for trees. */
export type In<T> =
  IsAny<T> extends true
    ? T
    : T extends Tensor
      ? T | number
      : T extends number
        ? IsNum<T> extends true
          ? TensorOf<T> | number
          : T
        : T extends boolean | Opaque
          ? T
          : T extends Map<infer K, infer V>
            ? Map<K, In<V>>
            : T extends readonly unknown[]
              ? { [K in keyof T]: In<T[K]> }
              : T extends object
                ? HasMethods<T> extends true
                  ? T
                  : { [K in keyof T]: In<T[K]> }
                : T;
export type InArgs<A extends readonly unknown[]> = { [K in keyof A]: In<A[K]> };

/**
 * Arguments in staged code: as written, and any number for a `Num`. (An overload is first looked for among those whose
 * parameters are supertypes, and without `number` that would be the array signature.)
 */
export type Staged<T> =
  IsAny<T> extends true
    ? T
    : T extends number
      ? IsNum<T> extends true
        ? T | number
        : T
      : T extends Tensor | boolean | Opaque
        ? T
        : T extends Map<infer K, infer V>
          ? Map<K, Staged<V>>
          : T extends readonly unknown[]
            ? { [K in keyof T]: Staged<T[K]> }
            : T extends object
              ? HasMethods<T> extends true
                ? T
                : { [K in keyof T]: Staged<T[K]> }
              : T;
export type StagedArgs<A extends readonly unknown[]> = { [K in keyof A]: Staged<A[K]> };

/** What comes back: numbers that the function returned are arrays. */
export type Out<T> =
  IsAny<T> extends true
    ? T
    : T extends Tensor
      ? T
      : T extends number
        ? TensorOf<T>
        : T extends boolean
          ? Tensor
          : T extends Opaque
            ? T
            : T extends Map<infer K, infer V>
              ? Map<K, Out<V>>
              : T extends readonly unknown[]
                ? { [K in keyof T]: Out<T[K]> }
                : T extends object
                  ? HasMethods<T> extends true
                    ? T
                    : { [K in keyof T]: Out<T[K]> }
                  : T;

/** True when there is a `Num` in a tree of values, false when not, boolean when in one case of a union. */
type FindNum<T, Depth extends readonly 0[]> =
  IsAny<T> extends true
    ? false
    : T extends number
      ? IsNum<T>
      : T extends Tensor | boolean | Opaque
        ? false
        : Depth["length"] extends 8
          ? false
          : T extends ReadonlyMap<unknown, infer V>
            ? FindNum<V, [...Depth, 0]>
            : T extends readonly (infer U)[]
              ? FindNum<U, [...Depth, 0]>
              : T extends object
                ? { [K in keyof T]-?: FindNum<T[K], [...Depth, 0]> }[keyof T]
                : false;
/** Whether a function of these parameters is staged code. */
export type HasNum<A extends readonly unknown[]> = true extends FindNum<A[number], []> ? true : false;

// biome-ignore lint/suspicious/noExplicitAny: functions of every kind; an unannotated parameter is any
export type UserFunction = (...args: any[]) => unknown;

/** What a traced function returns, when it is an object, has no `then`. */
export interface Synchronous {
  readonly then?: "TW1005: tracing is synchronous: pass a plain function, and await outside of it";
}
/**
 * Refuses async functions where they are given. A generic function is held against both branches, so that a result of type
 * `P extends object` passes.
 */
export type Sync<F> = F extends (...args: never) => PromiseLike<unknown> ? (...args: never) => Synchronous : unknown;

declare const WRITTEN: unique symbol;
/** What other transforms read: the signature with the types that the user wrote. */
export interface Written<A extends readonly unknown[], R> {
  readonly [WRITTEN]?: (...args: A) => R;
}
/** A transformed function of tensors. */
export interface ArrayFunction<A extends readonly unknown[], R> extends Written<A, R> {
  (...args: InArgs<A>): Out<R>;
}
/** A transformed staged function: as written in staged code, with tensors outside. */
export interface StagedFunction<A extends readonly unknown[], R> extends Written<A, R> {
  (...args: StagedArgs<A>): R;
  (...args: InArgs<A>): Out<R>;
}
/** What a transform makes of a function of type `(...args: A) => R`. */
export type Transformed<A extends readonly unknown[], R> =
  HasNum<A> extends true ? StagedFunction<A, R> : ArrayFunction<A, R>;

/** Parameters as the user wrote them, also of a function that went through a transform already. */
export type ArgsOf<F> = [F] extends [never]
  ? // biome-ignore lint/suspicious/noExplicitAny: nothing is known
    any[]
  : F extends Written<infer A, unknown>
    ? typeof WRITTEN extends keyof F
      ? A
      : PlainArgs<F>
    : PlainArgs<F>;
type PlainArgs<F> = F extends (...args: infer A) => unknown ? A : never;
/** The result as the user wrote it. */
export type ResultOf<F> = [F] extends [never]
  ? // biome-ignore lint/suspicious/noExplicitAny: nothing is known
    any
  : F extends Written<never, infer R>
    ? typeof WRITTEN extends keyof F
      ? R
      : PlainResult<F>
    : PlainResult<F>;
type PlainResult<F> = F extends (...args: never) => infer R ? R : never;

/** A method keeps its type under a decorator, so that callers would see a number where they have a tensor. */
export type NoNum<F> =
  HasNum<PlainArgs<F>> extends true
    ? {
        readonly TW1007: "a decorated method is seen by callers as written: declare Tensor parameters and use num(x) inside";
      }
    : unknown;
