/** From the call of a kernel to the equation of its launch: its outs, its grid, its constants, and its traced body. */
import { fail } from "../../diagnostics/error.js";
import { currentSpan, locate } from "../../diagnostics/span.js";
import { type Aval, aval, printAval } from "../../ir/aval.js";
import { isStaticShape } from "../../ir/dim.js";
import { isFloat } from "../../ir/dtype.js";
import { avalKey } from "../../ir/key.js";
import { handOverKernels } from "../../lowering/hand-over/kernels.js";
import { checkKernel } from "../../simplify/bounds/check.js";
import { full } from "../../lax/structure.js";
import { convertTo } from "../../tracer/control.js";
import { bind, TracedSource } from "../../tracer/frame.js";
import { checkFunction, describeValue } from "../../tracer/leaf.js";
import type { AnyFunction } from "../../tracer/staged.js";
import { staticKey } from "../../tracer/static-key.js";
import { isTensor, Tensor } from "../../tracer/tensor.js";
import { LruMap } from "../../util/index.js";
import { type KernelBody, traceBody } from "./call.js";
import { currentLaunch } from "./launch.js";
import { checkLiteral } from "./literal.js";
import { currentRunner } from "./runner.js";
import {
  bindConstants,
  checkCount,
  checkNames,
  failExcess,
  failMissing,
  firstStored,
  type Parameter,
  parametersOf,
} from "./signature.js";
import { gridOf, type Outs, type OutSpec, outsOf } from "./specs.js";

export type { OutSpec } from "./specs.js";

/** What a kernel's call says, or the kernel for all its calls. */
export interface LaunchOptions {
  /** The outs: a tensor or { shape, dtype }, a list of such, or a function of the arguments and the constants that gives them. */
  // biome-ignore lint/suspicious/noExplicitAny: the arguments of the kernel
  readonly out?: OutSpec | readonly OutSpec[] | ((...args: any[]) => OutSpec | readonly OutSpec[]);
  /** The number of programs along each axis, or a function of the arguments and the constants that gives it; 1 by default. */
  // biome-ignore lint/suspicious/noExplicitAny: the arguments of the kernel
  readonly grid?: number | readonly number[] | ((...args: any[]) => number | readonly number[]);
  /** What the outs hold before the first program: one number for all, or one for each. Without it they hold nothing. */
  readonly init?: number | readonly (number | null | undefined)[];
  /** For an out by its name the argument that it starts as. */
  readonly alias?: Readonly<Record<string, string>>;
}
export interface KernelOptions extends LaunchOptions {
  /** Shown in messages and programs; the function's own name by default. */
  readonly name?: string;
  /** Values of names that the source uses, where the source is read at run time. */
  readonly constants?: Readonly<Record<string, unknown>>;
}

/** Launches the kernel on tensors: what it gives, as one tensor or a list, as `out` says. */
export type Launcher = (
  args: readonly Tensor[],
  meta: Readonly<Record<string, unknown>>,
  self?: unknown,
) => Tensor | Tensor[];

export interface NamedLauncher {
  readonly name: string;
  readonly launch: Launcher;
}

/** Names in the last argument of a call that are no constants. */
export const LAUNCH_OPTIONS: ReadonlySet<string> = new Set<keyof LaunchOptions>(["out", "grid", "init", "alias"]);

/** Constants are plain values. */
export function refuseArrays(name: string, meta: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(meta)) {
    if (LAUNCH_OPTIONS.has(key) || !isTensor(value) || Tensor.source(value) instanceof TracedSource) continue;
    fail("TW8012", `${name}: the constant ${key} is an array`, {
      help: `constants are plain values, such as { ${key}: 128 }; arrays are arguments, which come before them`,
    });
  }
}

/** What is known of a call after its `out`, or where that failed: then the first constant that it lacked. */
interface Given {
  readonly constants: Readonly<Record<string, unknown>>;
  readonly out?: unknown;
  readonly lacks?: string | undefined;
  readonly failed?: true;
}

