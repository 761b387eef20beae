/** Blocks made of elements of others: each is a pick, with positions computed from the lane's own. */
import { type Dim, isStatic } from "../../../ir/dim.js";
import type { DType } from "../../../ir/dtype.js";
import { isFloat, isUnsignedInt, limits } from "../../../ir/dtype.js";
import { needsStatic } from "../../../ir/size.js";
import type { GatherParams, MovementOps } from "../../../ir/ops/index.js";
import type { TileAtom } from "../../../ir/tile.js";
import { rowMajor, spread, type WholeKernel } from "./kernel.js";

function fixed(d: Dim): number {
  return isStatic(d) ? d : needsStatic("blocks of a kernel");
}
function lanes(k: WholeKernel, shape: readonly number[]): TileAtom[] {
  return shape.map((_, axis) => k.b.lanes(shape, axis));
}
function plus(k: WholeKernel, a: TileAtom, x: number): TileAtom {
  return x === 0 ? a : k.b.add(a, k.b.i32(x));
}
/** The elements of a block at an index along each of its axes. */
function pickAt(k: WholeKernel, arg: TileAtom, index: readonly TileAtom[], shape: readonly number[]): TileAtom {
  const { b } = k;
  if (arg.shape.length === 0) return spread(k, arg, shape);
  const strides = rowMajor(arg.shape);
  let at: TileAtom | null = null;
  index.forEach((x, axis) => {
    if (arg.shape[axis] === 1) return;
    const term = strides[axis] === 1 ? x : b.mul(x, b.i32(strides[axis]));
    at = at ? b.add(at, term) : term;
  });
  return b.pick(arg, spread(k, at ?? b.i32(0), shape));
}
function clamped(k: WholeKernel, x: TileAtom, greatest: number): TileAtom {
  return k.b.op("max", [k.b.op("min", [x, k.b.i32(greatest)]), k.b.i32(0)]);
}
function allOf(k: WholeKernel, tests: readonly TileAtom[]): TileAtom | null {
  return tests.reduce<TileAtom | null>((all, t) => (all ? k.b.op("and", [all, t]) : t), null);
}

export function slice(k: WholeKernel, arg: TileAtom, shape: readonly number[], p: MovementOps["slice"]): TileAtom {
  const index = lanes(k, shape).map((l, i) =>
    plus(k, p.strides[i] === 1 ? l : k.b.mul(l, k.b.i32(p.strides[i])), fixed(p.start[i])),
  );
  return pickAt(k, arg, index, shape);
}
export function reverse(k: WholeKernel, arg: TileAtom, axes: readonly number[]): TileAtom {
  const { shape } = arg;
  const index = lanes(k, shape).map((l, i) => (axes.includes(i) ? k.b.sub(k.b.i32(shape[i] - 1), l) : l));
  return pickAt(k, arg, index, shape);
}
export function pad(
  k: WholeKernel,
  arg: TileAtom,
  fill: TileAtom,
  shape: readonly number[],
  { low, interior }: MovementOps["pad"],
): TileAtom {
  const { b } = k;
  const tests: TileAtom[] = [];
  const index = lanes(k, shape).map((l, i) => {
    const gap = interior[i] + 1;
    const from = plus(k, l, -fixed(low[i]));
    tests.push(b.op("ge", [from, b.i32(0)]), b.op("lt", [from, b.i32((arg.shape[i] - 1) * gap + 1)]));
    if (gap > 1) tests.push(b.op("eq", [b.op("rem", [from, b.i32(gap)]), b.i32(0)]));
    const at = gap > 1 ? b.op("div", [from, b.i32(gap)]) : from;
    return clamped(k, at, arg.shape[i] - 1);
  });
  const empty = arg.shape.includes(0);
  const inside = allOf(k, tests);
  const spare = spread(k, fill, shape);
  if (empty || !inside) return empty ? spare : arg;
  return b.op("select", [inside, pickAt(k, arg, index, shape), spare]);
}
export function concatenate(
  k: WholeKernel,
  args: readonly TileAtom[],
  shape: readonly number[],
  axis: number,
): TileAtom {
  const { b } = k;
  const own = lanes(k, shape);
  let start = 0;
  let result: TileAtom | null = null;
  for (const arg of args) {
    const size = arg.shape[axis];
    if (size === 0) continue;
    const from = start;
    const index = own.map((l, i) => (i === axis ? clamped(k, plus(k, l, -from), size - 1) : l));
    const values = pickAt(k, arg, index, shape);
    result = result ? b.op("select", [b.op("lt", [own[axis], b.i32(from)]), result, values]) : values;
    start += size;
  }
  return result ?? args[0];
}

