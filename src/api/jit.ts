/** `jit`: traces once for each signature, compiles, and runs. */
import { fail } from "../diagnostics/error.js";
import type { Aval } from "../ir/aval.js";
import { avalKey } from "../ir/key.js";
import type { Program } from "../ir/program.js";
import { type Executable, makeExecutable } from "../jit/execute.js";
import { type NamedSize, NeedsStaticSize } from "../jit/sizes.js";
import { axisEnvironment, bind, isTracing, TracedSource } from "../tracer/frame.js";
import { checkFunction, checkOptions, describeValue, leafTensor } from "../tracer/leaf.js";
import type { ArgsOf, NoNum, ResultOf, Sync, Transformed, UserFunction } from "../tracer/signatures.js";
import { staged } from "../tracer/staged.js";
import { type Cell, Tensor } from "../tracer/tensor.js";
import { type AnyFunction, argumentName, type Traced, traceFunction } from "../tracer/trace.js";
import { withHoles } from "../transforms/sizes/index.js";
import { ArrayCell } from "../runtime/heap.js";
import * as tree from "../tree/index.js";
import { LruMap } from "../util/index.js";
import { positions, positionsOf } from "./argnums.js";
import { backend } from "./backend.js";
import { config } from "./config.js";
import { checkDynamic, checkNames, type Declared, declaredAxes, type DynamicOption } from "./dynamic-option.js";
import { jitMethod } from "./jit-method.js";
import { JITTED, type JittedInternals, type Prepared } from "./jitted.js";
import { locateNan } from "./nans.js";
import { guardForAllSizes } from "../lowering/plan/handed-over.js";
import { Family, type Fit, fitCase, type Variant } from "./promotion.js";
import { axesOf, promotionReason, recompileReason } from "./reasons.js";
import { argumentSpecs, checkSpecs, type DeclaredArgs } from "./spec.js";
import { staticKey } from "../tracer/static-key.js";
import { inputName, OTHER, WarmCall, type WarmSignature } from "./warm.js";

/** Which arguments are static, and which are donated. */
export interface JitOptions {
  /** Arguments that are compile-time values: any JavaScript value; each distinct one compiles anew. */
  staticArgnums?: number | readonly number[];
  /** Arguments whose memory the call may reuse for its results; they hold no data afterwards. */
  donate?: number | readonly number[];
  /**
   * Axes whose sizes one compiled program takes when it runs: `true` for all, or for each argument a map from axis to the name
   * of its size. Axes of one name have one size. Without it an axis becomes dynamic when a second size of it is seen; `false`
   * compiles for every size.
   * @example jit((params, x, y) => loss(params, x, y), { dynamic: [null, { 0: "batch" }, { 0: "batch" }] })
   */
  dynamic?: DynamicOption;
  /**
   * A spec for each argument (null: none), which calls with new types are held against: a shape, a `spec`, or a tree of such.
   * Parameters without an annotation get their types from it.
   * @example jit((p, x) => np.dot(x, p.w), { args: [{ w: ["in", "out"] }, ["batch", "in"]] })
   */
  args?: readonly unknown[];
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
  /** Types of the arguments' arrays, those of the first call. */
  readonly inputs: readonly Aval[];
  /** Sizes that calls give; none when it is compiled for one combination of sizes. */
  readonly sizes: readonly NamedSize[];
  /** For each size: its axes, as in "axis 0 of argument 1". */
  readonly axes: readonly (readonly string[])[];
  /** Why it is not dynamic, when that was tried. */
  readonly refusal: string;
}

/** What calls with arguments of certain types run: an entry with what it needs beside the arguments. */
export interface Signature extends WarmSignature {
  readonly entry: JitEntry;
}

/** A compiled function: called as the original; each new combination of shapes, dtypes and static values compiles anew. */
export type Jitted<A extends readonly unknown[], R> = Transformed<A, R> & JittedMembers<A, R>;
export interface JittedMembers<A extends readonly unknown[], R> {
  /** What was compiled so far, oldest first. */
  readonly entries: () => readonly JitEntry[];
  readonly original: (...args: A) => R;
}

function executableOf(entry: JitEntry): Executable {
  entry.executable ??= makeExecutable(entry.program, backend.workspace, entry.donated, entry.sizes);
  return entry.executable;
}

