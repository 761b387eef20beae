/** What the rules share: located complaints about operands. */
import { fail } from "../../diagnostics/error.js";
import { type Aval, printAval } from "../aval.js";
import { type Dim, dimEqual, type Shape, SymDim } from "../dim.js";
import type { DType } from "../dtype.js";
import type { AbstractEvalContext } from "./index.js";

export function printShape(s: Shape): string {
  return `[${s.map(String).join(", ")}]`;
}

export function sameShape(ctx: AbstractEvalContext, inputs: readonly Aval[]): void {
  const first = inputs[0].shape;
  for (let i = 1; i < inputs.length; i++) {
    const s = inputs[i].shape;
    if (s === first) continue;
    if (s.length !== first.length || s.some((d, k) => d !== first[k] && dimEqual(d, first[k]) === false)) {
      fail("TW2001", `${ctx.prim}: shapes differ: ${inputs.map(printAval).join(" and ")}`, {
        span: ctx.span,
        help: "give operands of one shape; the np functions broadcast",
      });
    }
  }
}

export function sameDtype(ctx: AbstractEvalContext, inputs: readonly Aval[]): void {
  for (let i = 1; i < inputs.length; i++) {
    if (inputs[i].dtype !== inputs[0].dtype) {
      fail("TW2006", `${ctx.prim}: dtypes differ: ${inputs.map(printAval).join(" and ")}`, {
        span: ctx.span,
        help: "convert one side with .astype(dtype); the np functions promote",
      });
    }
  }
}

export function accepts(ctx: AbstractEvalContext, x: Aval, accepted: (d: DType) => boolean, kinds: string): void {
  if (!accepted(x.dtype)) {
    fail("TW2005", `${ctx.prim}: takes ${kinds}, not ${printAval(x)}`, {
      span: ctx.span,
      help: "convert the operand with .astype(dtype)",
    });
  }
}

export function checkRank(ctx: AbstractEvalContext, x: Aval, rank: number, what = "the operand"): void {
  if (x.shape.length !== rank) {
    fail("TW2007", `${ctx.prim}: ${what} must have rank ${rank}, not ${printAval(x)}`, {
      span: ctx.span,
      help: "reshape it",
    });
  }
}

export function checkAxis(ctx: AbstractEvalContext, axis: number, rank: number): void {
  if (!Number.isInteger(axis) || axis < 0 || axis >= rank) {
    fail("TW2004", `${ctx.prim}: axis ${axis} does not exist in an array of rank ${rank}`, {
      span: ctx.span,
      help: `axes run from 0 to ${rank - 1}`,
    });
  }
}
export function checkAxes(ctx: AbstractEvalContext, axes: readonly number[], rank: number): void {
  for (const a of axes) checkAxis(ctx, a, rank);
  if (new Set(axes).size !== axes.length)
    fail("TW2004", `${ctx.prim}: an axis is named twice in [${axes.join(", ")}]`, {
      span: ctx.span,
      help: "name each axis once",
    });
}
/** Every parameter list has one entry for each axis. */
export function checkLength(ctx: AbstractEvalContext, name: string, list: readonly unknown[], rank: number): void {
  if (list.length !== rank) {
    fail("TW2011", `${ctx.prim}: ${name} has ${list.length} entries for ${rank} axes`, {
      span: ctx.span,
      help: "give one entry for each axis",
    });
  }
}
/** Known sizes of a result are whole numbers from 0. */
export function checkSizes(ctx: AbstractEvalContext, shape: Shape): void {
  for (const d of shape) {
    if (typeof d === "number" ? !(Number.isInteger(d) && d >= 0) : !(d instanceof SymDim))
      bad(ctx, `${String(d)} is not a size (shape ${printShape(shape)})`, "sizes are whole numbers from 0");
  }
}
export function differ(a: Dim, b: Dim): boolean {
  return a !== b && dimEqual(a, b) === false;
}
export function bad(ctx: AbstractEvalContext, message: string, help?: string): never {
  return fail("TW2011", `${ctx.prim}: ${message}`, { span: ctx.span, ...(help ? { help } : {}) });
}
export function allWeak(inputs: readonly Aval[]): boolean {
  for (const a of inputs) if (!a.weak) return false;
  return inputs.length > 0;
}
