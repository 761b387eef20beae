/** What tsc knows of a kernel: its arguments, its constants and what it gives. */
import type { DType } from "../ir/dtype.js";
import type { LaunchOptions, OutSpec } from "../dsl/kernel/launcher.js";
import type { KernelMark } from "../dsl/kernel/runner.js";
import type { IsConstant, IsOut, IsRef, TensorOfRef } from "../dsl/kernel/types.js";
import type { IsAny, Num } from "../tracer/num.js";
import type { Tensor } from "../tracer/tensor.js";

// biome-ignore lint/suspicious/noExplicitAny: any function may be tried as a kernel
export type KernelBodyFunction = (...args: any[]) => void;
type ParametersOf<F> = F extends (...args: infer P) => unknown ? P : never;

/** Constants by their own names: `{ BLOCK }: { BLOCK: constexpr }`. */
type IsNamed<T> =
  IsAny<T> extends true
    ? false
    : IsRef<T> extends true
      ? false
      : T extends number | boolean | string | bigint | Tensor | ((...args: never[]) => unknown) | readonly unknown[]
        ? false
        : T extends object
          ? true
          : false;
type IsTail<T> = IsConstant<T> extends true ? true : IsNamed<T>;

/** Without the constants at the end. */
type Values<P extends readonly unknown[]> = P extends readonly [...infer H, infer L]
  ? IsTail<L> extends true
    ? Values<H>
    : P
  : P;
/** Up to the first parameter of the type Out; never where there is none. */
type BeforeOut<P extends readonly unknown[], Seen extends readonly unknown[] = []> = P extends readonly [
  infer H,
  ...infer T,
]
  ? IsOut<H> extends true
    ? Seen
    : BeforeOut<T, [...Seen, H]>
  : never;
type DropLast<P extends readonly unknown[]> = P extends readonly [...infer H, unknown] ? H : P;
type DropAs<P extends readonly unknown[], O extends readonly unknown[]> = O extends readonly [unknown, ...infer R]
  ? DropAs<DropLast<P>, R>
  : P;
type IsTuple<O> = O extends readonly unknown[] ? (number extends O["length"] ? false : true) : false;

/** The arguments among the parameters: those before the outs, which `Out` marks, or of which `out` tells the number. */
type ArgumentsOf<P extends readonly unknown[], O> = AsList<FindArguments<P, O>>;
type AsList<T> = T extends readonly unknown[] ? T : unknown[];
type FindArguments<P extends readonly unknown[], O> = [BeforeOut<P>] extends [never]
  ? O extends readonly unknown[]
    ? IsTuple<O> extends true
      ? DropAs<P, O>
      : unknown[]
    : DropLast<P>
  : BeforeOut<P>;

type TensorArgument<T> =
  IsAny<T> extends true ? T : IsRef<T> extends true ? TensorOfRef<T> : T extends number ? number | Tensor : T;
type NumArgument<T> =
  IsAny<T> extends true
    ? T
    : IsRef<T> extends true
      ? TensorOfRef<T> extends Tensor<infer S, infer D>
        ? Num<S, D>
        : Num
      : T extends number
        ? number
        : T;
type TensorArguments<A extends readonly unknown[]> = AsList<{ [K in keyof A]: TensorArgument<A[K]> }>;
type NumArguments<A extends readonly unknown[]> = AsList<{ [K in keyof A]: NumArgument<A[K]> }>;
type HasRef<P extends readonly unknown[]> = true extends { [K in keyof P]: IsRef<P[K]> }[number] ? true : false;

/** What a kernel's constants are called with: names that tsc sees, or any. */
type NamedConstants<P extends readonly unknown[]> =
  Required<P> extends readonly [...unknown[], infer L]
    ? IsNamed<L> extends true
      ? L
      : { readonly [name: string]: unknown }
    : { readonly [name: string]: unknown };
