/** JavaScript's lists under traced indices and in loops: what is pushed in a scan is one stacked array. */
import { fail } from "../../diagnostics/error.js";
import { locate, type SpanRef } from "../../diagnostics/span.js";
import { array } from "../../numpy/creation.js";
import { index as indexTensor } from "../../numpy/indexing.js";
import { Tensor } from "../../tracer/tensor.js";
import * as tree from "../../tree/index.js";
import { describe, markSoft, markWhole, toInteger } from "./values.js";

/** Lists whose elements are the slices of stacked arrays. */
const stacks = new WeakMap<object, { readonly stacked: unknown; readonly elements: readonly unknown[] }>();

/** The trees of stacked arrays whose slices the list holds, if that is what it holds. */
export function stackOf(list: unknown): { readonly stacked: unknown } | undefined {
  if (!Array.isArray(list)) return undefined;
  const known = stacks.get(list);
  if (known === undefined || known.elements.length !== list.length) return undefined;
  return known.elements.every((x, i) => x === list[i]) ? known : undefined;
}
export function registerStack(list: unknown[], stacked: unknown): void {
  stacks.set(list, { stacked, elements: [...list] });
}

/** One element of each leaf. */
export function sliceTree(stacked: unknown, i: number | Tensor): unknown {
  return tree.map((x: unknown) => indexTensor(x as Tensor, i), stacked);
}

export function listWithTracedIndex(object: unknown, index: Tensor, span: SpanRef): unknown {
  const before = locate(span);
  const i = toInteger(index);
  const known = stackOf(object);
  if (known) {
    const value = sliceTree(known.stacked, i);
    locate(before);
    return value;
  }
  const list = ArrayBuffer.isView(object) ? Array.from(object as Float32Array) : object;
  if (Array.isArray(list) && list.length > 0 && list.every((x) => typeof x === "number")) {
    const value = markSoft(indexTensor(array(list), i));
    locate(before);
    return list.every(Number.isInteger) ? markWhole(value) : value;
  }
  const what = Array.isArray(object) ? describe(object) : "a JavaScript object";
  return fail("TW7014", `${what} is indexed by ${describe(index)}, which only the run knows`, {
    span,
    help: Array.isArray(object)
      ? "loop over the list itself (for (const layer of layers)), or stack its arrays before: np.stack(list)"
      : "keep the values in one array, and index that",
  });
}

/** Lists whose loops are unrolled because the user asked for it. */
const staticLists = new WeakSet<object>();
export function markStaticList<T extends object>(list: T): T {
  staticLists.add(list);
  return list;
}
export function isStaticList(list: object): boolean {
  return staticLists.has(list);
}
