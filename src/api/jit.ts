/** `jit`: traces once for each signature, compiles, and runs. */
import { fail } from "../diagnostics/error.js";
import { printSpan } from "../diagnostics/span.js";
import { type Aval, printAval } from "../ir/aval.js";
import type { Atom, Program, Var } from "../ir/program.js";
import { isVar } from "../ir/program.js";
import { type Executable, makeExecutable } from "../jit/execute.js";
import type { ArrayCell } from "../runtime/heap.js";
import { axisEnvironment, bind, currentFrame, TracedSource } from "../tracer/frame.js";
import { leafTensor } from "../tracer/leaf.js";
import { Tensor } from "../tracer/tensor.js";
import { type AnyFunction, argumentName, traceFunction } from "../tracer/trace.js";
import * as tree from "../tree/index.js";
import { LruMap } from "../util/index.js";
import { backend, hasNan } from "./backend.js";
import { config } from "./config.js";
import type { InArgs, Out } from "./types.js";

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
}

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

const avalKeys = new WeakMap<Aval, string>();
function avalKey(a: Aval): string {
  let key = avalKeys.get(a);
  if (key === undefined) {
    key = printAval(a);
    avalKeys.set(a, key);
  }
  return key;
}

function positions(list: number | readonly number[] | undefined): readonly number[] {
  return list === undefined ? [] : typeof list === "number" ? [list] : list;
}

const staticIds = new WeakMap<object, number>();
let nextStatic = 0;
function staticKey(x: unknown, what: string): string {
  if (x instanceof Tensor) {
    fail("TW1006", `${what} is static, but it is an array`, { help: "static arguments are JavaScript values known when the function is compiled; drop it from staticArgnums" });
  }
  if ((typeof x === "object" && x !== null) || typeof x === "function") {
    const plain = Array.isArray(x) || Object.getPrototypeOf(x) === Object.prototype;
    if (plain) return JSON.stringify(x, (_, v: unknown) => (typeof v === "bigint" ? `${v}n` : typeof v === "function" || v instanceof Tensor ? staticKey(v, what) : v));
    let id = staticIds.get(x);
    if (id === undefined) {
      id = nextStatic++;
      staticIds.set(x, id);
    }
    return `@${id}`;
  }
  return `${typeof x}:${String(x)}`;
}

/**
 * Compiles `f` to WebAssembly: traced once for each combination of argument structure, shapes and dtypes.
 *
 * @example
 * const step = jit((w: Tensor, x: Tensor) => np.dot(x, w));
 */
export function jit<A extends unknown[], R>(f: (...args: A) => R, options?: JitOptions): Jitted<A, R>;
// biome-ignore lint/suspicious/noExplicitAny: the constraint of ClassMethodDecoratorContext
export function jit<This, F extends (this: This, ...args: any) => any>(method: F, context: ClassMethodDecoratorContext<This, F>): F;
export function jit(f: AnyFunction, optionsOrContext: JitOptions | ClassMethodDecoratorContext = {}): unknown {
  if ("kind" in optionsOrContext && "addInitializer" in optionsOrContext) return jitMethod(f, String(optionsOrContext.name));
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
  const name = options.name ?? f.name;
  const label = `jit(${name || "function"})`;
  const statics = new Set(positions(options.staticArgnums));
  const donateArgs = positions(options.donate);
  const cache = new LruMap<string, JitEntry>(256);
  const history: JitEntry[] = [];

  const prepare = (args: readonly unknown[]): { entry: JitEntry; leaves: Tensor[] } => {
    const dynamic = statics.size === 0 ? args : args.map((a, i) => (statics.has(i) ? null : a));
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
        (...xs: unknown[]) => f(...(statics.size === 0 ? xs : args.map((a, i) => (statics.has(i) ? a : xs[i])))),
        leaves.map((x) => x.aval),
        flat.treedef,
        { kind: "jit", name },
      );
      entry = { ...traced, key, traceMs: performance.now() - start, reason: recompileReason(history, leaves, args, key), executable: undefined };
      // a program that closes over values of an open trace belongs to that trace alone
      if (!traced.captures.some((c) => Tensor.source(c) instanceof TracedSource)) {
        cache.set(key, entry);
        history.push(entry);
        if (history.length > 256) history.shift();
      }
    }
    return { entry, leaves };
  };

  const donatedLeaves = (entry: JitEntry, args: readonly unknown[]): number[] => {
    const donated: number[] = [];
    let at = entry.captures.length;
    args.forEach((arg, i) => {
      const n = statics.has(i) ? 0 : tree.leaves(arg).length;
      if (donateArgs.includes(i)) for (let k = 0; k < n; k++) donated.push(at + k);
      at += n;
    });
    return donated;
  };

  const call = (...args: unknown[]): unknown => {
    const { entry, leaves } = prepare(args);
    const inputs = entry.captures.length === 0 ? leaves : [...entry.captures, ...leaves];
    let results: Tensor[];
    if (currentFrame()) {
      results = bind("call", inputs, { program: entry.program, name: name || "function" });
    } else {
      entry.executable ??= makeExecutable(entry.program, backend.workspace, donateArgs.length ? donatedLeaves(entry, args) : []);
      const cells = inputs.map((x, i) => Tensor.source(x).cell(`${label}: input ${i - entry.captures.length}`));
      const kept = config.debugNans ? cells.map((c) => backend.own(c)) : undefined;
      results = backend.run(entry.executable, cells);
      if (kept) locateNan(entry.program, kept, results, label);
    }
    return tree.unflatten(entry.outTree, results);
  };
  return Object.assign(call, { entries: () => history, original: f, [JITTED]: { prepare } satisfies JittedInternals }) as Jitted<unknown[], unknown>;
}

