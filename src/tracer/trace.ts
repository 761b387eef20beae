/** Calls a user's function on traced values and gives the program that it described. */
import { fail } from "../diagnostics/error.js";
import type { Aval } from "../ir/aval.js";
import type { Program } from "../ir/program.js";
import * as tree from "../tree/index.js";
import { Frame, type FrameKind, type NamedAxis, scalar, withFrame } from "./frame.js";
import { isScalarLeaf, leafTensor } from "./leaf.js";
import { isNaming, noteNames } from "./naming.js";
import { type AnyFunction, staged } from "./staged.js";
import { Tensor } from "./tensor.js";

export type { AnyFunction } from "./staged.js";

export interface Traced {
  /** Inputs: captures, then the arguments' leaves. */
  readonly program: Program<"core">;
  readonly captures: readonly Tensor[];
  readonly outTree: tree.TreeDef;
}

export interface TraceOptions {
  readonly kind: FrameKind;
  readonly name?: string;
  /** What the arguments are outside, when that is known (grad and jvp of concrete values). */
  readonly args?: readonly Tensor[];
  readonly axis?: NamedAxis;
  /** Whether equations record where they were written: most of the time that a trace takes. */
  readonly places?: boolean;
  /** The user's own function, where the traced one is a wrapper of it with the same arguments. */
  readonly subject?: AnyFunction;
  /** Values that are inputs of the program whether they are used or not, also when their own trace is over: see rules.ts. */
  readonly adopt?: readonly Tensor[];
}

/** Traces `f`, which takes and returns flat lists of tensors. */
export function traceFlat(
  f: (...args: Tensor[]) => readonly Tensor[],
  avals: readonly Aval[],
  options: TraceOptions,
  argumentNames?: () => readonly string[],
): { program: Program<"core">; captures: readonly Tensor[] } {
  const frame = new Frame(options.kind, options.name ?? "", options.args, options.axis, options.places);
  if (argumentNames) frame.argumentName = (i) => argumentNames()[i];
  options.adopt?.forEach((x) => frame.adopt(x));
  return withFrame(frame, () => {
    const names = isNaming() ? argumentNames?.() : undefined;
    const outputs = f(...avals.map((a, i) => frame.argument(a, names && plainName(names[i]))));
    const program = frame.finish(outputs);
    return { program, captures: frame.captures };
  });
}

/** Traces `f` on arguments of the given tree; numbers in its result become arrays. */
export function traceFunction(
  f: AnyFunction,
  avals: readonly Aval[],
  inTree: tree.TreeDef,
  options: TraceOptions,
): Traced {
  let outTree: tree.TreeDef | undefined;
  const name = options.name ?? f.name;
  if (isNaming()) {
    const subject = options.subject ?? f;
    noteNames({ kind: options.kind, name: userName(subject), inTree, names: leafNames(subject, inTree) });
  }
  const { program, captures } = traceFlat(
    (...leaves) => {
      const args = tree.unflatten(inTree, leaves) as unknown[];
      const result = staged(f)(...args);
      const flat = flattenResult(result, name, options.kind);
      outTree = flat.treedef;
      return flat.leaves;
    },
    avals,
    { ...options, name },
    () => leafNames(options.subject ?? f, inTree),
  );
  return { program, captures, outTree: outTree as tree.TreeDef };
}

/** The leaves of a traced function's result as tensors. */
function flattenResult(result: unknown, name: string, kind: string): { leaves: Tensor[]; treedef: tree.TreeDef } {
  if (result instanceof Promise) {
    result.catch(() => {});
    fail(
      "TW1005",
      `${kind}: the function ${name || "(anonymous)"} is async; what it does after its first await cannot be traced`,
      {
        help: "make it synchronous and await data() outside of it",
      },
    );
  }
  const { leaves, treedef } = tree.flatten(result);
  return {
    leaves: leaves.map((x) =>
      x instanceof Tensor
        ? x
        : isScalarLeaf(x)
          ? (leafTensor(x, () => "") ?? scalar(0, "f32"))
          : leafTensor(x, () => `${kind}: the result of ${name || "the function"}`),
    ),
    treedef,
  };
}

/** The object of a compiled method comes last among its arguments, as `{ this: object }`. */
const RECEIVER = /^\[\d+\]\.this(?=[.[]|$)/;

/** What the user calls a function: under jit, too, which keeps the function itself. */
export function userName(f: AnyFunction): string {
  return "original" in f && typeof f.original === "function" ? f.original.name : f.name;
}

/** What a function calls the leaves of its arguments: "params.w". */
export function leafNames(f: AnyFunction, inTree: tree.TreeDef): string[] {
  const names = parameterNames(f);
  const paths = tree.pathsOf(inTree);
  return paths.map((path) =>
    path.replace(RECEIVER, "this").replace(/^\[(\d+)\]/, (_, i) => names[Number(i)] ?? `argument ${i}`),
  );
}

/** Not for "argument 0.w", which says that there is no name. */
const plainName = (name: string | undefined): string | undefined =>
  name === undefined || name.includes(" ") ? undefined : name;

const NATIVE = /\{\s*\[native code\]\s*\}\s*$/;
/** Names of a function's parameters, as far as they are plain. */
export function parameterNames(f: AnyFunction): readonly (string | undefined)[] {
  const text = Function.prototype.toString.call(f);
  if (NATIVE.test(text)) return [];
  const list =
    /^(?:async\s+)?([\w$]+)\s*=>/.exec(text) ?? /^(?:async\b\s*)?(?:function\b\s*)?[\w$#]*\s*\(([^()]*)\)/.exec(text);
  return splitParameters(list?.[1] ?? "").map((p) => /^\s*([\w$]+)\s*(?:=.*)?$/s.exec(p)?.[1]);
}

/** At the commas between parameters, not at those in patterns and defaults; texts in them end what can be told. */
function splitParameters(text: string): string[] {
  const plain = text.replace(/\/\*.*?\*\/|\/\/.*/g, "");
  const list: string[] = [];
  let depth = 0;
  let from = 0;
  let at = 0;
  for (; at < plain.length; at++) {
    const c = plain[at];
    if ("\"'`".includes(c)) break;
    if ("[{(".includes(c)) depth++;
    else if ("]})".includes(c)) depth--;
    else if (c === "," && depth === 0) {
      list.push(plain.slice(from, at));
      from = at + 1;
    }
  }
  if (plain.slice(from, at).trim() !== "") list.push(plain.slice(from, at));
  return list;
}

/** How error messages call a leaf of the arguments: "argument 0.w". */
export function argumentName(fname: string, args: readonly unknown[], leaf: number): string {
  const { paths } = tree.flattenWithPath(args);
  const path = paths[leaf] ?? "";
  const place = RECEIVER.test(path) ? path.replace(RECEIVER, "this") : `argument ${path.replace(/^\[(\d+)\]/, "$1")}`;
  return `${fname ? `${fname}: ` : ""}${place}`;
}
