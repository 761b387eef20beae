/**
 * The scan of a function's text before its first trace, in development: JavaScript has no hook for the truth of an object, so
 * what a traced array would decide silently and always the same way is refused here. Captured functions never get here.
 */
import { fail } from "../../diagnostics/error.js";
import type { Span } from "../../diagnostics/span.js";
import { printAval } from "../../ir/aval.js";
import { Tensor } from "../tensor.js";
import { type Condition, type Conditions, conditionsOf, reached } from "./conditions.js";
import { conditionHelp, conditionMessage } from "./messages.js";
import { functionPlace } from "./place.js";
import { inDevelopment, scanSettings } from "./settings.js";

type Callable = (...args: never[]) => unknown;

/** By text: functions that are made anew for every call have the same one, and a weak set of them would keep the collector busy. */
const known = new Map<string, Conditions>();
const MAX_KNOWN = 1000;

/** The function itself, or, while that may have something to say, one that looks at the arguments and then calls it. */
export function scanned<F extends Callable>(f: F): F {
  if (!scanSettings.on) return f;
  const text = Function.prototype.toString.call(f);
  let conditions = known.get(text);
  if (!conditions) {
    conditions = conditionsOf(text);
    // reading writes nothing: an order of use would keep a new copy of the text at each call
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(text, conditions);
  }
  if (conditions.found.length === 0 || !inDevelopment()) return f;
  const found = conditions;
  return function (this: unknown, ...args: never[]) {
    checkConditions(f, text, found, args);
    return f.apply(this, args);
  } as F;
}

/** Refuses (TW1010) a condition over what is a traced array in these arguments. */
function checkConditions(f: Callable, text: string, conditions: Conditions, args: readonly unknown[]): void {
  const wrong = reached(conditions, (c) => {
    const value = valueAt(args, c.path);
    return value instanceof Tensor && decides(c, value);
  });
  if (wrong.length === 0) return;
  const place = functionPlace(f);
  const spans = wrong.map((c) => place?.(text, c.start, c.end));
  const [c] = wrong;
  const others = wrong.slice(1).map((w, i) => `${w.text}${at(spans[i + 1])} is another one`);
  fail("TW1010", conditionMessage(c, printAval((valueAt(args, c.path) as Tensor).aval), f.name), {
    ...(spans[0] ? { span: spans[0] } : {}),
    help: conditionHelp(c),
    notes: others,
  });
}

function at(span: Span | undefined): string {
  return span ? ` (line ${span.line})` : "";
}

/**
 * Does this condition ask for the value? A single number is asked for it. Of larger arrays one asks in this way only whether they
 * are there at all, as in `mask ? scores.add(mask) : scores`, which is right.
 */
function decides({ text, kind }: Condition, value: Tensor): boolean {
  return value.ndim === 0 || kind === "equality" || /^(?:while|switch)\b/.test(text);
}

function valueAt(args: readonly unknown[], path: readonly (string | number)[]): unknown {
  let value: unknown = args;
  for (const key of path) {
    if (typeof value !== "object" || value === null || value instanceof Tensor) return undefined;
    const own = Object.getOwnPropertyDescriptor(value, key);
    if (!own || !("value" in own)) return undefined;
    value = own.value;
  }
  return value;
}
