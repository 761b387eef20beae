/** Picking elements: NumPy's indexing rules, `take`, and functional updates `x.at(…).set(v)`. */
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import { isInt } from "../ir/dtype.js";
import type { IndexMode, ScatterParams } from "../ir/ops/index.js";
import * as lax from "../lax/index.js";
import { astype, broadcastShapes, broadcastTo, canonicalAxis, isTensor } from "../lax/operand.js";
import { cellIfKnown, fromElements, scalar } from "../tracer/frame.js";
import type { Tensor } from "../tracer/tensor.js";
import { where } from "./elementwise.js";
import { promoteDtypes, type TensorLike } from "./promote.js";

/**
 * One index: a whole number; an integer tensor (or mask); null for a new axis; "..." for all axes between; a range as
 * [], [start, stop] or [start, stop, step] (null leaves an end open), or as text: "1:5", ":", "::-1".
 */
export type Index = number | Tensor | null | string | readonly (number | null)[];

type Part =
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "slice"; readonly start: number; readonly count: number; readonly step: number }
  | { readonly kind: "array"; readonly value: Tensor }
  | { readonly kind: "new" };

function parseRange(text: string): (number | null)[] {
  const parts = text.split(":").map((s) => s.trim());
  if (parts.length < 2 || parts.length > 3 || parts.some((s) => s !== "" && !/^-?\d+$/.test(s))) {
    fail("TW2011", `index: cannot read ${JSON.stringify(text)}`, {
      help: 'ranges are written "start:stop:step", each part optional; "..." stands for all axes between',
    });
  }
  return parts.map((s) => (s === "" ? null : Number(s)));
}

function resolveRange(range: readonly (number | null)[], n: number): Part {
  const [start = null, stop = null, step0 = null] = range;
  const step = step0 ?? 1;
  if (step === 0) fail("TW2011", "index: a range with step 0", { help: "use a step other than 0" });
  const clip = (v: number | null | undefined, open: number): number => {
    if (v === null || v === undefined) return open;
    const w = v < 0 ? v + n : v;
    return step > 0 ? Math.min(Math.max(w, 0), n) : Math.min(Math.max(w, -1), n - 1);
  };
  const from = clip(start, step > 0 ? 0 : n - 1);
  const to = clip(stop, step > 0 ? n : -1);
  return { kind: "slice", start: from, count: Math.max(0, Math.ceil((to - from) / step)), step };
}

/** Masks become the positions of their true elements, which must be known. */
function maskPositions(mask: Tensor): Tensor[] {
  const cell = cellIfKnown(mask);
  if (!cell) {
    fail(
      "TW2012",
      `index: a traced mask ${printAval(mask.aval)} selects a number of elements that only the run knows`,
      {
        help: "use np.where(mask, x, fill), x.at(mask).set(v), or multiply by the mask; under jit shapes must be known",
      },
    );
  }
  const bits = cell.read() as Uint8Array;
  const shape = mask.shape;
  const found: number[][] = shape.map(() => []);
  for (let flat = 0; flat < bits.length; flat++) {
    if (!bits[flat]) continue;
    let rest = flat;
    for (let a = shape.length - 1; a >= 0; a--) {
      found[a].push(rest % shape[a]);
      rest = Math.floor(rest / shape[a]);
    }
  }
  return found.map((list) => fromElements(Int32Array.from(list), [list.length], "i32"));
}

function parseIndices(x: Tensor, indices: readonly Index[]): Part[] {
  const expanded: (Index | Tensor)[] = [];
  for (const i of indices) {
    if (isTensor(i) && i.aval.dtype === "bool") {
      const at = expanded.filter((e) => e !== null && e !== "...").length;
      const skipped = expanded.includes("...");
      i.shape.forEach((d, k) => {
        if (!skipped && x.shape[at + k] !== d) {
          fail(
            "TW2001",
            `index: a mask of shape [${i.shape.join(", ")}] for an array of shape [${x.shape.join(", ")}]`,
            { help: "a mask has the sizes of the axes that it selects from" },
          );
        }
      });
      expanded.push(...maskPositions(i));
    } else expanded.push(i);
  }
  const used = expanded.filter((i) => i !== null && i !== "...").length;
  if (used > x.ndim)
    fail("TW2007", `index: ${used} indices for an array of rank ${x.ndim}`, {
      help: "give at most one index for each axis",
    });
  if (expanded.filter((i) => i === "...").length > 1) fail("TW2011", 'index: "..." may stand once', {});
  if (!expanded.includes("...")) expanded.push("...");
  const parts: Part[] = [];
  let axis = 0;
  for (const i of expanded) {
    if (i === null) parts.push({ kind: "new" });
    else if (i === "...") {
      for (let k = used; k < x.ndim; k++) parts.push({ kind: "slice", start: 0, count: x.shape[axis++], step: 1 });
    } else {
      const n = x.shape[axis];
      if (typeof i === "number") {
        if (!Number.isInteger(i)) fail("TW2011", `index: ${i} is not a whole number`, {});
        if (i < -n || i >= n)
          fail("TW2009", `index: ${i} is outside of axis ${axis}, which has size ${n}`, {
            help: `indices run from ${-n} to ${n - 1}`,
          });
        parts.push({ kind: "int", value: i < 0 ? i + n : i });
      } else if (isTensor(i)) {
        if (!isInt(i.aval.dtype))
          fail("TW2005", `index: an index must be integers or a mask, not ${printAval(i.aval)}`, {
            help: "convert it with .astype('i32')",
          });
        parts.push({ kind: "array", value: i });
      } else parts.push(resolveRange(typeof i === "string" ? parseRange(i) : (i as readonly (number | null)[]), n));
      axis++;
    }
  }
  return parts;
}

