/** Keeps the captured source of functions beside them. Shared by all copies of the package in a program. */
import type { CaptureRecord } from "./ast.js";

const KEY = Symbol.for("tilework.capture");

type Records = WeakMap<object, CaptureRecord>;

function records(): Records {
  const holder = globalThis as { [KEY]?: Records };
  holder[KEY] ??= new WeakMap();
  return holder[KEY];
}

/**
 * Attaches its source to a function; what the build plugin and the Node hook write around functions. Returns the function.
 *
 * @param name Of a function without one: what the syntax around it called it before it was wrapped.
 */
export function capture<F extends object>(fn: F, record: CaptureRecord, name?: string): F {
  records().set(fn, record);
  if (name !== undefined) Object.defineProperty(fn, "name", { value: name, configurable: true });
  return fn;
}

/** The source of a captured function. */
export function captureOf(fn: object): CaptureRecord | undefined {
  return (globalThis as { [KEY]?: Records })[KEY]?.get(fn);
}
