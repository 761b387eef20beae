/** Another way to run a kernel than to trace and compile it: the debugger's. */
import type { Aval } from "../../ir/aval.js";
import type { AnyFunction } from "../../tracer/staged.js";
import type { Tensor } from "../../tracer/tensor.js";

/** One call of a kernel. */
export interface LaunchRequest {
  readonly name: string;
  readonly fn: AnyFunction;
  readonly self: unknown;
  /** Names of the function's parameters: arguments, outs, constants. */
  readonly parameters: readonly string[];
  readonly args: readonly Tensor[];
  readonly outs: readonly Aval[];
  /** What each out starts from; undefined: nothing is known of it. */
  readonly inits: readonly (Tensor | undefined)[];
  readonly meta: readonly unknown[];
  readonly grid: readonly number[];
}

/** Runs all programs, and gives the outs. */
export type Runner = (request: LaunchRequest) => Tensor[];

let runner: Runner | undefined;

/** What runs kernels instead of the compiler, if anything does. */
export function currentRunner(): Runner | undefined {
  return runner;
}

/** Calls of kernels in `f` are run by `run`. */
export function withRunner<R>(run: Runner | undefined, f: () => R): R {
  const outer = runner;
  runner = run;
  try {
    return f();
  } finally {
    runner = outer;
  }
}

declare const KERNEL: unique symbol;
/** What tells kernels from other functions, for tsc. */
export interface KernelMark {
  readonly [KERNEL]: true;
}

const kernels = new WeakSet<object>();
export function markKernel<F extends object>(f: F): F {
  kernels.add(f);
  return f;
}
export function isKernel(f: unknown): boolean {
  return typeof f === "function" && kernels.has(f);
}