const isWhole = (p: Part, n: number): boolean => p.kind === "slice" && p.start === 0 && p.count === n && p.step === 1;

/** The static part of an index: ranges and whole numbers (kept as axes of size 1). */
function applyRanges(x: Tensor, parts: readonly Part[]): Tensor {
  const axes = parts.filter((p) => p.kind !== "new");
  if (axes.every((p, i) => p.kind === "array" || isWhole(p, x.shape[i]))) return x;
  const start: number[] = [];
  const limit: number[] = [];
  const strides: number[] = [];
  const reversed: number[] = [];
  axes.forEach((p, i) => {
    if (p.kind === "slice" && p.count > 0) {
      const last = p.start + (p.count - 1) * p.step;
      start.push(Math.min(p.start, last));
      limit.push(Math.max(p.start, last) + 1);
      strides.push(Math.abs(p.step));
      if (p.step < 0) reversed.push(i);
    } else {
      const from = p.kind === "int" ? p.value : 0;
      start.push(from);
      limit.push(p.kind === "int" ? from + 1 : p.kind === "slice" ? from : x.shape[i]);
      strides.push(1);
    }
  });
  const cut = lax.slice(x, start, limit, strides);
  return reversed.length ? lax.rev(cut, reversed) : cut;
}

interface Advanced {
  /** Axes (of the array after ranges) that index arrays run over. */
  readonly axes: readonly number[];
  /** [...broadcast shape, number of axes], i32, wrapped where negative. */
  readonly indices: Tensor;
  readonly batchShape: readonly number[];
  /** Where the index arrays' axes stand among the kept axes of the result. */
  readonly position: number;
}

function wrapNegative(i: Tensor, n: number): Tensor {
  const t = astype(i, "i32");
  return lax.select(lax.lt(t, 0), lax.add(t, n), t);
}

function stackIndices(
  x: Tensor,
  axes: readonly number[],
  arrays: readonly Tensor[],
): { indices: Tensor; batchShape: readonly number[] } {
  const shape = broadcastShapes(
    "index",
    arrays.map((a) => a.aval.shape),
  ) as readonly number[];
  const columns = arrays.map((a, k) =>
    lax.expandDims(broadcastTo("index", wrapNegative(a, x.shape[axes[k]]), shape), [shape.length]),
  );
  return { indices: columns.length === 1 ? columns[0] : lax.concatenate(columns, shape.length), batchShape: shape };
}

function advanced(x: Tensor, parts: readonly Part[]): Advanced | undefined {
  if (!parts.some((p) => p.kind === "array")) return undefined;
  const axes: number[] = [];
  const arrays: Tensor[] = [];
  const places: number[] = [];
  let axis = 0;
  let kept = 0;
  let position = -1;
  parts.forEach((p, place) => {
    if (p.kind === "array" || p.kind === "int") {
      if (position < 0) position = kept;
      places.push(place);
      axes.push(axis);
      // whole numbers were cut by applyRanges to size 1
      arrays.push(p.kind === "array" ? p.value : scalar(0, "i32"));
    } else kept++;
    if (p.kind !== "new") axis++;
  });
  const together = places.every((p, i) => i === 0 || p === places[i - 1] + 1);
  const { indices, batchShape } = stackIndices(x, axes, arrays);
  return { axes, indices, batchShape, position: together ? position : 0 };
}

