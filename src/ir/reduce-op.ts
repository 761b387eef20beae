/** What reductions of tile and loop programs do with two elements, and what they begin with. */
import { type DType, isFloat, isUnsignedInt, isWide, limits } from "./dtype.js";
import type { ElementwisePrim, TileReduceOp } from "./tile.js";

/** The primitive that combines two elements. */
export const COMBINE: Readonly<Record<TileReduceOp, ElementwisePrim>> = {
  sum: "add",
  prod: "mul",
  max: "max",
  min: "min",
  and: "and",
  or: "or",
  xor: "xor",
};

/** The element that changes nothing: the result for no elements. */
export function identityOf(op: TileReduceOp, dtype: DType): number | bigint | boolean {
  const int = (x: number): number | bigint | boolean => (isWide(dtype) ? BigInt(x) : dtype === "bool" ? x !== 0 : x);
  switch (op) {
    case "sum":
    case "or":
    case "xor":
      return int(0);
    case "prod":
      return int(1);
    case "and":
      return isUnsignedInt(dtype) ? limits(dtype).max : int(-1);
    case "max":
      return dtype === "bool" ? false : isFloat(dtype) ? Number.NEGATIVE_INFINITY : limits(dtype).min;
    case "min":
      return dtype === "bool" ? true : isFloat(dtype) ? Number.POSITIVE_INFINITY : limits(dtype).max;
  }
}
