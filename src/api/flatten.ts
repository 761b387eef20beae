/** The arguments of a transformed function as tensors, and where each argument's leaves stand. */
import { fail } from "../diagnostics/error.js";
import { isFloat } from "../ir/dtype.js";
import { printAval } from "../ir/aval.js";
import { describeValue, leafTensor } from "../tracer/leaf.js";
import type { Tensor } from "../tracer/tensor.js";
import { argumentName } from "../tracer/trace.js";
import * as tree from "../tree/index.js";

export interface FlatArguments {
  readonly leaves: Tensor[];
  readonly treedef: tree.TreeDef;
  /** Tree and leaf range of each argument. */
  readonly arguments: readonly { readonly treedef: tree.TreeDef; readonly start: number; readonly count: number }[];
}

export function flattenCall(name: string, args: readonly unknown[]): FlatArguments {
  if (!Array.isArray(args)) {
    fail("TW1007", `${name}: takes the arguments as a list, not ${describeValue(args)}`, {
      help: "put one argument into brackets too: [x]",
    });
  }
  const leaves: Tensor[] = [];
  const parts = args.map((arg) => {
    const flat = tree.flatten(arg);
    const start = leaves.length;
    flat.leaves.forEach((x, i) => leaves.push(leafTensor(x, () => argumentName(name, args, start + i))));
    return { treedef: flat.treedef, start, count: flat.leaves.length };
  });
  return { leaves, treedef: tree.structure(args.map((a) => a)), arguments: parts };
}

/** Positions of the leaves of the arguments `argnums`, all of which must be floats. */
export function differentiatedLeaves(
  what: string,
  name: string,
  flat: FlatArguments,
  args: readonly unknown[],
  argnums: readonly number[],
): number[] {
  return argnums.flatMap((n) => {
    const part = flat.arguments[n < 0 ? n + args.length : n];
    if (!part) {
      fail(
        "TW1007",
        `${what}: argnums names argument ${n}, but ${name || "the function"} was called with ${args.length}`,
        { help: "argnums counts from 0" },
      );
    }
    return Array.from({ length: part.count }, (_, i) => {
      const leaf = part.start + i;
      const a = flat.leaves[leaf].aval;
      if (!isFloat(a.dtype)) {
        fail("TW3002", `${what}: ${argumentName(name, args, leaf)} is ${printAval(a)}, which has no derivative`, {});
      }
      return leaf;
    });
  });
}

export function normalizeArgnums(argnums: number | readonly number[] | undefined): readonly number[] {
  return argnums === undefined ? [0] : typeof argnums === "number" ? [argnums] : argnums;
}
