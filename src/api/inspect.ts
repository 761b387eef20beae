/** Programs without running them: shapes of results, the traced program, what was compiled and why. */
import { fail } from "../diagnostics/error.js";
import type { Aval } from "../ir/aval.js";
import type { Dim } from "../ir/dim.js";
import { nestedPrograms } from "../ir/rewrite.js";
import { printProgram } from "../ir/print.js";
import type { Program } from "../ir/program.js";
import { type Profile, profileProgram } from "../jit/profile.js";
import { type Stages, stagesOf } from "../jit/stages.js";
import { boundsNotes } from "../simplify/bounds/notes.js";
import { simplify } from "../simplify/index.js";
import { checkFunction, leafAval, ShapeDtype } from "../tracer/leaf.js";
import { Tensor } from "../tracer/tensor.js";
import { type AnyFunction, argumentName, type Traced, traceFunction } from "../tracer/trace.js";
import { withHoles } from "../transforms/sizes/index.js";
import * as tree from "../tree/index.js";
import { tuningNotes } from "./autotune/index.js";
import { backend } from "./backend.js";
import { declaredAxes, type DynamicOption } from "./dynamic-option.js";
import { jit, jitEntry } from "./jit.js";
import { kernelInternals } from "./kernel.js";
import { Family } from "./promotion.js";

/** The function's core program for arguments of these shapes (arrays, or `new ShapeDtype(shape, dtype)`). */
export function makeProgram(f: AnyFunction): (...args: unknown[]) => Program<"core"> {
  checkFunction("makeProgram", f);
  const closed = kernelInternals(f)?.closed;
  if (closed) {
    return (...args) => {
      const call = closed(args);
      return makeProgram(call.f)(...call.args);
    };
  }
  return (...args) => {
    const { leaves, treedef } = tree.flatten(args);
    const avals = leaves.map((x, i) => leafAval(x, () => argumentName(f.name, args, i)));
    return traceFunction(f, avals, treedef, { kind: "shape", name: f.name || "main" }).program;
  };
}

/**
 * The core program over the sizes that `dynamic` names (as for `jit`), or why there is none.
 * @internal
 */
export function programOverSizes(
  f: AnyFunction,
  args: readonly unknown[],
  dynamic: DynamicOption,
): Program<"core"> | string {
  const name = f.name || "main";
  const { leaves, treedef } = tree.flatten(args);
  const inputs = leaves.map((x, i) => leafAval(x, () => argumentName(f.name, args, i)));
  const trace = (avals: readonly Aval[]): Traced => traceFunction(f, avals, treedef, { kind: "shape", name });
  const { program, captures } = trace(inputs);
  const retrace = (avals: readonly Aval[]): Program<"core"> | undefined => {
    try {
      return trace(avals).program;
    } catch {
      return undefined;
    }
  };
  const declared = declaredAxes(name, dynamic, args, inputs);
  const { variant, reason } = new Family().promote({ program, inputs, seen: true }, declared, retrace);
  return variant ? withHoles(variant.template, captures.length) : reason;
}

/** Shapes and dtypes of the results, with nothing computed. Arguments may be arrays or `ShapeDtype`s. */
export function evalShape(f: AnyFunction, ...args: unknown[]): unknown {
  checkFunction("evalShape", f);
  const call = kernelInternals(f)?.closed(args);
  if (call) return evalShape(call.f, ...call.args);
  const { leaves, treedef } = tree.flatten(args);
  const avals = leaves.map((x, i) => leafAval(x, () => argumentName(f.name, args, i)));
  const { program, outTree } = traceFunction(f, avals, treedef, { kind: "shape", name: f.name });
  return tree.unflatten(
    outTree,
    program.outputs.map(
      (o) =>
        new ShapeDtype(
          o.aval.shape.map((d: Dim) => d as number),
          o.aval.dtype,
        ),
    ),
  );
}