/** The last argument of a call taken apart; functions among the options are called with the arguments and the constants. */
export function resolveOptions(
  args: readonly unknown[],
  meta: Readonly<Record<string, unknown>>,
  defaults: LaunchOptions,
  check?: (given: Given) => void,
): { readonly options: LaunchOptions; readonly constants: Readonly<Record<string, unknown>> } {
  const constants: Record<string, unknown> = {};
  const options: Record<string, unknown> = { ...defaults };
  for (const [key, value] of Object.entries(meta)) (LAUNCH_OPTIONS.has(key) ? options : constants)[key] = value;
  for (const key of ["out", "grid"]) {
    const given = options[key];
    if (typeof given === "function") {
      let lacks: string | undefined;
      const noted = new Proxy(constants, {
        get: (target, name, self): unknown => {
          if (typeof name === "string" && !(name in target)) lacks ??= name;
          return Reflect.get(target, name, self);
        },
      });
      try {
        options[key] = (given as AnyFunction)(...args, noted);
      } catch (e) {
        check?.({ constants, lacks, failed: true });
        throw e;
      }
    }
    if (key === "out") check?.({ constants, out: options.out });
  }
  return { options, constants };
}

export function makeLauncher(fn: AnyFunction, defaults: KernelOptions): NamedLauncher {
  checkFunction("kernel", fn);
  const name = defaults.name ?? (fn.name || "kernel");
  let known: readonly Parameter[] | undefined;
  let most: number | undefined;
  const bodies = new LruMap<string, KernelBody>(64);

  /** Constants are checked before functions among the options meet them. */
  const checkGiven = (
    given: readonly unknown[],
    { constants, out, lacks, failed }: Given,
    parameters: readonly Parameter[],
  ): void => {
    const args = given.length;
    most ??= firstStored(fn, parameters);
    // an array that is stored to is told of at the store, unless something failed before or no parameter is left for an out
    const isMore = !isTensor(given[most]) || failed || parameters.slice(args).every((p) => p.name in constants);
    if (args > most && parameters.length > most && isMore) failExcess(fn, name, parameters, args, most, constants);
    if (lacks !== undefined && !parameters.some((p) => p.optional && p.name === lacks)) {
      checkNames(name, parameters, args + 1, constants);
      failMissing(name, lacks);
    }
    if (out === undefined) return;
    const outs = outsOf(name, out).avals.length;
    if (parameters.length < args + outs) return;
    checkCount(fn, name, parameters, args, outs, constants);
    bindConstants(name, parameters, args + outs, constants);
  };
  const launch: Launcher = (args, meta, self) => {
    known ??= parametersOf(fn, name);
    const parameters = known;
    checkCall(name, args);
    refuseArrays(name, meta);
    const at = currentSpan();
    const { options, constants } = resolveOptions(args, meta, defaults, (given) => {
      const before = locate(at);
      try {
        checkGiven(args, given, parameters);
      } finally {
        locate(before);
      }
    });
    if (options.out === undefined) {
      fail("TW8016", `${name}: nothing says what it gives`, {
        help: "say it where the kernel is made, kernel(f, { out: (x) => x, grid }), or in the last argument of the call",
      });
    }
    const outs = outsOf(name, options.out);
    const grid = gridOf(name, options.grid ?? 1);
    const first = args.length + outs.avals.length;
    if (parameters.length < first) {
      const n = (k: number, what: string): string => `${k} ${what}${k === 1 ? "" : "s"}`;
      fail(
        "TW8016",
        `${name}: ${n(args.length, "argument")} and ${n(outs.avals.length, "out")} for ${n(parameters.length, "parameter")}`,
        { help: "the parameters of the function are the arguments, then one for each out, then the constants" },
      );
    }
    const values = bindConstants(name, parameters, first, constants);
    const names = parameters.map((p) => p.name);
    const inits = initsOf(name, args, names, outs, options);
    const run = currentRunner();
    if (run) {
      const given = run({ name, fn, self, parameters: names, args, outs: outs.avals, inits, meta: values, grid });
      return outs.isList ? given : given[0];
    }
    const key = [
      args.map((x) => avalKey(x.aval) + (x.aval.weak ? "~" : "")).join(),
      outs.avals.map(avalKey).join(),
      staticKey(values, name),
      grid.join(),
      self === undefined ? "" : staticKey(self, name),
    ].join("|");
    let body = bodies.get(key);
    if (!body) {
      const avals = args.map((x): Aval => x.aval);
      body = traceBody({ name, fn, self, parameters: names, args: avals, outs: outs.avals, meta: values, grid });
      checkKernel({ body: body.program, grid, inits: inits.map((x) => x !== undefined), name });
      if (!body.captures.some((c) => Tensor.source(c) instanceof TracedSource)) bodies.set(key, body);
    }
    handOverKernels();
    const strong = args.map((x) => (x.aval.weak ? convertTo(x, x.aval.dtype) : x));
    const results = bind("kernel_call", [...body.captures, ...strong, ...inits.filter((x) => x !== undefined)], {
      body: body.program,
      grid,
      inits: inits.map((x) => x !== undefined),
      name,
    });
    return outs.isList ? [...results] : results[0];
  };
  return { name, launch };
}

