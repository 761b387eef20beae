/** `jit`: traces once for each signature, compiles, and runs. */
import { fail } from "../diagnostics/error.js";
import { type Aval, avalSame, printAval } from "../ir/aval.js";
import { avalKey } from "../ir/key.js";
import type { Program } from "../ir/program.js";
import { type Executable, makeExecutable } from "../jit/execute.js";
import { axisEnvironment, bind, isTracing, TracedSource } from "../tracer/frame.js";
import { checkFunction, describeValue, leafTensor } from "../tracer/leaf.js";
import { type Cell, Tensor } from "../tracer/tensor.js";
import { type AnyFunction, argumentName, traceFunction } from "../tracer/trace.js";
import { ArrayCell } from "../runtime/heap.js";
import * as tree from "../tree/index.js";
import { LruMap } from "../util/index.js";
import { backend } from "./backend.js";
import { config } from "./config.js";
import { locateNan } from "./nans.js";
import { staticKey } from "./static-key.js";
import type { InArgs, Out } from "./types.js";

/** Which arguments are static, and which are donated. */
export interface JitOptions {
  /** Arguments that are compile-time values: any JavaScript value; each distinct one compiles anew. */
  staticArgnums?: number | readonly number[];
  /** Arguments whose memory the call may reuse for its results; they hold no data afterwards. */
  donate?: number | readonly number[];
  /** Shown in errors and by `explain`; the function's own name by default. */
  name?: string;
}

/** One compiled signature of a jitted function. */
export interface JitEntry {
  readonly key: string;
  readonly program: Program<"core">;
  readonly captures: readonly Tensor[];
  readonly outTree: tree.TreeDef;
  readonly traceMs: number;
  /** Why it was compiled. */
  readonly reason: string;
  executable: Executable | undefined;
  /** Positions of the inputs that calls may take over. */
  donated: readonly number[];
}

/** A compiled function: called as the original; each new combination of shapes, dtypes and static values compiles anew. */
export interface Jitted<A extends unknown[], R> {
  (...args: InArgs<A>): Out<R>;
  /** What was compiled so far, oldest first. */
  readonly entries: () => readonly JitEntry[];
  readonly original: (...args: A) => R;
}

const JITTED = Symbol.for("tilework.jitted");
interface JittedInternals {
  prepare(args: readonly unknown[]): { entry: JitEntry; leaves: readonly Tensor[] };
}

function executableOf(entry: JitEntry): Executable {
  entry.executable ??= makeExecutable(entry.program, backend.workspace, entry.donated);
  return entry.executable;
}

const isOwnTensor = (x: object): boolean => x instanceof Tensor;
function sameAval(a: Aval, b: Aval): boolean {
  return avalSame(a, b) && !a.weak === !b.weak;
}

const COUNTED = { help: "arguments are counted from 0, and from -1 backwards" };

function positions(label: string, option: string, list: number | readonly number[] | undefined): readonly number[] {
  const all = list === undefined ? [] : Array.isArray(list) ? (list as readonly number[]) : [list as number];
  for (const n of all) {
    if (!Number.isInteger(n)) {
      fail("TW1007", `${label}: ${option} names argument ${typeof n === "number" ? n : describeValue(n)}`, COUNTED);
    }
  }
  return all;
}

/** Can take arguments that `length` does not count: it has a rest parameter, defaults, patterns, or hides what it has. */
function takesMore(f: AnyFunction): boolean {
  const source = Function.prototype.toString.call(f);
  const plain = /^(?:async\s+)?(?:function\b\s*)?[\w$]*\s*(?:\([\w$,\s]*\)|=>)/.test(source);
  return !plain || /\barguments\b|\[native code\]/.test(source);
}

/** Positions of the arguments of this call: negative ones count from its end. Those of optional arguments that are left out stay. */
function positionsOf(
  label: string,
  option: string,
  list: readonly number[],
  count: number,
  f: AnyFunction,
): readonly number[] {
  return list.map((n) => {
    if (n < -count || (n >= count && n >= f.length && !takesMore(f))) {
      fail("TW1007", `${label}: ${option} names argument ${n}, but the function was called with ${count}`, COUNTED);
    }
    return n < 0 ? n + count : n;
  });
}

/**
 * Compiles `f` to WebAssembly: traced once for each combination of argument structure, shapes and dtypes.
 *
 * @example
 * const step = jit((w: Tensor, x: Tensor) => np.dot(x, w));
 */