function gatherAxes(
  x: Tensor,
  axes: readonly number[],
  indices: Tensor,
  batchRank: number,
  position: number,
  mode: IndexMode,
): Tensor {
  const kept = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const rank = kept.length + batchRank;
  const offsetDims = Array.from({ length: rank }, (_, i) => i).filter((i) => i < position || i >= position + batchRank);
  return lax.gather(x, indices, {
    dims: {
      offsetDims,
      collapsedSliceDims: [...axes].sort((a, b) => a - b),
      operandBatchingDims: [],
      startIndicesBatchingDims: [],
      startIndexMap: axes,
    },
    sliceSizes: x.shape.map((d, i) => (axes.includes(i) ? 1 : d)),
    mode,
  });
}

/** `index(x, 0, [1, 3], "...", -1)`: NumPy's basic and advanced indexing. Tensor indices out of range are clamped. */
export function index(x: Tensor, ...indices: Index[]): Tensor {
  const parts = parseIndices(x, indices);
  const cut = applyRanges(x, parts);
  const adv = advanced(cut, parts);
  if (!adv) {
    const shape: number[] = [];
    let axis = 0;
    for (const p of parts) {
      if (p.kind === "new") shape.push(1);
      else {
        if (p.kind === "slice") shape.push(cut.shape[axis]);
        axis++;
      }
    }
    return lax.reshape(cut, shape);
  }
  // new axes are put in after the gather, among the kept ones
  let newBefore = 0;
  let kept = 0;
  const news: number[] = [];
  for (const p of parts) {
    if (p.kind === "new") news.push(kept++);
    else if (p.kind === "slice") kept++;
    if (p.kind === "new" && kept <= adv.position) newBefore++;
  }
  const position = adv.position - newBefore;
  const g = gatherAxes(cut, adv.axes, adv.indices, adv.batchShape.length, position, "clip");
  if (news.length === 0) return g;
  const shape = [...g.shape];
  for (const n of news) shape.splice(n < adv.position ? n : n + adv.batchShape.length, 0, 1);
  return lax.reshape(g, shape);
}

/** Elements at integer positions along an axis (of the flattened array without one). Out of range gives NaN, or clamps with mode "clip". */
export function take(x: Tensor, indices: TensorLike, axis?: number | null, options: { mode?: IndexMode } = {}): Tensor {
  const operand = axis === undefined || axis === null ? lax.reshape(x, [-1]) : x;
  const a = axis === undefined || axis === null ? 0 : canonicalAxis("take", axis, x.ndim);
  const i = isTensor(indices) ? indices : scalar(indices, "i32");
  if (!isInt(i.aval.dtype))
    fail("TW2005", `take: indices must be integers, not ${printAval(i.aval)}`, {
      help: "convert them with .astype('i32')",
    });
  const { indices: stacked } = stackIndices(operand, [a], [i]);
  return gatherAxes(operand, [a], stacked, i.ndim, a, options.mode ?? "fill");
}
/** For each position along `axis`, the element that `indices` names there. */
export function takeAlongAxis(x: Tensor, indices: Tensor, axis: number): Tensor {
  const a = canonicalAxis("takeAlongAxis", axis, x.ndim);
  const others = x.shape.map((_, i) => i).filter((i) => i !== a);
  const shape = x.shape.map((d, i) => (i === a ? indices.shape[a] : d));
  const full = broadcastTo("takeAlongAxis", indices, shape);
  return lax.gather(x, lax.expandDims(wrapNegative(full, x.shape[a]), [x.ndim]), {
    dims: {
      offsetDims: [],
      collapsedSliceDims: [a],
      operandBatchingDims: others,
      startIndicesBatchingDims: others,
      startIndexMap: [a],
    },
    sliceSizes: x.shape.map(() => 1),
    mode: "fill",
  });
}
/** Positions of the elements that are not zero, one index array for each axis; outside jit only. */
export function nonzero(x: Tensor): Tensor[] {
  return maskPositions(
    x.aval.dtype === "bool"
      ? x
      : lax.ne(x, lax.full(x.aval.shape, x.aval.dtype === "i64" || x.aval.dtype === "u64" ? 0n : 0, x.aval.dtype)),
  );
}

type Update = (x: Tensor, indices: Tensor, updates: Tensor, params: ScatterParams) => Tensor;

