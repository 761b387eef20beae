/** Products of blocks that are matrices. */
import { fail } from "../../diagnostics/error.js";
import { type Aval, printAval } from "../../ir/aval.js";
import { type DType, isFloat, isInt } from "../../ir/dtype.js";
import * as lax from "../../lax/index.js";
import { add } from "../../numpy/elementwise.js";
import { convertTo } from "../../tracer/control.js";
import { checkOptions, dtypeOf } from "./checks.js";
import type { Block } from "./types.js";
import { asBlock, blockOf } from "./values.js";

export interface DotOptions<D extends DType = DType> {
  /** Is added: a block of the product's shape. */
  readonly acc?: Block;
  /** The dtype of the product: f32 for narrower floats, i32 for narrower integers, else that of the operands. */
  readonly dtype?: D;
}

/** [m, k] times [k, n]; blocks of rank 3 are batches of matrices. Narrow dtypes are summed in f32 or i32. */
export function dot<D extends DType = DType>(a: Block, b: Block, options: DotOptions<D> = {}): Block<D> {
  checkOptions("dot", options, ["acc", "dtype"]);
  if (options.dtype !== undefined) dtypeOf("dot", options.dtype);
  const [x, y] = [blockOf("dot", a), blockOf("dot", b)];
  const rank = x.ndim;
  const matches = rank === y.ndim && (rank === 2 || rank === 3) && (rank === 2 || x.shape[0] === y.shape[0]);
  if (!matches || x.shape[rank - 1] !== y.shape[rank - 2]) {
    fail("TW8008", `dot: the operands are ${printAval(x.aval)} and ${printAval(y.aval)}`, {
      help: "the last axis of the first meets the axis before the last of the second: [m, k] and [k, n], or [b, m, k] and [b, k, n]; trans(x) exchanges the last two",
    });
  }
  const wanted = options.dtype ?? productType(x.aval, y.aval);
  if (
    wanted === undefined ||
    (isFloat(x.aval.dtype) && !isFloat(wanted)) ||
    (isInt(x.aval.dtype) && wanted === "bool")
  ) {
    fail(
      "TW8011",
      `dot: the operands are ${printAval(x.aval)} and ${printAval(y.aval)}${options.dtype ? `, the product ${options.dtype}` : ""}`,
      {
        help: "both are floats of one dtype or integers of one width: convert one with cast(x, dtype)",
      },
    );
  }
  const batch = rank === 3 ? [0] : [];
  const product = lax.dotGeneral(
    x,
    y,
    { contract: [[rank - 1], [rank - 2]], batch: [batch, batch] },
    wanted === x.aval.dtype ? null : wanted,
  );
  if (options.acc === undefined) return asBlock(product);
  const acc = blockOf("dot", options.acc);
  if (acc.ndim !== product.ndim || acc.shape.some((d, i) => d !== product.shape[i])) {
    fail("TW8008", `dot: acc is ${printAval(acc.aval)}, the product ${printAval(product.aval)}`, {
      help: "what is added has the shape of the product",
    });
  }
  if (acc.aval.dtype !== product.aval.dtype) {
    fail("TW8011", `dot: acc is ${printAval(acc.aval)}, the product ${printAval(product.aval)}`, {
      help: `make acc ${product.aval.dtype}, or give the product's dtype: dot(a, b, { acc, dtype: "${acc.aval.dtype}" })`,
    });
  }
  return asBlock(add(convertTo(acc, wanted), product));
}

/** What products of these dtypes are summed in; undefined for dtypes that do not go together. */
function productType(a: Aval, b: Aval): DType | undefined {
  const [x, y] = [a.dtype, b.dtype];
  if (x !== y) return isInt(x) && isInt(y) && isByte(x) && isByte(y) ? "i32" : undefined;
  if (isFloat(x)) return x === "f64" ? "f64" : "f32";
  if (!isInt(x)) return undefined;
  return isByte(x) || x === "i16" || x === "u16" ? "i32" : x;
}
const isByte = (d: DType): boolean => d === "i8" || d === "u8";