/*
 * The place of an operation is a stack that is not printed before someone asks, and the engine keeps alive the functions in it and
 * the objects that they are methods of. So what is on the stack while `f` runs is made here, out of reach of the arguments.
 */

/** The function of the other arguments. */
function withStatics(f: AnyFunction, statics: ReadonlySet<number>, args: readonly unknown[]): AnyFunction {
  const known = args.map((a, i) => (statics.has(i) ? a : undefined));
  return (...xs: unknown[]) => staged(f)(...known.map((a, i) => (statics.has(i) ? a : xs[i])));
}
function tracerOf(f: AnyFunction, inTree: tree.TreeDef, name: string, subject: AnyFunction): Trace {
  return (inputs, places) =>
    traceFunction(f, inputs, inTree, { kind: "jit", name, subject, ...(places ? {} : { places }) });
}
const executableFor = ({ entry }: Signature): Executable => executableOf(entry);

/** What stands in the place of a decorator's context, so that tsc says why a method was refused. */
export interface NotAContext {
  readonly kind?: "TW1007: a decorated method is seen by callers as written: declare Tensor parameters, use num(x) inside, return tensors at once (no async)";
}
/** Options alone: a function, which has a name too, is none. */
type OptionsAlone<O> = O extends (...args: never[]) => unknown ? never : O;

/** What `jit(options)` gives: `@jit({ donate: 0 }) update(x) { … }`, or `jit({ donate: 0 })(f)`. */
export interface JitDecorator {
  // biome-ignore lint/suspicious/noExplicitAny: the constraint of ClassMethodDecoratorContext
  <This, F extends (this: This, ...args: any) => any>(
    method: F & NoNum<F> & Sync<F>,
    context: ClassMethodDecoratorContext<This, F>,
  ): F;
  <F extends UserFunction>(f: F & Sync<F>): Jitted<ArgsOf<F>, ResultOf<F>>;
}

/**
 * Compiles a method: `@jit forward(x: Tensor) { … }`. The object of a model is an argument like the others, so that models with
 * other arrays run the same program. Of other classes the object is static: its arrays are captured, and when one of its fields is
 * assigned the method is compiled anew.
 */
// biome-ignore lint/suspicious/noExplicitAny: the constraint of ClassMethodDecoratorContext
export function jit<This, F extends (this: This, ...args: any) => any>(
  method: F & NoNum<F> & Sync<F>,
  context: ClassMethodDecoratorContext<This, F>,
): F;
/**
 * Compiles `f` for arguments that `args` describes; parameters without an annotation get their types from there.
 *
 * @example
 * const predict = jit((w, x) => np.dot(x, w), { args: [["in", "out"], ["batch", "in"]] });
 */
export function jit<const P extends readonly unknown[], R>(
  f: (...args: DeclaredArgs<NoInfer<P>>) => R,
  options: Omit<JitOptions, "args"> & NotAContext & { readonly args: P },
): Jitted<DeclaredArgs<P>, R>;
/**
 * Compiles `f` to WebAssembly: traced once for each combination of argument structure, shapes and dtypes.
 *
 * @example
 * const step = jit((w: Tensor, x: Tensor) => np.dot(x, w));
 */
export function jit<F extends UserFunction>(
  f: F & Sync<F>,
  options?: JitOptions & NotAContext,
): Jitted<ArgsOf<F>, ResultOf<F>>;
/** A decorator with options; positions of arguments do not count the object. */
export function jit<const O extends JitOptions>(options?: O & OptionsAlone<O>): JitDecorator;
// once more: compilers explain a failed call by the last signature
export function jit<F extends UserFunction>(
  f: F & Sync<F>,
  options?: JitOptions & NotAContext,
): Jitted<ArgsOf<F>, ResultOf<F>>;
export function jit(...given: [(AnyFunction | JitOptions)?, (JitOptions | ClassMethodDecoratorContext)?]): unknown {
  // `@jit()`; an undefined function is a mistake that makeJitted names
  if (given.length === 0) return decoratorOf({});
  const [f, optionsOrContext = {}] = given;
  if (typeof optionsOrContext !== "object" || optionsOrContext === null) {
    fail("TW1007", `jit: the options are ${describeValue(optionsOrContext)}`, {
      help: "give an object: jit(f, { staticArgnums: 1 })",
    });
  }
  if (isOptions(f)) {
    checkOptions("jit", f, OPTIONS);
    return decoratorOf(f);
  }
  if (isContext(optionsOrContext)) return jitMethod(makeJitted, f as AnyFunction, String(optionsOrContext.name), {});
  return makeJitted(f as AnyFunction, optionsOrContext);
}

