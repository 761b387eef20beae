/** Indexing with run-time positions: reads are fused as index expressions, writes are nests over the updates. */
import { type Dim, dimProduct, dimSame, dimSub, isStatic, type Shape } from "../../ir/dim.js";
import { byteSize, type DType, isFloat, isUnsignedInt, limits } from "../../ir/dtype.js";
import type { GatherParams, IndexingOps, IndexMode, ScatterParams } from "../../ir/ops/index.js";
import type { Atom } from "../../ir/program.js";
import { COMBINE, identityOf } from "../../ir/reduce-op.js";
import type { Rules } from "../../ir/rules.js";
import { staticSizes } from "../../ir/size.js";
import type { TileReduceOp } from "../../ir/tile.js";
import { prod } from "../../util/index.js";
import type { View } from "../plan/view.js";
import { type Affine, addIndex, constantIndex, scaleIndex, ZERO } from "./affine.js";
import type { Expander } from "./expand.js";
import type { Part } from "./kernel-context.js";
import type { Node } from "./node.js";
import { dimsOf, type EqnOf, type KernelRule, point, type ScheduleKind } from "./rule.js";

/** An index read from memory, as i32 clamped to [0, greatest]; clamped before it is narrowed. */
function clampedStart(x: Expander, start: Node, greatest: Dim): Affine {
  if (greatest === 0) return ZERO;
  if (!isStatic(greatest)) {
    const wide = widened(x, start);
    const low = isUnsignedInt(wide.dtype) ? wide : x.op("max", [wide, sizeAs(x, 0, wide.dtype)], wide.dtype);
    const node = x.op("min", [low, sizeAs(x, greatest, wide.dtype)], wide.dtype);
    return x.opaque(x.convert(node, "i32"), 0, greatest);
  }
  const { dtype } = start;
  const wide = dtype === "i64" || dtype === "u64";
  const reach = limits(dtype).max;
  const bound = (n: number): Node => x.constant(wide ? BigInt(n) : n, dtype);
  let node = start;
  if (!isUnsignedInt(dtype) && dtype !== "bool") node = x.op("max", [node, bound(0)], dtype);
  if (dtype !== "bool" && Number(reach) > greatest) node = x.op("min", [node, bound(greatest)], dtype);
  return x.opaque(x.convert(node, "i32"), 0, greatest);
}
/** An index in a type that holds every size. */
function widened(x: Expander, start: Node): Node {
  const { dtype } = start;
  return dtype === "i64" || dtype === "u64" || dtype === "u32" ? start : x.convert(start, "i32");
}
function sizeAs(x: Expander, d: Dim, dtype: DType): Node {
  return x.convert(x.size(d), dtype);
}
/** 0 ≤ start ≤ greatest, tested in the index's own type. */
function startFits(x: Expander, start: Node, greatest: Dim): Node | null {
  if (!isStatic(greatest)) {
    const wide = widened(x, start);
    const low = isUnsignedInt(wide.dtype) ? null : x.op("ge", [wide, sizeAs(x, 0, wide.dtype)], "bool");
    return x.and(low, x.op("le", [wide, sizeAs(x, greatest, wide.dtype)], "bool"));
  }
  const { dtype } = start;
  const wide = dtype === "i64" || dtype === "u64";
  const bound = (n: number): Node => x.constant(wide ? BigInt(n) : n, dtype);
  // one comparison: what is less than 0 is a large number without its sign
  if (dtype === "i32") {
    const unsigned = x.op("bitcast_convert_type", [start], "u32", { dtype: "u32" });
    return x.op("le", [unsigned, x.constant(greatest, "u32")], "bool");
  }
  let test: Node | null = null;
  if (!isUnsignedInt(dtype) && dtype !== "bool") test = x.op("ge", [start, bound(0)], "bool");
  if (dtype !== "bool" && Number(limits(dtype).max) > greatest)
    test = x.and(test, x.op("le", [start, bound(greatest)], "bool"));
  return test;
}

function scalarStarts(x: Expander, starts: readonly Atom[], shape: Shape, sizes: Shape): Affine[] {
  return starts.map((s, i) => clampedStart(x, x.scalar(s), dimSub(shape[i], sizes[i])));
}

/** What gather reads where it must not read. */
function fillValue(d: DType): number | bigint | boolean {
  if (d === "bool") return true;
  if (isFloat(d)) return Number.NaN;
  if (d === "key") return 0xffffffffffffffffn;
  const { min, max } = limits(d);
  return isUnsignedInt(d) ? max : min;
}