/** The compiled entry for these arguments, without running it. */
export function jitEntry(f: unknown, args: readonly unknown[]): JitEntry | undefined {
  const internals = (f as { [JITTED]?: JittedInternals })[JITTED];
  if (!internals) return undefined;
  const { entry } = internals.prepare(args);
  entry.executable ??= makeExecutable(entry.program, backend.workspace);
  return entry;
}

function recompileReason(history: readonly JitEntry[], leaves: readonly Tensor[], args: readonly unknown[], key: string): string {
  const last = history[history.length - 1];
  if (!last) return "first call";
  const before = last.program.inputs.slice(last.captures.length);
  if (before.length !== leaves.length) return `the arguments hold ${leaves.length} arrays, the last call's held ${before.length}`;
  for (let i = 0; i < leaves.length; i++) {
    const was = printAval(before[i].aval);
    const is = printAval(leaves[i].aval);
    if (was !== is) return `${argumentName("", args, i)} is ${is}, it was ${was}`;
  }
  return key === last.key ? "the cache was full" : "a static argument or the structure of an argument changed";
}

/** After a NaN came out of a compiled program: runs it equation by equation to name the one that made it. */
function locateNan(program: Program<"core">, inputs: readonly ArrayCell[], results: readonly Tensor[], label: string): void {
  if (!results.some((t) => hasNan(backend.own(Tensor.source(t).cell("debugNans"))))) return;
  runCheckingNans(program, inputs);
  const culprit = program.eqns.find((e) => e.span?.resolve());
  const span = culprit?.span?.resolve();
  fail("TW4002", `${label} returned a NaN${span ? ` (first operation at ${printSpan(span)})` : ""}`, { help: "one of its inputs held a NaN" });
}

function runCheckingNans(program: Program<"core">, inputs: readonly ArrayCell[]): void {
  const env = new Map<Var, ArrayCell>();
  program.inputs.forEach((v, i) => env.set(v, inputs[i]));
  for (const eqn of program.eqns) {
    const read = (a: Atom): ArrayCell => (isVar(a) ? (env.get(a) as ArrayCell) : backend.constant(a.value, a.aval));
    const cells = eqn.inputs.map(read);
    if (eqn.prim === "debug_callback") continue;
    if (eqn.prim === "call" || eqn.prim === "checkpoint") runCheckingNans(eqn.params.program, cells);
    // the evaluator checks each result and throws with the equation's span
    const outputs = backend.evaluate(eqn, cells) as ArrayCell[];
    eqn.outputs.forEach((o, i) => env.set(o, outputs[i]));
  }
}