/** What `explain` tells about one compiled signature. */
export interface Explanation {
  readonly core: string;
  /** The text of each level below: `plan()`, `tile()`, `loop()`, `wat()` (with binaryen installed), and `wgsl()`. */
  readonly stages: Stages;
  /** Milliseconds by pass. */
  readonly passes: readonly { readonly name: string; readonly ms: number }[];
  /** Signatures compiled so far, each with its reason. */
  readonly compiles: readonly string[];
  /** Sizes that the program takes when it runs, each with its axes, as in "n ≥ 2: axis 0 of argument 1". */
  readonly dynamic: readonly string[];
  readonly notes: readonly string[];
  readonly arenaBytes: number;
  /**
   * Where the time of a run goes: runs the program for about `seconds` (0.5) on copies of these arguments and times each of
   * its kernels. The arguments stay as they are; callbacks are called in every run.
   */
  profile(options?: { readonly seconds?: number }): Profile;
}

function keptNote(positions: readonly number[]): string[] {
  if (positions.length === 0) return [];
  const inputs = positions.map((i) => `in${i}`).join(", ");
  return [`packed copies of ${inputs} are kept between calls: it was compiled a second time for that`];
}

/** How kernels in the program add up cotangents. */
function kernelNotes(program: Program<"core">): string[] {
  return program.eqns.flatMap((eqn) => [
    ...(eqn.prim === "kernel_call" ? (eqn.params.notes ?? []).map((n) => `${eqn.params.name}: ${n}`) : []),
    ...nestedPrograms(eqn).flatMap(kernelNotes),
  ]);
}

/** Every stage of the compiled program for these arguments, the passes' times, and why it was compiled. */
export function explain(f: AnyFunction): (...args: unknown[]) => Explanation {
  checkFunction("explain", f);
  return (...args) => {
    const jitted = "entries" in f ? f : jit(f);
    const { entry, inputs = [] } = jitEntry(jitted, args) ?? {};
    const compiled = entry?.executable?.compiled;
    if (!entry || !compiled)
      fail("TW4004", "explain: this function has no compiled program", { help: "pass a function made by jit" });
    return {
      core: printProgram(entry.program),
      stages: stagesOf(compiled, entry.program),
      passes: [{ name: "trace", ms: entry.traceMs }, ...compiled.timings],
      compiles: (jitted as unknown as { entries(): readonly { reason: string; program: Program<"core"> }[] })
        .entries()
        .map((e) => e.reason),
      dynamic: entry.sizes.map((s, i) => `${s.name} ≥ ${s.atLeast}: ${entry.axes[i].join(", ")}`),
      notes: [
        ...(entry.refusal ? [`not dynamic: ${entry.refusal}`] : []),
        ...kernelNotes(entry.program),
        ...boundsNotes(simplify(entry.program)),
        ...compiled.plan.notes,
        ...tuningNotes(f, args),
        ...(compiled.shares?.notes ?? []),
        ...keptNote(entry.executable?.keeper?.positions ?? []),
        backend.threadNote(),
      ],
      arenaBytes: compiled.arenaBytes,
      profile: ({ seconds = 0.5 } = {}) => {
        // steps are timed at the sizes at hand
        const exact = entry.sizes.length > 0 ? jitEntry(jitted, args, true) : undefined;
        const cells = (exact?.inputs ?? inputs).map((t) => backend.own(Tensor.source(t).cell("profile")));
        return profileProgram(exact?.entry.executable?.compiled ?? compiled, backend.workspace, cells, seconds);
      },
    };
  };
}

/** Waits until the values of all arrays of a tree are there; gives the tree. */
export async function blockUntilReady<T>(values: T): Promise<T> {
  await Promise.all(tree.leaves(values).map((x) => (x instanceof Tensor ? x.blockUntilReady() : x)));
  return values;
}

/**
 * The arrays in the heap's memory, with their sizes in bytes: in Node those that something still refers to, elsewhere also those
 * that were not collected yet. An array that was moved out under memory pressure
 * is listed again once it is used: until then only its owner holds it, so that the engine can collect what nobody uses.
 * @example liveArrays().reduce((bytes, a) => bytes + a.bytes, 0)
 */
export function liveArrays(): { shape: readonly number[]; dtype: string; bytes: number }[] {
  if (!backend.started) return [];
  return backend.heap
    .live()
    .map((c) => ({ shape: c.aval.shape as readonly number[], dtype: c.aval.dtype, bytes: c.bytes }));
}

/** Bytes that arrays take now. */
export function memoryStats(): ReturnType<typeof backend.heap.stats> {
  return backend.heap.stats();
}

export { ShapeDtype };