/** What `x.at(…)` gives: a place in an array, for functional updates. Updates out of range are dropped. */
export class IndexedTensor {
  constructor(
    readonly x: Tensor,
    readonly indices: readonly Index[],
  ) {}
  get(): Tensor {
    return index(this.x, ...this.indices);
  }
  /** A copy of the array with `value` there. */
  set(value: TensorLike): Tensor {
    return this.#update("set", value, lax.scatter, (_, v) => v);
  }
  add(value: TensorLike): Tensor {
    return this.#update("add", value, lax.scatterAdd, lax.add);
  }
  subtract(value: TensorLike): Tensor {
    return this.add(lax.neg(promoteDtypes("at.subtract", [value])[0]));
  }
  multiply(value: TensorLike): Tensor {
    return this.#update("multiply", value, lax.scatterMul, lax.mul);
  }
  divide(value: TensorLike): Tensor {
    return this.multiply(lax.div(1, promoteDtypes("at.divide", [value])[0]));
  }
  min(value: TensorLike): Tensor {
    return this.#update("min", value, lax.scatterMin, lax.min);
  }
  max(value: TensorLike): Tensor {
    return this.#update("max", value, lax.scatterMax, lax.max);
  }
  /** `f` of what stands there. */
  apply(f: (x: Tensor) => Tensor): Tensor {
    return this.set(f(this.get()));
  }

  #update(name: string, value: TensorLike, update: Update, combine: (old: Tensor, value: Tensor) => Tensor): Tensor {
    const { x, indices } = this;
    const v = isTensor(value) ? astype(value, x.aval.dtype) : promoteDtypes(`at.${name}`, [x, value])[1];
    const mask =
      indices.length === 1 && isTensor(indices[0]) && indices[0].aval.dtype === "bool" ? indices[0] : undefined;
    if (mask && v.ndim === 0) {
      // a mask with one value needs no positions, so it works under jit
      const wide = broadcastTo(
        `at.${name}`,
        lax.reshape(mask, [...mask.shape, ...x.shape.slice(mask.ndim).map(() => 1)]),
        x.aval.shape,
      );
      return where(wide, combine(x, broadcastTo(`at.${name}`, v, x.aval.shape)), x);
    }
    const parts = parseIndices(x, indices);
    const axes = parts.filter((p) => p.kind !== "new");
    const contiguous = axes.every((p) => p.kind === "int" || (p.kind === "slice" && (p.step === 1 || p.count === 1)));
    if (contiguous) {
      const block = applyRanges(x, parts);
      const target = index(x, ...indices).aval.shape;
      const fitted = lax.reshape(broadcastTo(`at.${name}`, v, target), block.aval.shape);
      const starts = axes.map((p) => (p.kind === "int" ? p.value : p.kind === "slice" ? p.start : 0));
      return lax.dynamicUpdateSlice(x, name === "set" ? fitted : combine(block, fitted), starts);
    }
    if (axes.every((p, i) => p.kind === "array" || isWhole(p, x.shape[i])) && parts.length === axes.length) {
      const adv = advanced(x, parts) as Advanced;
      const kept = x.shape.map((_, i) => i).filter((i) => !adv.axes.includes(i));
      const rank = kept.length + adv.batchShape.length;
      const windowDims = Array.from({ length: rank }, (_, i) => i).filter(
        (i) => i < adv.position || i >= adv.position + adv.batchShape.length,
      );
      const shape = Array.from({ length: rank }, (_, i) =>
        windowDims.includes(i) ? x.shape[kept[windowDims.indexOf(i)]] : adv.batchShape[i - adv.position],
      );
      return update(x, adv.indices, broadcastTo(`at.${name}`, v, shape), {
        dims: {
          updateWindowDims: windowDims,
          insertedWindowDims: [...adv.axes].sort((a, b) => a - b),
          operandBatchingDims: [],
          scatterIndicesBatchingDims: [],
          scatterDimsToOperandDims: adv.axes,
        },
        mode: "fill",
        uniqueIndices: false,
      });
    }
    // everything else: positions in the flattened array, found by indexing a count
    const positions = index(lax.reshape(lax.iota("i32", x.size), x.shape), ...indices);
    const flat = update(
      lax.reshape(x, [-1]),
      lax.reshape(positions, [-1, 1]),
      lax.reshape(broadcastTo(`at.${name}`, v, positions.aval.shape), [-1]),
      {
        dims: {
          updateWindowDims: [],
          insertedWindowDims: [0],
          operandBatchingDims: [],
          scatterIndicesBatchingDims: [],
          scatterDimsToOperandDims: [0],
        },
        mode: "fill",
        uniqueIndices: false,
      },
    );
    return lax.reshape(flat, x.aval.shape);
  }
}

export function at(x: Tensor, ...indices: Index[]): IndexedTensor {
  return new IndexedTensor(x, indices);
}
