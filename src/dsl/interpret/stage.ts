/** What the tracer calls in the place of a captured function, and the interpreter put together. */
import type { AnyFunction } from "../../tracer/staged.js";
import { captureOf } from "../capture.js";
import { codeOf } from "./code.js";
import { evaluate } from "./evaluate.js";
import { execute } from "./execute.js";
import { call, closure } from "./functions.js";
import { loop } from "./loops.js";
import { machine } from "./machine.js";
import { bindPattern } from "./patterns.js";

Object.assign(machine, { evaluate, bindPattern, execute, loop, closure, call } satisfies typeof machine);

export function stage(f: AnyFunction): AnyFunction {
  const record = captureOf(f);
  if (record === undefined) return f;
  const code = codeOf(record);
  return function (this: unknown, ...args: unknown[]) {
    return call(code, code.root, undefined, this, args, undefined, f);
  };
}