type LastArgument<P extends readonly unknown[]> = NamedConstants<P> & LaunchOptions;
/** Whether a call may leave out the last argument. */
type HasNoConstants<P extends readonly unknown[]> = number extends P["length"]
  ? true
  : Values<Required<P>>["length"] extends P["length"]
    ? true
    : false;
type Tail<P extends readonly unknown[]> =
  HasNoConstants<P> extends true ? [options?: LastArgument<P>] : [options: LastArgument<P>];

// biome-ignore lint/suspicious/noExplicitAny: the compiler sees no sizes in { shape }
type AnyShape = any;
type OutTensor<O> = O extends Tensor
  ? O
  : O extends { readonly dtype: infer D extends DType }
    ? Tensor<AnyShape, D>
    : Tensor;
type OutNum<O> = OutTensor<O> extends Tensor<infer S, infer D> ? Num<S, D> : Num;
/** What a launch gives. */
type TensorResult<O> = O extends readonly unknown[] ? { -readonly [K in keyof O]: OutTensor<O[K]> } : OutTensor<O>;
type NumResult<O> = O extends readonly unknown[] ? { -readonly [K in keyof O]: OutNum<O[K]> } : OutNum<O>;

/** A kernel as callers see it: with numbers in staged code, with tensors elsewhere. */
export type Kernel<F, O> = KernelMark & Launched<F, O>;
type Launched<F, O> =
  HasRef<Required<ParametersOf<F>>> extends false
    ? // biome-ignore lint/suspicious/noExplicitAny: nothing is known of its parameters
      { (...args: any[]): TensorResult<O> }
    : {
        (
          ...args: [...NumArguments<ArgumentsOf<Values<Required<ParametersOf<F>>>, O>>, ...Tail<ParametersOf<F>>]
        ): NumResult<O>;
        (
          ...args: [...TensorArguments<ArgumentsOf<Values<Required<ParametersOf<F>>>, O>>, ...Tail<ParametersOf<F>>]
        ): TensorResult<O>;
      };

/** What `out` and `grid` are called with: the arguments and the constants. */
type HostArguments<F> =
  HasRef<Required<ParametersOf<F>>> extends false
    ? // biome-ignore lint/suspicious/noExplicitAny: nothing is known of its parameters
      any[]
    : [
        ...TensorArguments<ArgumentsOf<Values<Required<ParametersOf<F>>>, OutSpec>>,
        NamedConstants<ParametersOf<F>> extends { readonly [name: string]: unknown }
          ? // biome-ignore lint/suspicious/noExplicitAny: numbers, mostly
            Record<string, any>
          : NamedConstants<ParametersOf<F>>,
      ];

export interface TypedKernelOptions<F, O> {
  /** The outs: a tensor or { shape, dtype }, a list of such, or a function of the arguments and the constants that gives them. */
  readonly out: O | ((...args: HostArguments<F>) => O);
  /** The number of programs along each axis, or a function of the arguments and the constants that gives it; 1 by default. */
  readonly grid?: number | readonly number[] | ((...args: HostArguments<F>) => number | readonly number[]);
  /** What the outs hold before the first program: one number for all, or one for each. Without it they hold nothing. */
  readonly init?: number | readonly (number | null | undefined)[];
  /** For an out by its name the argument that it starts as. */
  readonly alias?: Readonly<Record<string, string>>;
  /** Values of names that the source uses, where the source is read at run time. */
  readonly constants?: Readonly<Record<string, unknown>>;
  /** Shown in messages and programs; the function's own name by default. */
  readonly name?: string;
}

/** What `kernel(options)` gives: a decorator, or what makes a kernel of a function. */
export interface KernelDecorator<O> {
  // biome-ignore lint/suspicious/noExplicitAny: the constraint of ClassMethodDecoratorContext
  <This, F extends (this: This, ...args: any) => any>(method: F, context: ClassMethodDecoratorContext<This, F>): F;
  <F extends KernelBodyFunction>(fn: F): Kernel<F, O>;
}
