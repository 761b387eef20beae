/** Sums and norms of all arrays of a tree. */
import type { DType } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import * as np from "../numpy/index.js";
import type { Tensor } from "../tracer/tensor.js";
import * as tree from "../tree/index.js";
import { fail } from "../diagnostics/error.js";
import { globalNorm, type Tree } from "./transform.js";

const folded = (t: Tree, f: (x: Tensor) => Tensor, join: (a: Tensor, b: Tensor) => Tensor, empty: number): Tensor =>
  (tree.leaves(t) as Tensor[]).map(f).reduce(join, np.asarray(empty));

/** The sum of all elements. */
export const treeSum = (t: Tree): Tensor => folded(t, (x) => np.sum(x), np.add, 0);
/** The greatest element. */
export const treeMax = (t: Tree): Tensor => folded(t, (x) => np.max(x), np.maximum, -Infinity);
/** Zeros in the shapes of a tree's arrays. */
export const treeZerosLike = <T>(t: T, dtype?: DType): T => tree.map((x) => np.zerosLike(x as Tensor, dtype), t) as T;
/** Ones in the shapes of a tree's arrays. */
export const treeOnesLike = <T>(t: T, dtype?: DType): T => tree.map((x) => np.onesLike(x as Tensor, dtype), t) as T;

/** The vector norm of all elements together: of order 2, 1 or Infinity (also "inf"). */
export function treeNorm(t: Tree, ord: 1 | 2 | number | "inf" | "infinity" | null = 2, squared = false): Tensor {
  const absolute = (): Tree => tree.map((x) => np.abs(x as Tensor), t);
  const power = (x: Tensor): Tensor => (squared ? np.square(x) : x);
  if (ord === null || ord === 2) return squared ? treeSum(tree.map((x) => lax.square(x as Tensor), t)) : globalNorm(t);
  if (ord === 1) return power(treeSum(absolute()));
  if (ord === "inf" || ord === "infinity" || ord === Infinity) return power(treeMax(absolute()));
  return fail("TW2011", `treeNorm: there is no norm of order ${ord}`, { help: "the order is 1, 2 or Infinity" });
}
