/** Calls: of captured functions, of the library, of JavaScript's own methods, and of any other function. */
import { fail } from "../../diagnostics/error.js";
import { locate, type SpanRef } from "../../diagnostics/span.js";
import { array, asarray } from "../../numpy/creation.js";
import { stack, unstack } from "../../numpy/joining.js";
import type { AnyFunction } from "../../tracer/staged.js";
import { Tensor } from "../../tracer/tensor.js";
import type { FunctionNode } from "../ast.js";
import { captureOf } from "../capture.js";
import { isKernel } from "../kernel/runner.js";
import { checkRange, range } from "../range.js";
import { codeOf } from "./code.js";
import { registerStack, stackOf } from "./lists.js";
import { machine } from "./machine.js";
import { globalOnTensors } from "./operators.js";
import { checkMutation, made, madeHere, state } from "./region.js";
import { isTraced, RangeValue } from "./values.js";

export interface CallSite {
  readonly span: SpanRef;
  /** The function is one of this package's, or a tensor's method. */
  readonly library: boolean;
  readonly name: string;
}

/** Closures of the interpreter: they say themselves where they are. */
export const closures = new WeakMap<object, (self: unknown, args: unknown[], at: SpanRef) => unknown>();

/** Where the interpreter's functions stand in the source: their trees. */
export const closureNodes = new WeakMap<object, FunctionNode>();

export function callValue(fn: unknown, self: unknown, args: unknown[], site: CallSite): unknown {
  if (typeof fn !== "function") {
    const at = site.span.resolve();
    const where = at ? ` (${at.file}:${at.line}:${at.column})` : "";
    throw new TypeError(`${site.name || "the value"} is not a function${where}`);
  }
  if (fn === range) return makeRange(args, site.span);
  const known = globalOnTensors(fn, args, site.span);
  if (known) return known.value;
  const record = captureOf(fn);
  if (record) {
    const code = codeOf(record);
    return machine.call(code, code.root, undefined, self, args, site.span, fn);
  }
  const own = closures.get(fn);
  if (own) return own(self, args, site.span);
  if (Array.isArray(self)) return listMethod(fn, self, args, site);
  if ((self instanceof Map || self instanceof Set) && MUTATORS.has(fn.name))
    checkMutation(self, `.${fn.name}()`, site.span);
  if (STACKERS.has(fn) && args.length === 1) {
    const stacked = stackOf(args[0])?.stacked;
    if (stacked instanceof Tensor) return stacked;
  }
  const before = locate(site.library || isKernel(fn) || isBuiltIn(fn, args) ? site.span : undefined);
  const value: unknown = Reflect.apply(fn, self, args);
  locate(before);
  // a loop over it is one scan, as over the array itself
  if (fn === unstack && args.length === 1 && args[0] instanceof Tensor && Array.isArray(value))
    registerStack(value, args[0]);
  if ((site.library || MAKERS.has(fn)) && typeof value === "object" && value !== null && !(value instanceof Tensor))
    made(value);
  return value;
}

/** JavaScript's own, which no stack shows; given an ordinary function, that one's own lines are the place. */
function isBuiltIn(fn: Function, args: readonly unknown[]): boolean {
  let known = builtIns.get(fn);
  if (known === undefined) {
    known = /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(fn));
    builtIns.set(fn, known);
  }
  return known && args.every((x) => typeof x !== "function" || closures.has(x));
}
const builtIns = new WeakMap<Function, boolean>();

const STACKERS: ReadonlySet<unknown> = new Set<unknown>([stack, array, asarray]);
/** Functions of JavaScript's that give new containers. */
const MAKERS: ReadonlySet<unknown> = new Set<unknown>([
  Array.from,
  Array.of,
  Array,
  Object.keys,
  Object.values,
  Object.entries,
  Object.fromEntries,
]);
const MUTATORS: ReadonlySet<string> = new Set([
  "push",
  "pop",
  "shift",
  "unshift",
  "splice",
  "sort",
  "reverse",
  "fill",
  "copyWithin",
  "set",
  "add",
  "delete",
  "clear",
]);
/** Methods that ask a callback for a decision. */
const DECIDERS: ReadonlySet<string> = new Set([
  "some",
  "every",
  "filter",
  "find",
  "findIndex",
  "findLast",
  "findLastIndex",
  "sort",
  "toSorted",
]);

function listMethod(fn: Function, list: unknown[], args: unknown[], site: CallSite): unknown {
  const name = fn === Array.prototype[fn.name as "push"] ? fn.name : "";
  if (name === "push" && pushInLoop(list, args, site.span)) return list.length + args.length;
  if (MUTATORS.has(name)) checkMutation(list, `.${name}()`, site.span);
  if (DECIDERS.has(name) && typeof args[0] === "function") {
    const decide = args[0] as AnyFunction;
    args = [(...xs: unknown[]) => checkDecision(decide(...xs), name, site.span), ...args.slice(1)];
  }
  if ((name === "includes" || name === "indexOf" || name === "lastIndexOf") && isTraced(args[0])) {
    fail("TW7015", `.${name}() compares an array, whose value only the run knows`, {
      span: site.span,
      help: "compare with an array of the elements: np.any(np.array(list) === x)",
    });
  }
  const before = locate(isBuiltIn(fn, args) ? site.span : undefined);
  const value: unknown = Reflect.apply(fn, list, args);
  locate(before);
  return Array.isArray(value) && value !== list && name !== "" ? made(value) : value;
}

function checkDecision(decision: unknown, name: string, span: SpanRef): unknown {
  if (!isTraced(decision)) return decision instanceof Tensor ? decision.item() : decision;
  return fail("TW7015", `.${name}() asks for a decision that only the run can make`, {
    span,
    help: "use np.any, np.all or np.where on an array of the values",
  });
}

/** In the body of a scan, a list from outside gets its elements when the scan has run. */
export function pushInLoop(list: unknown[], values: readonly unknown[], span: SpanRef): boolean {
  const region = state.region;
  if (region?.kind !== "loop" || !region.collects || madeHere(list)) return false;
  const known = region.pushes.get(list) ?? { values: [], at: span };
  known.values.push(...values);
  region.pushes.set(list, known);
  return true;
}

function makeRange(args: readonly unknown[], span: SpanRef): RangeValue {
  const before = locate(span);
  checkRange(args);
  for (const x of args) {
    if (x instanceof Tensor && x.ndim !== 0)
      fail("TW2007", `range: a bound is an array of rank ${x.ndim}`, {
        span,
        help: "reduce it first (np.max), or index it",
      });
  }
  locate(before);
  const [a, b, step = 1] = args as (number | Tensor)[];
  return b === undefined ? new RangeValue(0, a, 1) : new RangeValue(a, b, step);
}
