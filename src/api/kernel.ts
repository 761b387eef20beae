/** `kernel`: functions over blocks, run once for each point of a grid. */
import { fail } from "../diagnostics/error.js";
import {
  type KernelOptions,
  LAUNCH_OPTIONS,
  makeLauncher,
  type OutSpec,
  resolveOptions,
  refuseArrays,
} from "../dsl/kernel/launcher.js";
import { gridOf, outsOf } from "../dsl/kernel/specs.js";
import { currentRunner, markKernel } from "../dsl/kernel/runner.js";
import { isTracing, scalar } from "../tracer/frame.js";
import { checkFunction, checkOptions, describeValue, isScalarLeaf, leafTensor } from "../tracer/leaf.js";
import type { AnyFunction } from "../tracer/staged.js";
import { staticKey } from "../tracer/static-key.js";
import { isTensor, type Tensor } from "../tracer/tensor.js";
import { identity, LruMap } from "../util/index.js";
import { jit } from "./jit.js";
import { JITTED, type JittedInternals } from "./jitted.js";
import type { Kernel, KernelBodyFunction, KernelDecorator, TypedKernelOptions } from "./kernel-types.js";
import { withSource } from "./runtime-source.js";

export type { KernelOptions, OutSpec } from "../dsl/kernel/launcher.js";
export type { Kernel, KernelDecorator, TypedKernelOptions } from "./kernel-types.js";

const KERNEL = Symbol.for("tilework.kernel");

/** What the package knows of a kernel. */
export interface KernelInternals {
  readonly fn: AnyFunction;
  readonly name: string;
  readonly options: KernelOptions;
  /** The call as a function of arrays alone, and these: what transforms and tools can trace. */
  closed(args: readonly unknown[]): { readonly f: (...args: unknown[]) => unknown; readonly args: readonly unknown[] };
}
export function kernelInternals(f: unknown): KernelInternals | undefined {
  return typeof f === "function" ? (f as { [KERNEL]?: KernelInternals })[KERNEL] : undefined;
}

/**
 * A function over blocks of arrays, run by many programs: one for each point of the grid. Its parameters are the arguments, then
 * one for each out, which the call makes, then constants, which calls give by name.
 *
 * @example
 * const double = kernel(
 *   function double(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>, BLOCK: constexpr) {
 *     const i = programId(0) * BLOCK + arange(BLOCK);
 *     const inside = i < x.shape[0];
 *     store(out, [i], load(x, [i], { mask: inside }) * 2, { mask: inside });
 *   },
 *   { out: (x) => x, grid: (x, { BLOCK }) => cdiv(x.shape[0], BLOCK) },
 * );
 * double(np.ones([1000]), { BLOCK: 128 });
 */
export function kernel<F extends KernelBodyFunction, const O extends OutSpec | readonly OutSpec[]>(
  fn: F,
  options: TypedKernelOptions<F, O>,
): Kernel<F, O>;
/** What it gives is said by each call: `f(x, { out: x, grid: 8 })`. */
export function kernel<F extends KernelBodyFunction>(fn: F): Kernel<F, OutSpec>;
/** A decorator of methods, and of functions with the build plugin. */
export function kernel<const O extends OutSpec | readonly OutSpec[]>(
  options: TypedKernelOptions<KernelBodyFunction, O>,
): KernelDecorator<O>;
export function kernel(given: unknown, options?: KernelOptions): unknown {
  return kernelOf(given, options, (fn, { constants }) => withSource(fn, "kernel", constants));
}

/**
 * `kernel` of a function whose source the build plugin has read: what it makes of the calls of `kernel`, so that a program without
 * others does not carry the parser.
 *
 * @internal
 */
export const capturedKernel = ((given: unknown, options?: KernelOptions): unknown =>
  kernelOf(given, options, (fn) => fn)) as typeof kernel;

function kernelOf(
  given: unknown,
  options: KernelOptions = {},
  read: (fn: AnyFunction, options: KernelOptions) => AnyFunction,
): unknown {
  if (isPlain(given)) {
    return (fn: AnyFunction, context?: ClassMethodDecoratorContext) => {
      const own = context && "kind" in context ? { name: String(context.name), ...given } : given;
      return kernelOf(fn, own as KernelOptions, read);
    };
  }
  checkFunction("kernel", given);
  if (!isPlain(options)) {
    fail("TW1007", `kernel: the options are ${describeValue(options)}`, {
      help: "@kernel takes options: @kernel({ out: (x) => x, grid: 1 }) method(x, out) { … }",
    });
  }
  if (kernelInternals(given)) return given;
  return makeKernel(read(given as AnyFunction, options), options, (given as AnyFunction).name);
}

type Run = (...args: Tensor[]) => unknown;