export function dynamicSlice(
  k: WholeKernel,
  arg: TileAtom,
  starts: readonly TileAtom[],
  shape: readonly number[],
): TileAtom {
  const index = lanes(k, shape).map((l, i) => k.b.add(l, clamped(k, starts[i], arg.shape[i] - shape[i])));
  return pickAt(k, arg, index, shape);
}
export function dynamicUpdateSlice(
  k: WholeKernel,
  arg: TileAtom,
  update: TileAtom,
  starts: readonly TileAtom[],
): TileAtom {
  const { b } = k;
  const { shape } = arg;
  const tests: TileAtom[] = [];
  const index = lanes(k, shape).map((l, i) => {
    const from = b.sub(l, clamped(k, starts[i], shape[i] - update.shape[i]));
    tests.push(b.op("ge", [from, b.i32(0)]), b.op("lt", [from, b.i32(update.shape[i])]));
    return clamped(k, from, update.shape[i] - 1);
  });
  const inside = allOf(k, tests);
  return inside ? b.op("select", [inside, pickAt(k, update, index, shape), arg]) : update;
}

/** What an index out of range gives: NaN, the greatest unsigned or least signed number, as in JAX. */
function fillValue(dtype: DType): number | bigint | boolean {
  if (isFloat(dtype)) return Number.NaN;
  if (dtype === "bool") return true;
  return isUnsignedInt(dtype) ? limits(dtype).max : limits(dtype).min;
}
export function gather(
  k: WholeKernel,
  arg: TileAtom,
  indices: TileAtom,
  shape: readonly number[],
  { dims, sliceSizes, mode }: GatherParams,
): TileAtom {
  const { b } = k;
  const own = lanes(k, shape);
  const batch = own.filter((_, i) => !dims.offsetDims.includes(i));
  const offsets = dims.offsetDims.map((d) => own[d]);
  const windowed = arg.shape
    .map((_, d) => d)
    .filter((d) => !dims.collapsedSliceDims.includes(d) && !dims.operandBatchingDims.includes(d));
  const tests: TileAtom[] = [];
  const index = arg.shape.map((n, d): TileAtom => {
    const batching = dims.operandBatchingDims.indexOf(d);
    if (batching >= 0) return batch[dims.startIndicesBatchingDims[batching]];
    const component = dims.startIndexMap.indexOf(d);
    const within = windowed.includes(d) ? offsets[windowed.indexOf(d)] : null;
    if (component < 0) return within ?? b.i32(0);
    const greatest = n - fixed(sliceSizes[d]);
    const at = [...batch, spread(k, b.i32(component), shape)];
    const start = b.convert(pickAt(k, indices, at, shape), "i32");
    if (mode === "fill") tests.push(b.op("ge", [start, b.i32(0)]), b.op("le", [start, b.i32(greatest)]));
    const safe = mode === "promise" ? start : clamped(k, start, greatest);
    return within ? b.add(safe, within) : safe;
  });
  const values = pickAt(k, arg, index, shape);
  const inside = allOf(k, tests);
  if (!inside) return values;
  return b.op("select", [inside, values, b.const(fillValue(arg.dtype), arg.dtype, shape)]);
}
