/** The choice of one tuned kernel: for each key the configuration that was fastest, measured once and kept. */
import { fail, isTileworkError } from "../../diagnostics/error.js";
import { captureOf } from "../../dsl/capture.js";
import { currentRunner, type LaunchRequest, withRunner } from "../../dsl/kernel/runner.js";
import { keepFact, keptFact } from "../../jit/facts.js";
import { printAval } from "../../ir/aval.js";
import { outsideFrames } from "../../tracer/frame.js";
import type { AnyFunction } from "../../tracer/staged.js";
import { staticKey } from "../../tracer/static-key.js";
import { isTensor } from "../../tracer/tensor.js";
import * as tree from "../../tree/index.js";
import { machineKey } from "./machine.js";
import { fastest, type Measured, measure } from "./measure.js";
import { ProgressBar, terminal } from "./progress.js";
import { standIn } from "./stand-ins.js";
import { configText } from "./table.js";
import type { AutotuneOptions, KernelConfig, Tuning } from "./types.js";

/** What a tuner takes from outside: the clock, and where choices are kept. */
export interface Surroundings {
  readonly now: () => number;
  readonly load: (key: string) => unknown;
  readonly keep: (key: string, value: unknown) => void;
}
export const SURROUNDINGS: Surroundings = { now: () => performance.now(), load: keptFact, keep: keepFact };

/** What is kept for a key: for each configuration its milliseconds, or why it does not work. */
type Kept = readonly (number | string)[];

export class Tuner {
  readonly #tunings = new Map<string, Tuning>();
  #source: string | undefined;
  constructor(
    readonly name: string,
    readonly kernel: AnyFunction,
    readonly options: AutotuneOptions,
    readonly around: Surroundings,
  ) {}

  /** What was found for these arguments, measured now if it has not been. */
  tuning(args: readonly unknown[], meta: KernelConfig): Tuning {
    const { configs, prune } = this.options;
    const left = prune ? prune(configs, [...args], meta) : configs;
    if (left.length === 0) {
      fail("TW8031", `${this.name}: no configuration is left to choose from`, {
        help: prune ? "let prune keep one at least" : "give one at least: configs: [{ BLOCK: 64 }]",
      });
    }
    if (left.length === 1) return { rows: [{ config: left[0], chosen: true }], kept: false };
    const key = this.#key(args, meta, left);
    let tuning = this.#tunings.get(key);
    if (tuning) return tuning;
    // the debugger asks what a kernel does, not how fast
    if (currentRunner()) return { rows: left.map((config, i) => ({ config, chosen: i === 0 })), kept: false };
    tuning = this.#kept(args, meta, key, left) ?? this.#measure(args, meta, key, left);
    this.#tunings.set(key, tuning);
    return tuning;
  }