function makeKernel(fn: AnyFunction, options: KernelOptions, called: string): AnyFunction {
  checkOptions("kernel", options, OPTIONS);
  const { name, launch } = makeLauncher(fn, { name: called || "kernel", ...options });
  const compiled = new LruMap<string, Run>(64);

  /** Arguments as arrays, and the rest by name. */
  const take = (given: readonly unknown[]): { leaves: Tensor[]; meta: Readonly<Record<string, unknown>> } => {
    const last = given[given.length - 1];
    const hasMeta = isPlain(last);
    const args = hasMeta ? given.slice(0, -1) : given;
    return { leaves: args.map((x, i) => argumentOf(x, () => `${name}: argument ${i}`)), meta: hasMeta ? last : {} };
  };
  /** The kernel with these constants, compiled as jit compiles functions. */
  const runOf = (self: unknown, leaves: readonly Tensor[], given: Readonly<Record<string, unknown>>): Run => {
    refuseArrays(name, given);
    const meta = settled(name, leaves, given, options);
    const key = `${staticKey(meta, name)}${self === undefined ? "" : identity(self as object)}`;
    let run = compiled.get(key);
    if (!run) {
      run = jit((...xs: Tensor[]) => launch(xs, meta, self), { name, dynamic: false }) as Run;
      compiled.set(key, run);
    }
    return run;
  };
  const call = function (this: unknown, ...given: unknown[]): unknown {
    const { leaves, meta } = take(given);
    if (isTracing() || currentRunner()) return launch(leaves, meta, this);
    return runOf(this, leaves, meta)(...leaves);
  };
  Object.defineProperty(call, "name", { value: name, configurable: true });
  return Object.assign(markKernel(call), {
    entries: () => [...compiled.values()].flatMap((run) => (run as unknown as { entries(): unknown[] }).entries()),
    [KERNEL]: {
      fn,
      name,
      options,
      closed: (given) => {
        const { leaves, meta } = take(given);
        return { f: (...xs) => launch(xs as Tensor[], meta), args: leaves };
      },
    } satisfies KernelInternals,
    [JITTED]: {
      prepare: (given, exact) => {
        const { leaves, meta } = take(given);
        const inner = runOf(undefined, leaves, meta) as unknown as { [JITTED]: JittedInternals };
        return inner[JITTED].prepare(leaves, exact);
      },
    } satisfies JittedInternals,
  });
}

/** What a call says beside the constants, made plain data: it is part of the key of what is compiled. */
function settled(
  name: string,
  args: readonly Tensor[],
  meta: Readonly<Record<string, unknown>>,
  defaults: KernelOptions,
): Readonly<Record<string, unknown>> {
  if (!Object.keys(meta).some((k) => LAUNCH_OPTIONS.has(k))) return meta;
  const { options, constants } = resolveOptions(args, meta, defaults);
  const plain: Record<string, unknown> = { ...constants };
  if ("grid" in meta) plain.grid = gridOf(name, options.grid);
  if ("out" in meta) {
    const { avals, isList } = outsOf(name, options.out);
    const specs = avals.map(({ shape, dtype }) => ({ shape, dtype }));
    plain.out = isList ? specs : specs[0];
  }
  if ("init" in meta) plain.init = options.init;
  if ("alias" in meta) plain.alias = options.alias;
  return plain;
}

const OPTIONS = [...LAUNCH_OPTIONS, "name", "constants"];

function isPlain(x: unknown): x is Readonly<Record<string, unknown>> {
  if (typeof x !== "object" || x === null || isTensor(x)) return false;
  const proto: unknown = Object.getPrototypeOf(x);
  return proto === Object.prototype || proto === null;
}

/** Whole numbers are i32, others f32; both behave as JavaScript's numbers beside others. */
function argumentOf(x: unknown, what: () => string): Tensor {
  if (typeof x === "number") {
    if (Number.isSafeInteger(x) && Math.abs(x) >= 2 ** 31 && Math.fround(x) !== x) {
      fail("TW1003", `${what()} is ${x}, which neither an i32 nor an f32 holds`, {
        help: `give a number below 2^31 (as a seed: ${x % 2 ** 31}), or an array: np.array([${x}], { dtype: "f32" })`,
      });
    }
    const whole = Number.isInteger(x) && Math.abs(x) < 2 ** 31;
    return scalar(x, whole ? "i32" : "f32", true);
  }
  if (isTensor(x) || isScalarLeaf(x)) return leafTensor(x, what);
  return fail("TW1003", `${what()} is ${describeValue(x)}, not an array`, {
    help: Array.isArray(x)
      ? "make an array of the list: np.array(list)"
      : "arguments of kernels are arrays and numbers; constants are given by name in the last argument",
  });
}