/** Where the window of this batch index starts, along each operand axis, and whether it fits; `guarded`: nothing is read or written where it does not. */
function windowStart(
  x: Expander,
  indices: Atom,
  batch: readonly Affine[],
  map: readonly number[],
  operandBatching: readonly number[],
  indicesBatching: readonly number[],
  shape: Shape,
  sizes: Shape,
  mode: IndexMode,
  guard: Node | null,
  guarded = false,
): { readonly start: readonly Affine[]; readonly fits: Node | null } {
  const start: Affine[] = shape.map(() => ZERO);
  let fits: Node | null = null;
  operandBatching.forEach((axis, i) => {
    start[axis] = batch[indicesBatching[i]];
  });
  map.forEach((axis, k) => {
    const value = x.value(indices, x.at(dimsOf(indices), [...batch, constantIndex(k)]), guard);
    const greatest = dimSub(shape[axis], sizes[axis]);
    if (mode === "fill") fits = x.and(fits, startFits(x, value, greatest));
    start[axis] =
      guarded && fits !== null ? x.opaque(x.convert(value, "i32"), 0, greatest) : clampedStart(x, value, greatest);
  });
  return { start, fits };
}

const gather = point<GatherParams>(4, (x, eqn, _output, pos, guard) => {
  const [operand, indices] = eqn.inputs;
  const { dims, mode } = eqn.params;
  const sliceSizes = eqn.params.sliceSizes;
  const shape = dimsOf(operand);
  const out = x.index(pos);
  const batch = out.filter((_, i) => !dims.offsetDims.includes(i));
  const { start, fits } = windowStart(
    x,
    indices,
    batch,
    dims.startIndexMap,
    dims.operandBatchingDims,
    dims.startIndicesBatchingDims,
    shape,
    sliceSizes,
    mode,
    guard,
  );
  const index = [...start];
  let next = 0;
  shape.forEach((_, axis) => {
    if (dims.collapsedSliceDims.includes(axis) || dims.operandBatchingDims.includes(axis)) return;
    index[axis] = addIndex(index[axis], out[dims.offsetDims[next++]]);
  });
  const value = x.value(operand, x.at(shape, index), guard);
  if (fits === null) return value;
  return x.op("select", [fits, value, x.constant(fillValue(operand.aval.dtype), value.dtype)], value.dtype);
});

/** Of truth values. */
const BOOL: Partial<Readonly<Record<TileReduceOp, "and" | "or">>> = { sum: "or", prod: "and", min: "and", max: "or" };

/** Updates from which it is worth it to combine them in copies of the result, so that programs can share them, and the most copies. */
const MANY_UPDATES = 2 ** 16;
const MOST_COPIES = 8;
/** Windows of more elements are shared by columns. */
const SHORT_WINDOW = 16;

/** The greatest float is found by branches, which guess wrong while little has been seen: in copies more often. */
const IN_COPIES: readonly (TileReduceOp | null)[] = ["sum", "prod"];

/** Copies of the result, and the axis of the updates that is divided among them; how many follows from the sizes alone. */
function copiesOf(dtype: DType, shape: Shape, updates: Shape, batches: readonly number[]): [number, number] {
  const all = [...shape, ...updates];
  const isWord = isFloat(dtype) ? byteSize(dtype) >= 4 : !["bool", "key"].includes(dtype);
  if (!isWord || !all.every(isStatic)) return [1, 0];
  const axis = batches.reduce((best, i) => (Number(updates[i]) > Number(updates[best]) ? i : best), batches[0] ?? 0);
  const [size, n] = staticSizes([dimProduct(shape), dimProduct(updates)]);
  const rows = Number(updates[axis]);
  const few = n < MANY_UPDATES || n / prod(staticSizes(batches.map((i) => updates[i]))) >= SHORT_WINDOW;
  return [few ? 1 : Math.min(MOST_COPIES, Math.floor(n / (4 * size)), rows), axis];
}

