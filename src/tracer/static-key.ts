/** Static arguments as parts of cache keys: plain data by value, everything else by identity. */
import { fail } from "../diagnostics/error.js";
import { Tensor } from "./tensor.js";
import { identity } from "../util/index.js";

/** Text that is equal for equal static values. `what` names the argument in errors. */
export function staticKey(x: unknown, what: string, depth = 0): string {
  switch (typeof x) {
    case "string":
      return JSON.stringify(x);
    case "number":
      return Object.is(x, -0) ? "-0" : String(x);
    case "bigint":
      return `${x}n`;
    case "symbol":
    case "function":
      return `@${identity(x)}`;
    case "object":
      break;
    default:
      return String(x);
  }
  if (x === null) return "null";
  if (x instanceof Tensor) {
    fail("TW1006", `${what} is static, but it ${depth > 0 ? "holds" : "is"} an array`, {});
  }
  if (depth > 64) fail("TW1006", `${what} is static, but it is nested without end`, {});
  if (Array.isArray(x)) return `[${x.map((v) => staticKey(v, what, depth + 1)).join()}]`;
  const proto: unknown = Object.getPrototypeOf(x);
  if (proto !== Object.prototype && proto !== null) return `@${identity(x)}`;
  const keys = Object.keys(x).sort();
  return `{${keys.map((k) => `${JSON.stringify(k)}:${staticKey((x as Record<string, unknown>)[k], what, depth + 1)}`).join()}}`;
}
