/** Arguments that options of `jit` name by position. */
import { fail } from "../diagnostics/error.js";
import { describeValue } from "../tracer/leaf.js";
import type { AnyFunction } from "../tracer/trace.js";

const COUNTED = { help: "arguments are counted from 0, and from -1 backwards" };

/** The option as a list of whole numbers. */
export function positions(
  label: string,
  option: string,
  list: number | readonly number[] | undefined,
): readonly number[] {
  const all = list === undefined ? [] : Array.isArray(list) ? (list as readonly number[]) : [list as number];
  for (const n of all) {
    if (!Number.isInteger(n)) {
      fail("TW1007", `${label}: ${option} names argument ${typeof n === "number" ? n : describeValue(n)}`, COUNTED);
    }
  }
  return all;
}

/** Can take arguments that `length` does not count: it has a rest parameter, defaults, patterns, or hides what it has. */
function takesMore(f: AnyFunction): boolean {
  const source = Function.prototype.toString.call(f);
  const plain = /^(?:async\s+)?(?:function\b\s*)?[\w$]*\s*(?:\([\w$,\s]*\)|=>)/.test(source);
  return !plain || /\barguments\b|\[native code\]/.test(source);
}

/**
 * Positions of the arguments of this call: negative ones count from its end. Those of optional arguments that are left out
 * stay.
 */
export function positionsOf(
  label: string,
  option: string,
  list: readonly number[],
  count: number,
  f: AnyFunction,
): readonly number[] {
  return list.map((n) => {
    if (n < -count || (n >= count && n >= f.length && !takesMore(f))) {
      fail("TW1007", `${label}: ${option} names argument ${n}, but the function was called with ${count}`, COUNTED);
    }
    return n < 0 ? n + count : n;
  });
}
