/** What a call of a kernel gives, and over which grid: checked before anything runs. */
import { fail } from "../../diagnostics/error.js";
import { type Aval, aval, printAval } from "../../ir/aval.js";
import { DTYPES, type DType } from "../../ir/dtype.js";
import { describeValue } from "../../tracer/leaf.js";
import { TracedSource } from "../../tracer/frame.js";
import { isTensor, Tensor } from "../../tracer/tensor.js";
import { dtypeHelp } from "./checks.js";

/** What an out looks like: a tensor, or a shape and a dtype (f32 by default). */
export interface OutSpec {
  readonly shape: readonly number[];
  readonly dtype?: DType;
}

export interface Outs {
  readonly avals: readonly Aval[];
  /** A list of outs was asked for, so a list is given. */
  readonly isList: boolean;
}

export function outsOf(name: string, given: unknown): Outs {
  const isList = Array.isArray(given);
  const list: readonly unknown[] = isList ? given : [given];
  if (list.length === 0) fail("TW8016", `${name}: out is an empty list`, { help: "a kernel gives one array or more" });
  const avals = list.map((spec, k) => {
    const which = isList ? `out ${k}` : "out";
    const refuse = (what: string, help?: string): never =>
      fail("TW8016", `${name}: ${which} ${what}`, {
        help: help ?? "give a tensor, whose shape and dtype it takes, or { shape: [n], dtype: 'f32' }",
      });
    if (typeof spec !== "object" || spec === null || !("shape" in spec)) return refuse(`is ${describeValue(spec)}`);
    const { shape, dtype = "f32" } = spec as { shape: unknown; dtype?: unknown };
    if (!Array.isArray(shape)) return refuse(`has a shape that is ${describeValue(shape)}`);
    const bad = shape.find((d) => typeof d !== "number" || !Number.isInteger(d) || d < 0);
    if (bad !== undefined) return refuse(`has the size ${isTensor(bad) ? printAval(bad.aval) : String(bad)}`);
    if (!(DTYPES as readonly unknown[]).includes(dtype))
      return refuse(`has the dtype ${String(dtype)}`, dtypeHelp(dtype));
    return aval(shape as number[], dtype as DType);
  });
  return { avals, isList };
}

export function gridOf(name: string, given: unknown): readonly number[] {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (list.length === 0) fail("TW8010", `${name}: the grid has no axis`, { help: "write grid: [n]" });
  list.forEach((n, axis) => {
    const where = list.length === 1 ? `the grid of ${name}` : `axis ${axis} of the grid of ${name}`;
    if (isTensor(n)) {
      const source = Tensor.source(n);
      const kind = source instanceof TracedSource ? source.frame.kind : undefined;
      fail("TW8010", `${where} is ${printAval(n.aval)}${kind ? `, a value that is traced by ${kind}` : ""}`, {
        help:
          kind === "vmap"
            ? "under vmap all examples run the same grid: make it of shapes and constants, and mask inside"
            : "a grid is known before the kernel runs: make it of shapes and constants, such as cdiv(x.shape[0], BLOCK)",
      });
    }
    if (typeof n === "number" && Number.isInteger(n) && n >= 0) return;
    fail("TW8010", `${where} is ${typeof n === "number" ? n : describeValue(n)}`, {
      help:
        typeof n === "number" && !Number.isFinite(n)
          ? "a size or constant that it is made of is 0 or missing: cdiv(n, 0) is Infinity"
          : "a grid is a number of programs, or a list of them: [cdiv(n, BLOCK)]",
    });
  });
  return list as readonly number[];
}