function scatter(combine: TileReduceOp | null): KernelRule<ScatterParams> {
  return {
    kind: "kernel",
    inlines: () => [false, true, true],
    lower(k, eqn) {
      const [operand, indices, updates] = eqn.inputs;
      const { dims, mode, uniqueIndices } = eqn.params;
      const shape = dimsOf(operand);
      const updatesShape = dimsOf(updates);
      const out = k.out(eqn.outputs[0]);
      const op = combine ?? "sum";
      const together = (x: Expander, a: Node, b: Node): Node =>
        x.op(a.dtype === "bool" ? (BOOL[op] ?? "or") : COMBINE[op], [a, b], a.dtype);
      // sizes of the window along each operand axis
      const sizes: Dim[] = shape.map(() => 1);
      // axes of the updates that are axes of the operand: each element there has its own part of the result
      const batches = updatesShape.map((_, i) => i).filter((i) => !dims.updateWindowDims.includes(i));
      const apart = dims.scatterIndicesBatchingDims.map((i) => batches[i]);
      let next = 0;
      shape.forEach((size, axis) => {
        if (dims.insertedWindowDims.includes(axis) || dims.operandBatchingDims.includes(axis)) return;
        const window = dims.updateWindowDims[next++];
        sizes[axis] = updatesShape[window];
        if (dimSame(size, updatesShape[window])) apart.push(window);
      });
      /** Where the update at `index` goes, and what it becomes there. */
      const place = (x: Expander, index: readonly Affine[]): { offset: Affine; fits: Node | null; update: Node } => {
        const batch = index.filter((_, i) => !dims.updateWindowDims.includes(i));
        const { start, fits } = windowStart(
          x,
          indices,
          batch,
          dims.scatterDimsToOperandDims,
          dims.operandBatchingDims,
          dims.scatterIndicesBatchingDims,
          shape,
          sizes,
          mode === "clip" ? "clip" : "fill",
          null,
          true,
        );
        const at = [...start];
        let window = 0;
        shape.forEach((_, axis) => {
          if (dims.insertedWindowDims.includes(axis) || dims.operandBatchingDims.includes(axis)) return;
          at[axis] = addIndex(at[axis], index[dims.updateWindowDims[window++]]);
        });
        return { offset: x.flat(x.at(shape, at)), fits, update: x.value(updates, x.at(updatesShape, index)) };
      };
      const into = (view: View, x: Expander, index: readonly Affine[], base: Affine, inside: Node | null) => {
        const { offset, fits, update } = place(x, index);
        const at = addIndex(base, offset);
        const guard = x.and(inside, fits);
        const value = combine ? together(x, x.loadAnew(view, at, guard, index), update) : update;
        return { value, offset: at, guard };
      };
      const { dtype } = out;
      const empty = updatesShape.includes(0) || shape.includes(0);
      const shared = IN_COPIES.includes(combine) || (combine !== null && !isFloat(dtype));
      const [count, axis] = shared && !uniqueIndices && !empty ? copiesOf(dtype, shape, updatesShape, batches) : [1, 0];
      if (count < 2) {
        k.startFrom(out, k.buffer(operand));
        const write: Part["write"] = (x, index) => into(out, x, index, ZERO, null);
        if (!empty) k.parts(eqn.prim, [{ dims: updatesShape, into: out, serial: !uniqueIndices, apart, write }]);
        return;
      }
      const [size, rows] = staticSizes([dimProduct(shape), updatesShape[axis]]);
      const each = Math.ceil(rows / count);
      const copies: View = { ...k.scratch(count * size * byteSize(dtype), "copies"), size: count * size, dtype };
      const from = k.buffer(operand);
      // of floats the zero that changes nothing
      const nothing = op === "sum" && isFloat(dtype) ? -0 : identityOf(op, dtype);
      const cut = updatesShape.map((d, i) => (i === axis ? each : d));
      k.parts(eqn.prim, [
        {
          dims: [count, size],
          into: copies,
          write: (x, [copy, at]) => ({
            value: x.constant(nothing, dtype),
            offset: addIndex(scaleIndex(copy, size), at),
          }),
        },
        {
          dims: [count, ...cut],
          into: copies,
          serial: true,
          apart: [0],
          write(x, [copy, ...index]) {
            const row = addIndex(scaleIndex(copy, each), index[axis]);
            const inside = x.within(row, 0, rows) || null;
            const whole = index.map((a, i) => (i === axis ? row : a));
            return into(copies, x, whole, scaleIndex(copy, size), inside);
          },
        },
        {
          dims: [size],
          into: out,
          write(x, [at]) {
            let value = x.load(from, at, null);
            for (let i = 0; i < count; i++)
              value = together(x, value, x.load(copies, addIndex(at, constantIndex(i * size)), null));
            return { value, offset: at };
          },
        },
      ]);
    },
  };
}

const dynamicUpdateSlice: KernelRule<IndexingOps["dynamic_update_slice"]> = {
  kind: "kernel",
  inlines: (eqn) => eqn.inputs.map((_, i) => i > 0),
  lower(k, eqn: EqnOf<IndexingOps["dynamic_update_slice"]>) {
    const [operand, update, ...starts] = eqn.inputs;
    const shape = dimsOf(operand);
    const dims = dimsOf(update);
    const out = k.out(eqn.outputs[0]);
    k.startFrom(out, k.buffer(operand));
    if (dims.includes(0)) return;
    k.parts("dynamic_update_slice", [
      {
        dims,
        into: out,
        write(x, index) {
          const at = scalarStarts(x, starts, shape, dims).map((s, i) => addIndex(s, index[i]));
          return { value: x.value(update, x.at(dims, index)), offset: x.flat(x.at(shape, at)) };
        },
      },
    ]);
  },
};

export const indexing = {
  dynamic_slice: point(1, (x, eqn, _output, pos, guard) => {
    const [operand, ...starts] = eqn.inputs;
    const shape = dimsOf(operand);
    const start = scalarStarts(x, starts, shape, eqn.params.sizes);
    return x.value(
      operand,
      x.at(
        shape,
        x.index(pos).map((o, i) => addIndex(o, start[i])),
      ),
      guard,
    );
  }),
  dynamic_update_slice: dynamicUpdateSlice,
  gather,
  scatter: scatter(null),
  scatter_add: scatter("sum"),
  scatter_mul: scatter("prod"),
  scatter_min: scatter("min"),
  scatter_max: scatter("max"),
} satisfies Rules<IndexingOps, ScheduleKind>;
