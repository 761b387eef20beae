/** `autotune` and `heuristics`: kernels whose constants are chosen by measuring, or by rules. */
import { fail } from "../../diagnostics/error.js";
import { isKernel, type KernelMark, markKernel } from "../../dsl/kernel/runner.js";
import { checkFunction } from "../../tracer/leaf.js";
import type { AnyFunction } from "../../tracer/staged.js";
import { isTensor } from "../../tracer/tensor.js";
import { SURROUNDINGS, type Surroundings, Tuner } from "./tuner.js";
import { tuningLines } from "./table.js";
import type { AutotuneOptions, KernelConfig, Tuning } from "./types.js";

export type { AutotuneOptions, KernelConfig, TuneProgress, Tuning, TuningRow } from "./types.js";

/** A kernel that chooses some of its constants itself. */
// biome-ignore lint/suspicious/noExplicitAny: the arguments of the kernel, without the constants that are chosen
export type TunedKernel<F extends AnyFunction> = ((...args: any[]) => ReturnType<F>) &
  KernelMark & {
    /** The configurations with their times for these arguments; measured now, if they have not been. */
    // biome-ignore lint/suspicious/noExplicitAny: the arguments of the kernel
    readonly tuning: (...args: any[]) => Tuning;
  };

const tuned = new WeakMap<object, (...args: unknown[]) => Tuning>();

/**
 * A kernel that chooses its constants by measuring: at the first call with arguments of certain shapes and dtypes each of `configs` is
 * run for a while, and the fastest is taken from then on, in later processes too (they are kept beside compiled modules, for the
 * kernel's source, the machine and this version). Inside of `jit` it measures on arrays of the same shapes. Kernels change
 * nothing but their results, so there is nothing to put back between two runs. A configuration that fails is left out.
 *
 * @example const matmul = autotune(kernel(body, { … }), { configs: [{ BM: 32, BN: 32 }, { BM: 64, BN: 64 }] });
 */
export function autotune<F extends AnyFunction>(kernel: F, options: AutotuneOptions): TunedKernel<F> {
  return tunedKernel(kernel, options, SURROUNDINGS);
}

/** @internal */
export function tunedKernel<F extends AnyFunction>(
  kernel: F,
  options: AutotuneOptions,
  around: Surroundings,
): TunedKernel<F> {
  checkKernel("autotune", kernel);
  const name = kernel.name || "kernel";
  const tuner = new Tuner(name, kernel, options, around);
  const names = new Set(options.configs.flatMap((c) => Object.keys(c)));
  const tuning = (...given: unknown[]): Tuning => {
    const { args, meta } = apart(given);
    for (const k of Object.keys(meta)) {
      if (names.has(k))
        fail("TW8030", `${name}: ${k} is chosen by autotune, and is also given in the call`, {
          help: `leave it out of the call, or call the kernel that was tuned: it takes ${k}`,
        });
    }
    return tuner.tuning(args, meta);
  };
  const run = (...given: unknown[]): unknown => {
    const chosen = tuning(...given).rows.find((r) => r.chosen)?.config ?? {};
    const { args, meta } = apart(given);
    return kernel(...args, { ...meta, ...chosen });
  };
  tuned.set(run, tuning);
  Object.defineProperty(run, "name", { value: name, configurable: true });
  return markKernel(Object.assign(run, { tuning })) as unknown as TunedKernel<F>;
}

function checkKernel(what: string, kernel: AnyFunction): void {
  checkFunction(what, kernel);
  if (isKernel(kernel)) return;
  fail("TW1007", `${what}: ${kernel.name || "the function"} is no kernel`, {
    help: `give what kernel(…) gives: ${what}(kernel(function f(x, out, BLOCK) { … }, { out, grid }), …)`,
  });
}

/** For `explain`: the table of a tuned kernel. */
export function tuningNotes(f: object, args: readonly unknown[]): string[] {
  const tuning = tuned.get(f);
  return tuning ? tuningLines(tuning(...args)) : [];
}

/** Each computes one constant from the arguments and the constants of the call: `(...args, meta) => value`. */
// biome-ignore lint/suspicious/noExplicitAny: the arguments of the kernel
export type Heuristics = Readonly<Record<string, (...args: any[]) => unknown>>;

/**
 * A kernel some of whose constants follow from its arguments; a constant that is given in the call is taken as it is.
 *
 * @example const softmax = heuristics(kernel(body, { … }), { BLOCK: (x) => 2 ** Math.ceil(Math.log2(x.shape[1])) });
 */
export function heuristics<F extends AnyFunction>(
  kernel: F,
  rules: Heuristics,
  // biome-ignore lint/suspicious/noExplicitAny: the arguments of the kernel, without the constants that are computed
): ((...args: any[]) => ReturnType<F>) & KernelMark {
  checkKernel("heuristics", kernel);
  const run = (...given: unknown[]): unknown => {
    const { args, meta } = apart(given);
    const found: Record<string, unknown> = { ...meta };
    for (const [name, rule] of Object.entries(rules)) if (!(name in meta)) found[name] = rule(...args, found);
    return kernel(...args, found);
  };
  Object.defineProperty(run, "name", { value: kernel.name || "kernel", configurable: true });
  return markKernel(run) as unknown as ((...args: unknown[]) => ReturnType<F>) & KernelMark;
}

/** The arguments of a call, and the constants in its last one. */
function apart(given: readonly unknown[]): { args: readonly unknown[]; meta: KernelConfig } {
  const last = given[given.length - 1];
  const isMeta =
    typeof last === "object" && last !== null && !isTensor(last) && Object.getPrototypeOf(last) === Object.prototype;
  return isMeta ? { args: given.slice(0, -1), meta: last as KernelConfig } : { args: given, meta: {} };
}