export function jit<A extends unknown[], R>(f: (...args: A) => R, options?: JitOptions): Jitted<A, R>;
// biome-ignore lint/suspicious/noExplicitAny: the constraint of ClassMethodDecoratorContext
export function jit<This, F extends (this: This, ...args: any) => any>(
  method: F,
  context: ClassMethodDecoratorContext<This, F>,
): F;
export function jit(f: AnyFunction, optionsOrContext: JitOptions | ClassMethodDecoratorContext = {}): unknown {
  if (typeof optionsOrContext !== "object" || optionsOrContext === null) {
    fail("TW1007", `jit: the options are ${describeValue(optionsOrContext)}`, {
      help: "give an object: jit(f, { staticArgnums: 1 })",
    });
  }
  if ("kind" in optionsOrContext && "addInitializer" in optionsOrContext)
    return jitMethod(f, String(optionsOrContext.name));
  return makeJitted(f, optionsOrContext as JitOptions);
}

/** `@jit` on a method: one compiled function for each instance, which is static (its arrays are captured). */
function jitMethod(method: AnyFunction, name: string): AnyFunction {
  const byInstance = new WeakMap<object, AnyFunction>();
  return function (this: object, ...args: unknown[]) {
    let compiled = byInstance.get(this);
    if (!compiled) {
      compiled = makeJitted((...a: unknown[]) => method.apply(this, a), { name }) as AnyFunction;
      byInstance.set(this, compiled);
    }
    return compiled(...args);
  };
}

function makeJitted(f: AnyFunction, options: JitOptions): Jitted<unknown[], unknown> {
  checkFunction("jit", f);
  const name = options.name ?? f.name;
  const label = `jit(${name || "function"})`;
  const staticArgs = positions(label, "staticArgnums", options.staticArgnums);
  const donateArgs = positions(label, "donate", options.donate);
  const anyStatic = staticArgs.length > 0;
  const cache = new LruMap<string, JitEntry>(256);
  const history: JitEntry[] = [];

  /** The entry of the last call, when these arguments have its structure and avals: no keys are built. */
  let last: { readonly entry: JitEntry; readonly inTree: tree.TreeDef } | undefined;
  const sameAsLast = (args: readonly unknown[]): { entry: JitEntry; leaves: Tensor[] } | undefined => {
    if (last === undefined || isTracing()) return undefined;
    const leaves: unknown[] = [];
    if (!tree.matchLeaves(last.inTree, args, isOwnTensor, leaves)) return undefined;
    const { entry } = last;
    const first = entry.captures.length;
    const { inputs } = entry.program;
    for (let i = 0; i < leaves.length; i++) {
      const x = leaves[i];
      const expected = inputs[first + i].aval;
      if (!(x instanceof Tensor)) {
        // numbers are weak f32 scalars: what every other leaf is, prepare finds out
        if (typeof x !== "number" || !expected.weak || expected.dtype !== "f32" || expected.shape.length > 0)
          return undefined;
        leaves[i] = leafTensor(x, () => argumentName(label, args, i));
      } else if (x.aval !== expected && !sameAval(x.aval, expected)) return undefined;
    }
    return { entry, leaves: leaves as Tensor[] };
  };

  const prepare = (args: readonly unknown[]): { entry: JitEntry; leaves: Tensor[] } => {
    const statics = new Set(anyStatic ? positionsOf(label, "staticArgnums", staticArgs, args.length, f) : []);
    const dynamic = !anyStatic ? args : args.map((a, i) => (statics.has(i) ? null : a));
    const flat = tree.flatten(dynamic);
    const leaves = flat.leaves as Tensor[];
    let key = flat.treedef.key;
    for (let i = 0; i < leaves.length; i++) {
      if (!(leaves[i] instanceof Tensor)) leaves[i] = leafTensor(leaves[i], () => argumentName(label, args, i));
      key += avalKey(leaves[i].aval);
    }
    for (const i of statics) key += `|${staticKey(args[i], `${label}: argument ${i}`)}`;
    const axes = axisEnvironment();
    for (const a of axes) key += `|${a.name}=${a.size}`;
    let entry = cache.get(key);
    if (!entry) {
      const start = performance.now();
      const traced = traceFunction(
        (...xs: unknown[]) => f(...(!anyStatic ? xs : args.map((a, i) => (statics.has(i) ? a : xs[i])))),
        leaves.map((x) => x.aval),
        flat.treedef,
        { kind: "jit", name },
      );
      entry = {
        ...traced,
        key,
        traceMs: performance.now() - start,
        reason: recompileReason(history, leaves, args, key),
        executable: undefined,
        donated: [],
      };
      if (donateArgs.length > 0) entry.donated = donatedLeaves(entry, args, statics);
      // a program that closes over values of an open trace belongs to that trace alone
      if (!traced.captures.some((c) => Tensor.source(c) instanceof TracedSource)) {
        cache.set(key, entry);
        history.push(entry);
        if (history.length > 256) history.shift();
      }
    }
    // static arguments and named axes are part of the key, but not of the structure
    last = !anyStatic && axes.length === 0 && cache.has(key) ? { entry, inTree: flat.treedef } : undefined;
    return { entry, leaves };
  };

  const donatedLeaves = (entry: JitEntry, args: readonly unknown[], statics: ReadonlySet<number>): number[] => {
    const given = positionsOf(label, "donate", donateArgs, args.length, f);
    const donated: number[] = [];
    let at = entry.captures.length;
    args.forEach((arg, i) => {
      const n = statics.has(i) ? 0 : tree.leaves(arg).length;
      if (given.includes(i)) for (let k = 0; k < n; k++) donated.push(at + k);
      at += n;
    });
    return donated;
  };

  const call = (...args: unknown[]): unknown => {
    const { entry, leaves } = sameAsLast(args) ?? prepare(args);
    const inputs = entry.captures.length === 0 ? leaves : [...entry.captures, ...leaves];
    let results: Tensor[];
    if (isTracing()) {
      results = bind("call", inputs, { program: entry.program, name: name || "function" });
    } else {
      const cells = new Array<Cell>(inputs.length);
      for (let i = 0; i < cells.length; i++) {
        const source = Tensor.source(inputs[i]);
        cells[i] =
          source instanceof ArrayCell && source.state === "live"
            ? source
            : source.cell(`${label}: ${inputName(entry, args, i)}`);
      }
      results = config.debugNans ? runChecked(entry, cells, label) : backend.run(executableOf(entry), cells);
    }
    return tree.unflatten(entry.outTree, results);
  };
  return Object.assign(call, {
    entries: () => history,
    original: f,
    [JITTED]: { prepare } satisfies JittedInternals,
  }) as Jitted<unknown[], unknown>;
}

