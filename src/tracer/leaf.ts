/** From what a user passes (tensors, numbers, booleans, typed arrays) to tensors, with errors that name the argument. */
import { fail } from "../diagnostics/error.js";
import { type Aval, aval } from "../ir/aval.js";
import { describeValue } from "./describe.js";
import { scalar } from "./frame.js";
import { isTensor, Tensor } from "./tensor.js";

export { describeValue };

/** A shape and dtype without values, for `evalShape` and `makeProgram`. */
export class ShapeDtype {
  constructor(
    readonly shape: readonly number[],
    readonly dtype: import("../ir/dtype.js").DType = "f32",
  ) {}
}

/** A JS number is a weak f32, a boolean a bool, a bigint an i64. */
export function isScalarLeaf(x: unknown): x is number | boolean | bigint {
  return typeof x === "number" || typeof x === "boolean" || typeof x === "bigint";
}

export function leafAval(x: unknown, what: () => string): Aval {
  if (isTensor(x)) return x.aval;
  if (typeof x === "number") return aval([], "f32", true);
  if (typeof x === "boolean") return aval([], "bool");
  if (typeof x === "bigint") return aval([], "i64");
  if (x instanceof ShapeDtype) return aval(x.shape, x.dtype);
  return notAnArray(x, what);
}

export function leafTensor(x: unknown, what: () => string): Tensor {
  if (isTensor(x)) return x;
  if (typeof x === "number") return scalar(x, "f32", true);
  if (typeof x === "boolean") return scalar(x, "bool");
  if (typeof x === "bigint") return scalar(x, "i64");
  return notAnArray(x, what);
}

function notAnArray(x: unknown, what: () => string): never {
  const kind = describeValue(x);
  return fail("TW1003", `${what()} is ${kind}, not an array`, {
    help: kind.startsWith("a Promise")
      ? "await it before the call: traced functions are synchronous"
      : ArrayBuffer.isView(x) || Array.isArray(x)
        ? "wrap it: np.array(data)"
        : "pass arrays, numbers, booleans or trees of them; mark other values static (staticArgnums), or register the class with tree.register",
  });
}

/** What is transformed must be a function: said where it is given, not where it is called. */
export function checkFunction(what: string, f: unknown): void {
  if (typeof f !== "function") {
    fail("TW1003", `${what} takes a function, not ${describeValue(f)}`, {
      help: `write ${what}((x) => …), or ${what}(f) without calling f`,
    });
  }
}

/** Options among which none is misspelt, by their names in an object. */
export function checkOptions(what: string, given: unknown, known: readonly string[]): void {
  const help = `its options are { ${known.join(", ")} }`;
  const proto: unknown = typeof given === "object" && given !== null ? Object.getPrototypeOf(given) : undefined;
  if (proto !== Object.prototype && proto !== null)
    fail("TW1007", `${what}: the options are ${describeValue(given)}`, { help });
  for (const key of Object.keys(given as object))
    if (!known.includes(key)) fail("TW1007", `${what}: there is no option ${key}`, { help });
}
