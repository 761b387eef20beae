/** A kernel's function traced to the body of its launch. */
import { fail } from "../../diagnostics/error.js";
import type { SpanRef } from "../../diagnostics/span.js";
import { type Aval, aval } from "../../ir/aval.js";
import { isInt } from "../../ir/dtype.js";
import type { Program } from "../../ir/program.js";
import { Frame, withFrame } from "../../tracer/frame.js";
import { type AnyFunction, staged } from "../../tracer/staged.js";
import type { Tensor } from "../../tracer/tensor.js";
import type { Node } from "../ast.js";
import { captureOf } from "../capture.js";
import { codeOf } from "../interpret/code.js";
import { inRegion, Region, state } from "../interpret/region.js";
import { stage } from "../interpret/stage.js";
import { markCounter, markSoft } from "../interpret/values.js";
import { FIELDS } from "../schema.js";
import { inLaunch } from "./launch.js";
import { KernelRef } from "./ref.js";
import { describeArgument } from "./values.js";

export interface KernelBody {
  readonly program: Program<"core">;
  /** Arrays that the function closes over: its first reads. */
  readonly captures: readonly Tensor[];
}

export interface BodyOptions {
  readonly name: string;
  readonly fn: AnyFunction;
  readonly self: unknown;
  readonly parameters: readonly string[];
  readonly args: readonly Aval[];
  readonly outs: readonly Aval[];
  readonly meta: readonly unknown[];
  readonly grid: readonly number[];
}

/** The body: (...captures, ...arguments, ...program ids, ...outs) -> outs. */
export function traceBody({ name, fn, self, parameters, args, outs, meta, grid }: BodyOptions): KernelBody {
  const frame = new Frame("kernel", name, undefined, undefined, true);
  frame.argumentName = (i) => parameters[i];
  return withFrame(frame, () => {
    const region = new Region(state.region === undefined ? "root" : "foreign", state.region, frame);
    return inRegion(region, () => {
      const values = args.map((a, i) => argument(frame, a, parameters[i]));
      const ids = grid.map(() => frame.argument(aval([], "i32")));
      const refs = outs.map((a, k) => {
        const called = parameters[args.length + k];
        return new KernelRef(called, "out", frame.argument(a, called));
      });
      // the library's own kernels are interpreted also where nothing installs the interpreter for the program's functions
      const run = captureOf(fn) === undefined ? staged(fn) : stage(fn);
      const result = inLaunch({ name, grid, ids }, () => run.apply(self, [...values, ...refs, ...meta]));
      checkResult(name, fn, result);
      const program = frame.finish(refs.map((r) => r.contents));
      return { program, captures: frame.captures };
    });
  });
}

/** Arrays are references; a scalar is the value itself, and one that was JavaScript's number behaves as one beside others. */
function argument(frame: Frame, a: Aval, name: string): unknown {
  const x = frame.argument(aval(a.shape, a.dtype), name);
  if (a.shape.length > 0) return new KernelRef(name, "input", x);
  if (!a.weak) return x;
  return isInt(a.dtype) ? markCounter(x) : markSoft(x);
}

function checkResult(name: string, fn: AnyFunction, result: unknown): void {
  if (result === undefined) return;
  if (result instanceof Promise) {
    result.catch(() => {});
    fail("TW1005", `kernel(${name}): the function is async`, { help: "a kernel is a plain function" });
  }
  const what = typeof result === "object" && Symbol.iterator in (result as object) && !Array.isArray(result);
  if (what && typeof (result as { next?: unknown }).next === "function") {
    fail("TW8013", `kernel(${name}): the function is a generator`, { help: "a kernel is a plain function" });
  }
  const span = returnOf(fn);
  fail("TW8013", `kernel(${name}): the function returns ${describeArgument(result)}`, {
    ...(span ? { span } : {}),
    help: "a kernel gives what it stores: store(out, [index], value)",
  });
}

/** The return statement with a value. */
function returnOf(fn: AnyFunction): SpanRef | undefined {
  const record = captureOf(fn);
  if (!record) return undefined;
  const code = codeOf(record);
  const find = (value: unknown): Node | undefined => {
    if (Array.isArray(value)) {
      for (const v of value) {
        const found = find(v);
        if (found) return found;
      }
      return undefined;
    }
    if (typeof value !== "object" || value === null || !("kind" in value)) return undefined;
    const node = value as Node;
    if (node.kind === "function") return undefined;
    if (node.kind === "return") return node.value ? node : undefined;
    for (const [field] of FIELDS.get(node.kind)?.fields ?? []) {
      const found = find((node as unknown as Record<string, unknown>)[field]);
      if (found) return found;
    }
    return undefined;
  };
  const at = find(code.root.body);
  return at ? code.span(at) : undefined;
}
