/**
 * Captured source without tooling: a function's own text, as `toString` gives it, read at run time. The result is what the build
 * plugin would have attached, but for the names around the function, which its text does not tell: see names.ts.
 */
import { fail } from "../../diagnostics/error.js";
import type { SpanRef } from "../../diagnostics/span.js";
import { AST_VERSION, type CaptureRecord } from "../ast.js";
import { capture } from "../capture.js";
import { encode } from "../encode.js";
import type { Names } from "./context.js";
import { readFunction } from "./function.js";
import { isReady, namesAround, type Surroundings } from "./names.js";
import { placeOf } from "./place.js";
import { isNative } from "./text.js";
import { unreadable } from "./unknown.js";

export interface RuntimeOptions extends Surroundings {
  /** What the function is, for messages: "kernel". */
  readonly role?: string;
  /** Where the user's code handed it over. */
  readonly made?: SpanRef | undefined;
}

type AnyFunction = (...args: never[]) => unknown;

/** The record of a function whose source nobody captured. What is refused in it stands in `errors` and is raised at the first trace. */
export function parseRuntimeFunction(fn: AnyFunction, options: RuntimeOptions): CaptureRecord {
  const role = options.role ?? "function";
  if (isNative(Function.prototype.toString.call(fn))) {
    const help = "give the function itself, not one made by bind or by the engine";
    const { code, message } = unreadable(fn.name, "it is bound, or the engine's own", help);
    fail(code, `${role}: ${message}`, { help, span: options.made });
  }
  const helpers = new Map<unknown, unknown>();
  const helper = (value: unknown): unknown => {
    if (isReady(value, options)) return value;
    if (!helpers.has(value)) helpers.set(value, helperOf(value as AnyFunction, names, options));
    return helpers.get(value);
  };
  const names = namesAround(options, helper);
  return recordOf(fn, names, options, role);
}

function recordOf(fn: AnyFunction, names: Names, options: RuntimeOptions, role: string): CaptureRecord {
  const text = Function.prototype.toString.call(fn);
  const read = readFunction(text, fn.name, names);
  const lines: number[] = [];
  for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) lines.push(i + 1);
  return {
    v: AST_VERSION,
    ...placeOf(text, fn.name ? `${role} ${fn.name}` : role, options.made),
    lines,
    ast: read.errors.length > 0 || !read.node ? "" : encode({ ...read.node, name: read.node.name || fn.name }),
    source: text,
    values: Object.fromEntries(read.values),
    ...(read.errors.length > 0 ? { errors: read.errors } : {}),
  };
}

/**
 * A function among the constants is read like the function that uses it. One that names what is not known here runs as ordinary
 * JavaScript, as any function does that a captured one calls and nobody captured.
 */
function helperOf(fn: AnyFunction, names: Names, options: RuntimeOptions): AnyFunction {
  const record = recordOf(fn, names, options, "function");
  if (record.errors) return fn;
  // a copy has the record: elsewhere the function remains what it was
  const copy: AnyFunction = function (this: unknown, ...args) {
    return Reflect.apply(fn, this, args);
  };
  return capture(copy, record, fn.name);
}
