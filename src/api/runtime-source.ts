/** The source of functions that no tool has read, with all that their text may name. With it comes the parser. */
import { capture, captureOf } from "../dsl/capture.js";
import { closureNodes } from "../dsl/interpret/calls.js";
import { parseRuntimeFunction } from "../dsl/estree/index.js";
import { installInterpreter } from "../dsl/install.js";
import * as language from "../dsl/kernel/index.js";
import * as lax from "../lax/index.js";
import * as numpy from "../numpy/index.js";
import { currentSpan } from "../diagnostics/span.js";
import { checkFunction } from "../tracer/leaf.js";
import type { AnyFunction } from "../tracer/staged.js";

/**
 * The function with its source beside it: itself, where a tool has attached that, else a copy, as its constants belong to this use.
 *
 * @param role What the function is, for messages: "kernel".
 */
export function withSource(fn: AnyFunction, role: string, constants?: Readonly<Record<string, unknown>>): AnyFunction {
  checkFunction(role, fn);
  // functions of a traced function are the interpreter's, which knows their source
  if (captureOf(fn) || closureNodes.has(fn)) return fn;
  installInterpreter();
  const namespaces = { np: numpy, numpy, lax };
  const record = parseRuntimeFunction(fn, { language, namespaces, role, constants, made: currentSpan() });
  const copy: AnyFunction = function (this: unknown, ...args: unknown[]) {
    return fn.apply(this, args);
  };
  Object.defineProperty(copy, "length", { value: fn.length, configurable: true });
  return capture(copy, record, fn.name);
}
