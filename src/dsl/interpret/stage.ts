/** What the tracer calls in the place of a captured function. */
import type { AnyFunction } from "../../tracer/staged.js";
import { captureOf } from "../capture.js";
import { codeOf } from "./code.js";

export function stage(f: AnyFunction): AnyFunction {
  const record = captureOf(f);
  if (record === undefined) return f;
  codeOf(record);
  return f;
}
