/** JavaScript's numbers beside integers in kernels: one that the dtype does not hold is a mistake, not its nearest neighbour. */
import { fail } from "../../diagnostics/error.js";
import { type DType, isInt, limits } from "../../ir/dtype.js";

/** `what` names the operation, and what the number is to it. */
export function checkLiteral(what: string, x: unknown, dtype: DType): void {
  if (typeof x !== "number" || !isInt(dtype)) return;
  if (!Number.isInteger(x)) {
    fail("TW2010", `${what}: the number ${x} meets ${dtype}, which would cut its fraction`, {
      help: 'convert the block, cast(x, "f32"), or give a whole number',
    });
  }
  const { min, max } = limits(dtype);
  if (x >= min && x <= max) return;
  const bits = dtype === "i32" && x > 0 && x < 2 ** 32 ? `; the i32 of these bits is ${x | 0}` : "";
  fail("TW8006", `${what}: the number ${x} is no ${dtype}, whose numbers are ${min} to ${max}`, {
    help: `take a wider dtype: cast(x, "i64")${bits}`,
  });
}