  #key(args: readonly unknown[], meta: KernelConfig, configs: readonly KernelConfig[]): string {
    const { key } = this.options;
    const own = key
      ? staticKey(key(...args, meta), `${this.name}: the key`)
      : `${typesOf(args)} ${staticKey(meta, this.name)}`;
    return `${own} ${staticKey(configs, this.name)}`;
  }

  /** The key for other processes, which know the kernel by its source. */
  #lasting(args: readonly unknown[], meta: KernelConfig, key: string, config: KernelConfig): string | undefined {
    // functions and the like count by identity, which other processes do not share
    if (key.includes("@")) return undefined;
    this.#source ??= outsideFrames(() => sourceOf(this.kernel, args.map(standIn), { ...meta, ...config }));
    return JSON.stringify([this.name, this.#source, key, machineKey()]);
  }

  #kept(
    args: readonly unknown[],
    meta: KernelConfig,
    key: string,
    configs: readonly KernelConfig[],
  ): Tuning | undefined {
    const lasting = this.#lasting(args, meta, key, configs[0]);
    const kept = lasting === undefined ? undefined : this.around.load(lasting);
    if (!isKept(kept, configs.length)) return undefined;
    const found = kept.map((x): Measured => (typeof x === "number" ? { ms: x } : { error: x }));
    return fastest(found) === undefined ? undefined : tuningOf(configs, found, true);
  }

  #measure(args: readonly unknown[], meta: KernelConfig, key: string, configs: readonly KernelConfig[]): Tuning {
    const { budget = Math.min(2000, 60 * configs.length), warmup = 10 } = this.options;
    const { now } = this.around;
    const progress = this.#progress(configs.length);
    const measured = outsideFrames(() => {
      const values = args.map(standIn);
      const candidates = configs.map((config) => ({
        run: () => {
          for (const x of tree.leaves(this.kernel(...values, { ...meta, ...config }))) if (isTensor(x)) x.dispose();
        },
      }));
      return measure(candidates, { budget, warmup, now, started: progress.started });
    });
    progress.end();
    const tuning = tuningOf(configs, measured, false);
    if (fastest(measured) === undefined) this.#allFailed(configs, measured);
    const lasting = this.#lasting(args, meta, key, configs[0]);
    const kept: Kept = tuning.rows.map((r) => r.ms ?? r.error ?? "");
    if (lasting !== undefined) this.around.keep(lasting, kept);
    return tuning;
  }

  #allFailed(configs: readonly KernelConfig[], measured: readonly Measured[]): never {
    const [first] = measured;
    // one mistake in all of them is that of the kernel, and has its own place
    const same = measured.every((m) => errorText(m.error) === errorText(first.error));
    if (same && isTileworkError(first.error)) throw first.error;
    return fail("TW8031", `${this.name}: none of its ${configs.length} configurations works`, {
      notes: configs.map((c, i) => `${configText(c)}: ${errorText(measured[i].error)}`),
      cause: first.error,
    });
  }

  #progress(total: number): { started: (at: number) => void; end: () => void } {
    const { progress } = this.options;
    const { name } = this;
    if (typeof progress === "function")
      return { started: (at) => progress({ name, done: at + 1, total }), end: () => {} };
    const out = terminal();
    if (progress === false || !out || !(out.isTTY || progress)) return { started: () => {}, end: () => {} };
    const bar = new ProgressBar(out, this.around.now, progress === true);
    return { started: (at) => bar.show({ name, done: at + 1, total }), end: () => bar.clear() };
  }
}

function tuningOf(configs: readonly KernelConfig[], measured: readonly Measured[], kept: boolean): Tuning {
  const best = fastest(measured);
  const rows = configs.map((config, i) => {
    const { ms, error } = measured[i];
    return { config, chosen: i === best, ...(ms === undefined ? { error: errorText(error) } : { ms }) };
  });
  return { rows, kept };
}

function isKept(x: unknown, length: number): x is Kept {
  return Array.isArray(x) && x.length === length && x.every((e) => typeof e === "number" || typeof e === "string");
}

/** The first line of an error, as a table has room for it. */
function errorText(e: unknown): string {
  return (e instanceof Error ? e.message : String(e)).split("\n", 1)[0];
}

function typesOf(args: readonly unknown[]): string {
  return args
    .map((x) => {
      if (isTensor(x)) return printAval(x.aval);
      return typeof x === "number" ? (Number.isInteger(x) ? "i32" : "f32") : typeof x;
    })
    .join();
}

/** The source of the kernel that a call runs, as far as it is known: nothing is run for it. */
function sourceOf(kernel: AnyFunction, args: readonly unknown[], meta: KernelConfig): string {
  let found: AnyFunction | undefined;
  const STOP = new Error("the kernel is known");
  try {
    withRunner(
      ({ fn }: LaunchRequest) => {
        found = fn;
        throw STOP;
      },
      () => kernel(...args, meta),
    );
  } catch {
    // STOP, or a mistake in the call, which running it tells
  }
  return (found && captureOf(found)?.ast) || Function.prototype.toString.call(found ?? kernel);
}
