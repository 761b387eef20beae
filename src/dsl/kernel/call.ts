/** A kernel's function traced to the equation of its launch. */
import { fail } from "../../diagnostics/error.js";
import { type Aval, aval } from "../../ir/aval.js";
import type { Program } from "../../ir/program.js";
import { Frame, withFrame } from "../../tracer/frame.js";
import { type AnyFunction, staged } from "../../tracer/staged.js";
import type { Tensor } from "../../tracer/tensor.js";
import { captureOf } from "../capture.js";
import { inRegion, Region, state } from "../interpret/region.js";
import { stage } from "../interpret/stage.js";
import { inLaunch } from "./launch.js";
import { KernelRef } from "./ref.js";

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
  const frame = new Frame("kernel", name, undefined, undefined);
  frame.argumentName = (i) => parameters[i] ?? undefined;
  return withFrame(frame, () => {
    const region = new Region(state.region === undefined ? "root" : "foreign", state.region, frame);
    return inRegion(region, () => {
      const values = args.map((a, i) => {
        const x = frame.argument(a, parameters[i]);
        return a.shape.length === 0 ? x : new KernelRef(parameters[i], "input", x);
      });
      const ids = grid.map((_, axis) => frame.argument(aval([], "i32"), `program${axis}`));
      const refs = outs.map((a, k) => {
        const called = parameters[args.length + k];
        return new KernelRef(called, "out", frame.argument(a, called));
      });
      // the library's own kernels are interpreted also where nothing installs the interpreter for the program's functions
      const run = captureOf(fn) === undefined ? staged(fn) : stage(fn);
      const result = inLaunch({ name, grid, ids }, () => run.apply(self, [...values, ...refs, ...meta]));
      if (result instanceof Promise) {
        result.catch(() => {});
        fail("TW1005", `kernel(${name}): the function is async`, { help: "a kernel is a plain function" });
      }
      if (result !== undefined) {
        fail("TW8013", `kernel(${name}): the function returns a value`, {
          help: "store it to an out: store(out, index, value)",
        });
      }
      const program = frame.finish(refs.map((r) => r.contents));
      return { program, captures: frame.captures };
    });
  });
}