function isContext(x: object): x is ClassMethodDecoratorContext {
  return "kind" in x && "addInitializer" in x;
}
/** A plain object stands where the function would: a decorator is wanted. */
function isOptions(f: AnyFunction | JitOptions | undefined): f is JitOptions {
  return typeof f === "object" && f !== null && Object.getPrototypeOf(f) === Object.prototype;
}
const OPTIONS = ["staticArgnums", "donate", "dynamic", "args", "name"] satisfies (keyof JitOptions)[];

function decoratorOf(options: JitOptions): unknown {
  return (f: AnyFunction, context?: ClassMethodDecoratorContext) => {
    if (typeof context === "object" && isContext(context)) {
      return jitMethod(makeJitted, f, options.name ?? String(context.name), options);
    }
    return makeJitted(f, options);
  };
}

function makeJitted(f: AnyFunction, options: JitOptions, subject = f): Jitted<unknown[], unknown> {
  checkFunction("jit", f);
  const name = options.name ?? f.name;
  const label = `jit(${name || "function"})`;
  checkOptions(label, options, OPTIONS);
  const staticArgs = positions(label, "staticArgnums", options.staticArgnums);
  const donateArgs = positions(label, "donate", options.donate);
  const anyStatic = staticArgs.length > 0;
  checkDynamic(label, options.dynamic);
  const specs = argumentSpecs(label, options.args);
  const cache = new LruMap<string, Signature>(256);
  /** Of signatures that run a dynamic program: what other traces inline, and what is searched for NaNs. */
  const exactCache = new LruMap<string, Signature>(64);
  const families = new LruMap<string, Family>(64);
  const history: JitEntry[] = [];
  const remember = (entry: JitEntry): void => {
    history.push(entry);
    if (history.length > 256) history.shift();
  };

  /** How a call like the last one goes: no keys are built. */
  let warm: WarmCall<Signature> | undefined;

  /** `exact`: a program for these sizes and no others, as needed where it is inlined or run step by step. */
  const prepare = (args: readonly unknown[], exact = isTracing() || config.debugNans): Prepared => {
    const statics = new Set(anyStatic ? positionsOf(label, "staticArgnums", staticArgs, args.length, f) : []);
    const traced = !anyStatic ? args : args.map((a, i) => (statics.has(i) ? null : a));
    const flat = tree.flatten(traced);
    const leaves = flat.leaves as Tensor[];
    let key = flat.treedef.key;
    for (let i = 0; i < leaves.length; i++) {
      if (!(leaves[i] instanceof Tensor)) leaves[i] = leafTensor(leaves[i], () => argumentName(label, args, i));
      key += avalKey(leaves[i].aval);
    }
    let context = "";
    for (const i of statics) context += `|${staticKey(args[i], `${label}: argument ${i}`)}`;
    const axes = axisEnvironment();
    for (const a of axes) context += `|${a.name}=${a.size}`;
    key += context;
    let signature = cache.get(key);
    if (exact && signature?.variant) signature = exactCache.get(key);
    if (!signature) {
      if (specs) {
        const given = args.flatMap((x, i) => {
          const s = statics.has(i) ? undefined : specs[i];
          return s ? ([[s, x, `argument ${i}`]] as const) : [];
        });
        checkSpecs(`${label}: `, given);
      }
      const call: Call = {
        args,
        statics,
        key,
        exact,
        inputs: leaves.map((x) => x.aval),
        trace: tracerOf(anyStatic ? withStatics(f, statics, args) : f, flat.treedef, name, subject),
        declared: undefined,
      };
      if (options.dynamic !== false) {
        const declared = declaredAxes(label, options.dynamic, traced, call.inputs);
        if (declared) checkNames(label, declared, traced, call.inputs);
        const kind = `${flat.treedef.key}${context}${leaves.map((x) => `${x.aval.weak ? "~" : ""}${x.dtype}${x.ndim}`).join()}`;
        const family = families.get(kind) ?? new Family();
        families.set(kind, family);
        signature = resolve({ ...call, declared }, family);
      } else signature = fixed(call, undefined, "");
      // a program that closes over values of an open trace belongs to that trace alone
      if (!signature.captures.some((c) => Tensor.source(c) instanceof TracedSource))
        (exact && cache.get(key)?.variant ? exactCache : cache).set(key, signature);
    }
    // static arguments and named axes are part of the key, but not of the structure
    if (anyStatic || axes.length > 0 || cache.get(key) !== signature) warm = undefined;
    else if (warm?.signature !== signature || !tree.equal(warm.inTree, flat.treedef))
      // no closure of this call, which would keep its arguments
      warm = new WarmCall(label, signature, flat.treedef, executableFor);
    return { signature, leaves };
  };

  /** What calls of these types run: a dynamic program of which they are a case, old or new, or one of their own. */
  const resolve = (call: Call, family: Family): Signature => {
    if (call.exact) return fixed(call, undefined, "");
    const { trace } = call;
    let quick: Traced | undefined;
    let mismatch = "";
    for (const candidate of family.candidates(call.inputs)) {
      const { variant, sizes } = candidate;
      quick ??= trace(call.inputs, false);
      const fit = fitCase(variant, sizes, guardForAllSizes(quick.program));
      const entry = entryOf.get(variant);
      if (typeof fit === "string") mismatch ||= fit;
      else if (entry) {
        const tuned = family.retune(candidate);
        if (tuned === undefined) return bound(call, variant, entry, fit, quick);
        const largest = tuned.sizes.map((s) => `${s.name} is ${s.hint}`).join(", ");
        const was = entry.sizes.map((s) => s.hint).join(", ");
        const again: JitEntry = {
          ...entry,
          key: call.key,
          inputs: call.inputs,
          reason: `${largest}: the program for about ${was} is compiled again for large sizes`,
          executable: undefined,
          sizes: tuned.sizes,
        };
        executableOf(again);
        entryOf.set(tuned, again);
        remember(again);
        return bound(call, tuned, again, fit, quick);
      }
    }
    const start = performance.now();
    const traced = trace(call.inputs, true);
    const traceMs = performance.now() - start;
    // whether an access may leave its array is told from numbers, at each size
    const safe = guardForAllSizes(traced.program);
    const made = family.promote({ program: safe, inputs: call.inputs, seen: true }, call.declared, (inputs) => {
      // sizes that the function does not take are of no use here
      try {
        return guardForAllSizes(trace(inputs, false).program);
      } catch {
        return undefined;
      }
    });
    let { reason } = made;
    if (made.variant) {
      const { variant } = made;
      const own = traced.captures.length;
      const entry: JitEntry = {
        key: call.key,
        program: withHoles(variant.template, own),
        captures: traced.captures,
        outTree: traced.outTree,
        traceMs,
        reason: promotionReason(variant, call.args, mismatch),
        executable: undefined,
        donated: donatedLeaves(own + variant.template.holes.length, call),
        inputs: call.inputs,
        sizes: variant.sizes,
        axes: variant.sizes.map(({ name: n }) => axesOf(variant.inputs, n, call.args)),
        refusal: "",
      };
      const [{ sizes }] = family.candidates(call.inputs);
      const fit = fitCase(variant, sizes, safe);
      if (typeof fit === "string") reason = fit;
      else {
        try {
          executableOf(entry);
          entryOf.set(variant, entry);
          remember(entry);
          return bound(call, variant, entry, fit, traced);
        } catch (e) {
          if (!(e instanceof NeedsStaticSize)) throw e;
          reason = e.reason;
        }
      }
      family.refuse(variant, reason);
    }
    family.addStatic({ program: safe, inputs: call.inputs, seen: true });
    return fixed(call, { traced, traceMs }, reason || mismatch);
  };
  const entryOf = new WeakMap<Variant, JitEntry>();

  const bound = (call: Call, variant: Variant, entry: JitEntry, fit: Fit, traced: Traced): Signature => ({
    entry,
    inputs: call.inputs,
    captures: [
      ...traced.captures,
      ...variant.template.holes.map((h, i) => new Tensor(backend.constant(fit.holes[i], h.aval))),
    ],
    outTree: traced.outTree,
    values: fit.values,
    variant,
    callbacks: fit.callbacks,
  });

  /** A program for these sizes. */
  const fixed = (
    call: Call,
    known: { readonly traced: Traced; readonly traceMs: number } | undefined,
    refusal: string,
  ): Signature => {
    const { trace } = call;
    const start = performance.now();
    const traced = known?.traced ?? trace(call.inputs, true);
    const entry: JitEntry = {
      ...traced,
      key: call.key,
      traceMs: known?.traceMs ?? performance.now() - start,
      reason: recompileReason(history, call, call.args),
      executable: undefined,
      donated: donatedLeaves(traced.captures.length, call),
      inputs: call.inputs,
      sizes: [],
      axes: [],
      refusal,
    };
    if (!traced.captures.some((c) => Tensor.source(c) instanceof TracedSource)) remember(entry);
    const { captures, outTree } = traced;
    return { entry, inputs: call.inputs, captures, outTree, values: [], variant: undefined, callbacks: [] };
  };

  const donatedLeaves = (first: number, { args, statics }: Call): number[] => {
    if (donateArgs.length === 0) return [];
    const given = positionsOf(label, "donate", donateArgs, args.length, f);
    const donated: number[] = [];
    let at = first;
    args.forEach((arg, i) => {
      const n = statics.has(i) ? 0 : tree.leaves(arg).length;
      if (given.includes(i)) for (let k = 0; k < n; k++) donated.push(at + k);
      at += n;
    });
    return donated;
  };

  const call = (...args: unknown[]): unknown => {
    if (warm !== undefined && !config.debugNans && !isTracing()) {
      const result = warm.call(args);
      if (result !== OTHER) return result;
    }
    const { signature, leaves } = prepare(args);
    const { entry, captures, values, variant } = signature;
    const inputs = captures.length === 0 ? leaves : [...captures, ...leaves];
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
            : source.cell(`${label}: ${inputName(i - captures.length, args)}`);
      }
      if (config.debugNans) results = runChecked(entry, cells, label);
      else if (!variant) results = backend.run(executableOf(entry), cells);
      else {
        // a callback may call this function again, at other sizes
        const { callbacks } = variant.template;
        const { current } = callbacks;
        callbacks.current = signature.callbacks;
        try {
          results = backend.run(executableOf(entry), cells, values);
        } finally {
          callbacks.current = current;
        }
      }
    }
    return tree.unflatten(signature.outTree, results);
  };
  return Object.assign(call, {
    entries: () => history,
    original: f,
    [JITTED]: { prepare } satisfies JittedInternals,
  }) as Jitted<unknown[], unknown>;
}