/** The compiled entry for these arguments, without running it, and what its inputs would be. */
export function jitEntry(
  f: unknown,
  args: readonly unknown[],
): { readonly entry: JitEntry; readonly inputs: readonly Tensor[] } | undefined {
  const internals = (f as { [JITTED]?: JittedInternals })[JITTED];
  if (!internals) return undefined;
  const { entry, leaves } = internals.prepare(args);
  executableOf(entry);
  return { entry, inputs: [...entry.captures, ...leaves] };
}

function inputName(entry: JitEntry, args: readonly unknown[], input: number): string {
  const leaf = input - entry.captures.length;
  return leaf < 0 ? "an array that the function closes over" : argumentName("", args, leaf);
}

/** A call under `debugNans`: the inputs must still be there when a NaN is looked for, so donation waits until then. */
function runChecked(entry: JitEntry, cells: readonly Cell[], label: string): Tensor[] {
  const own = cells.map((c) => backend.own(c));
  const results = backend.run(makeExecutable(entry.program, backend.workspace), cells);
  locateNan(entry.program, own, results, label);
  for (const i of entry.donated) backend.heap.release(own[i], "donated");
  return results;
}

function recompileReason(
  history: readonly JitEntry[],
  leaves: readonly Tensor[],
  args: readonly unknown[],
  key: string,
): string {
  const last = history[history.length - 1];
  if (!last) return "first call";
  const before = last.program.inputs.slice(last.captures.length);
  if (before.length !== leaves.length)
    return `the arguments hold ${leaves.length} arrays, the last call's held ${before.length}`;
  for (let i = 0; i < leaves.length; i++) {
    const was = printAval(before[i].aval);
    const is = printAval(leaves[i].aval);
    if (was !== is) return `${argumentName("", args, i)} is ${is}, it was ${was}`;
  }
  return key === last.key ? "the cache was full" : "a static argument or the structure of an argument changed";
}