function checkCall(name: string, args: readonly Tensor[]): void {
  const around = currentLaunch();
  if (around) {
    fail("TW8013", `${name}: a kernel is called in the kernel ${around.name}`, {
      help: "what kernels share is a plain function, which both call; a kernel is launched by programs",
    });
  }
  for (const x of args) {
    if (isStaticShape(x.aval.shape)) continue;
    fail("TW2014", `${name}: an argument is ${printAval(x.aval)}`, { help: "a kernel is compiled for known sizes" });
  }
}

/** What each out starts as; undefined where it starts as nothing. */
function initsOf(
  name: string,
  args: readonly Tensor[],
  names: readonly string[],
  { avals }: Outs,
  { init, alias = {} }: LaunchOptions,
): (Tensor | undefined)[] {
  const outNames = names.slice(args.length, args.length + avals.length);
  for (const [to, from] of Object.entries(alias)) {
    if (!outNames.includes(to)) {
      fail("TW8016", `${name}: alias names ${to}, which is no out`, { help: `its outs are ${outNames.join(", ")}` });
    }
    const k = names.slice(0, args.length).indexOf(from);
    const target = avals[outNames.indexOf(to)];
    if (k < 0) {
      fail("TW8016", `${name}: ${to} starts as ${String(from)}, which is no argument`, {
        help: `its arguments are ${names.slice(0, args.length).join(", ")}`,
      });
    }
    const source = args[k].aval;
    if (avalKey(aval(source.shape, source.dtype)) === avalKey(target)) continue;
    fail("TW8016", `${name}: ${to} is ${printAval(target)}, and the argument that it starts as ${printAval(source)}`, {
      help: "both have one shape and dtype: { out: (x) => x }",
    });
  }
  if (Array.isArray(init) && init.length !== avals.length) {
    fail("TW8016", `${name}: init has ${init.length} entries for ${avals.length} outs`, {
      help: "give one number for all outs, or one (or null) for each",
    });
  }
  return avals.map((a, k) => {
    const from = alias[outNames[k]];
    if (from !== undefined) return args[names.indexOf(from)];
    const value: unknown = Array.isArray(init) ? init[k] : init;
    if (value === undefined || value === null) return undefined;
    const fits = typeof value === "number" && (isFloat(a.dtype) || Number.isInteger(value));
    if (!fits) {
      fail(
        "TW8016",
        `${name}: ${outNames[k]} is ${printAval(a)} and starts as ${typeof value === "number" ? value : describeValue(value)}`,
        {
          help: "init is a number of the out's dtype",
        },
      );
    }
    if (a.dtype !== "bool") checkLiteral(`${name}: ${outNames[k]} starts as a number`, value, a.dtype);
    const wide = a.dtype === "i64" || a.dtype === "u64";
    return full(a.shape, wide ? BigInt(value) : a.dtype === "bool" ? value !== 0 : value, a.dtype);
  });
}