/**
 * The compiled entry for these arguments, without running it, and what its inputs would be. `exact`: one for these sizes, where
 * a dynamic program would run.
 */
export function jitEntry(
  f: unknown,
  args: readonly unknown[],
  exact = false,
): { readonly entry: JitEntry; readonly inputs: readonly Tensor[] } | undefined {
  const internals = (f as { [JITTED]?: JittedInternals })[JITTED];
  if (!internals) return undefined;
  const { signature, leaves } = internals.prepare(args, exact);
  executableOf(signature.entry);
  return { entry: signature.entry, inputs: [...signature.captures, ...leaves] };
}

/** A call under `debugNans`: the inputs must still be there when a NaN is looked for, so donation waits until then. */
function runChecked(entry: JitEntry, cells: readonly Cell[], label: string): Tensor[] {
  const own = cells.map((c) => backend.own(c));
  const results = backend.run(makeExecutable(entry.program, backend.workspace), cells);
  locateNan(entry.program, own, results, label);
  for (const i of entry.donated) backend.heap.release(own[i], "donated");
  return results;
}

/** A call whose types were not seen before. */
interface Call {
  readonly args: readonly unknown[];
  /** Positions of static arguments. */
  readonly statics: ReadonlySet<number>;
  readonly key: string;
  readonly exact: boolean;
  readonly inputs: readonly Aval[];
  readonly declared: Declared | undefined;
  readonly trace: Trace;
}
/** Traces the function for arguments of such types; `places`: with where its operations were written. */
type Trace = (inputs: readonly Aval[], places: boolean) => Traced;
