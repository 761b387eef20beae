/**
 * A nest that sums products of two arrays, written with register tiles: its loops are the axes of a contraction, and what
 * follows the sum (bias, activation, residual, conversion) is computed on each finished piece before it is stored.
 */
import { internal } from "../../diagnostics/error.js";
import { type Dim, dimAtLeast, isStatic } from "../../ir/dim.js";
import { byteSize, type DType, isInt, isUnsignedInt } from "../../ir/dtype.js";
import { hintOf } from "../../ir/size.js";
import type { TileAtom, TileRef } from "../../ir/tile.js";
import type { TileBuilder } from "../../ir/tile-builder.js";
import type { StoreResult } from "../../kernels/contract/emit.js";
import { describeRanges, emitRanges, overlapsAnywhere, planRanges } from "../../kernels/contract/ranges.js";
import type { SizedAxis, SizedContraction } from "../../kernels/contract/sized.js";
import { ScalarCode } from "../../kernels/scalar-code.js";
import type { Machine } from "../target.js";
import { type Value, type View, viewKey } from "../plan/view.js";
import { type Affine, affineKey, type Loop } from "./affine.js";
import { emitAtPoint } from "./at-point.js";
import type { RefOf } from "./emit.js";
import type { InPlace } from "./reuse.js";
import { type PreparedNest, readsBack } from "./nest.js";
import type { LoadNode, Member, Node } from "./node.js";
import { emitPadded, type Padded, paddingOf } from "./padded.js";
import type { Kept } from "./rule.js";

/** Products fewer than this are not worth tiles. */
export const FEW_PRODUCTS = 4096;
/** Products shorter than this are dominated by their results. */
const FEW_STEPS = 4;
/** A tile of fewer results is no tile. */
const FEW_RESULTS = 4;
/** What a named size is planned for, at least. */
const LARGE = 32;
/** Nanoseconds that a plain loop takes for a product, at its best. */
const PLAIN = 0.12;
/** Products that each element of a copy with zeros is part of, at least. */
const FEW_USES = 8;

export interface ContractionNest {
  readonly sum: Member;
  readonly lhs: LoadNode;
  readonly rhs: LoadNode;
  readonly axes: Pick<SizedContraction, "batch" | "rows" | "columns" | "inner">;
  readonly loops: ReadonlyMap<number, Loop>;
  /** The copies of masked operands that are read instead. */
  readonly padded: ReadonlyMap<LoadNode, Padded>;
}

/** The contraction that a nest is, if it is one and large enough for tiles. */
export function matchContraction(nest: PreparedNest): ContractionNest | undefined {
  const sum = nest.members.find((m) => m.kind === "reduce");
  if (!sum || sum.combine !== "sum" || sum.payload || sum.valid || !nest.parallel) return undefined;
  if (nest.members.some((m) => m !== sum && m.kind !== "row")) return undefined;
  if (sum.node.kind !== "op" || sum.node.prim !== "mul") return undefined;
  const [lhs, rhs] = sum.node.args.map(operandOf);
  if (!lhs || !rhs || lhs === rhs) return undefined;
  const stored = nest.members.find((m) => m.store)?.store;
  if (!stored) return undefined;
  const padded = new Map<LoadNode, Padded>();
  for (const load of [lhs, rhs]) {
    const copy = load.guard ? paddingOf(load) : null;
    if (copy === undefined) return undefined;
    if (copy) padded.set(load, copy);
  }

  const batch: SizedAxis[] = [];
  const rows: SizedAxis[] = [];
  const columns: SizedAxis[] = [];
  const loops = new Map<number, Loop>();
  const axisOf = (loop: Loop): SizedAxis => {
    loops.set(loop.id, loop);
    const [l, r] = [lhs, rhs].map((o) => {
      const copy = padded.get(o);
      return copy ? (copy.strides.get(loop) ?? 0) : factorOf(o.offset, loop);
    });
    return { key: loop.id, size: loop.extent, lhs: l, rhs: r, out: factorOf(stored.offset, loop) };
  };
  for (const loop of nest.kept) {
    const axis = axisOf(loop);
    if (axis.lhs !== 0 && axis.rhs === 0) rows.push(axis);
    else if (axis.lhs === 0 && axis.rhs !== 0) columns.push(axis);
    else batch.push(axis);
  }
  const inner = nest.reduced.map(axisOf);
  if (inner.some((a) => dimAtLeast(a.lhs, 1) !== true || dimAtLeast(a.rhs, 1) !== true)) return undefined;
  // the order of a sum is free: what lies closest together on the left comes last
  inner.sort((a, b) => hintOf(b.lhs) - hintOf(a.lhs));
  const depth = product(inner);
  const points = product([...nest.kept, ...nest.reduced].map(axisOf));
  if (product(rows) * product(columns) < FEW_RESULTS || depth < FEW_STEPS || points < FEW_PRODUCTS) return undefined;
  // windows of one filter are done better where they lie
  if (padded.size > 0 && Math.min(product(rows), product(columns)) < FEW_RESULTS) return undefined;
  for (const { size } of padded.values()) if (points < FEW_USES * size) return undefined;
  return { sum, lhs, rhs, axes: { batch, rows, columns, inner }, loops, padded };
}

/** Points of these axes; named sizes are meant to be large at times. */
function product(axes: readonly SizedAxis[]): number {
  return axes.reduce((n, { size }) => n * (isStatic(size) ? size : Math.max(hintOf(size), LARGE)), 1);
}

/** A value read from memory, perhaps converted, at a place that only loops decide. */
export function plainLoad(n: Node): LoadNode | undefined {
  const load = operandOf(n);
  return load?.guard ? undefined : load;
}
/** The same, perhaps under a mask. */
function operandOf(n: Node): LoadNode | undefined {
  const load = n.kind === "op" && n.prim === "convert_element_type" ? n.args[0] : n;
  return load.kind === "load" && load.offset.terms.every((t) => t.atom.kind === "loop") ? load : undefined;
}
function factorOf(a: Affine, loop: Loop): Dim {
  for (const t of a.terms) if (t.atom === loop) return t.factor;
  return 0;
}

/** Adds the stages; undefined when plain loops are expected to be faster. */
export function emitContractionNest(
  b: TileBuilder,
  nest: PreparedNest,
  match: ContractionNest,
  refOf: RefOf,
  machine: Machine,
  kept: Kept,
): InPlace[] | undefined {
  const { sum, lhs, rhs, axes, padded } = match;
  const once = readsBack(nest);
  // tiles cover a number of rows or columns exactly only where it is known
  if (once && ![...axes.rows, ...axes.columns].every((a) => isStatic(a.size))) return undefined;
  const copies = [...padded].map(([load, { size }]) => {
    const from = refOf(load.view, "read");
    return { load, from, into: b.ref(`${from.name}_padded`, from.dtype, "scratch", size) };
  });
  const copyOf = (load: LoadNode): TileRef | undefined => copies.find((c) => c.load === load)?.into;
  const read = (load: LoadNode): TileRef => copyOf(load) ?? refOf(load.view, "read");
  const c: SizedContraction = {
    lhs: read(lhs),
    rhs: read(rhs),
    lhsBase: padded.has(lhs) ? 0 : lhs.offset.constant,
    rhsBase: padded.has(rhs) ? 0 : rhs.offset.constant,
    accumulate: accumulatorOf(sum.dtype, lhs, rhs),
    plain: isPlain(nest, sum),
    once,
    lhsKept: !padded.has(lhs) && kept.values.has(lhs.view.value),
    rhsKept: !padded.has(rhs) && kept.values.has(rhs.view.value),
    ...axes,
  };
  const no = (): undefined => {
    for (const { into } of copies) b.discard(into);
    return undefined;
  };
  const planned = planRanges(c, machine, kept.exact);
  if (!planned) return no();
  const { contraction: chosen, cost } = planned.large;
  const vectorisable = axes.batch.some(
    (a) => a.out === 1 && (a.lhs === 0 || a.lhs === 1) && (a.rhs === 0 || a.rhs === 1),
  );
  const points = [chosen.batch, chosen.rows, chosen.columns, chosen.inner].flat().reduce((n, a) => n * a.size, 1);
  if (vectorisable && cost > PLAIN * points) return no();
  const loopOf = (axis: SizedAxis): Loop | undefined =>
    axis.key === undefined ? undefined : (match.loops.get(axis.key) ?? internal("an axis without a loop"));
  const store: StoreResult = ({ value, positions, vector }) => {
    const open = new Map<Loop, TileAtom>();
    for (const { axis, index } of positions) {
      const loop = loopOf(axis);
      if (loop) open.set(loop, index);
    }
    const along = vector && value.shape.length > 0 ? (loopOf(vector) ?? null) : null;
    // where there is no column at all, the only one is a block of one
    const result = !along && value.shape.length > 0 ? b.reshape(value, []) : value;
    emitAtPoint(b, { ...nest, vector: along }, refOf, open, sum, b.convert(result, sum.dtype));
  };
  for (const { load, from, into } of copies) emitPadded(b, from, load, padded.get(load) ?? internal("no copy"), into);
  emitRanges(new ScalarCode(b), planned, store);
  b.notes.push(describeRanges(planned));
  return overlapsAnywhere(planned) ? [] : writtenOver(nest, match);
}

/** Sums of short integers wrap around: it is enough that the last bits of the total do. */
function accumulatorOf(dtype: DType, ...operands: readonly LoadNode[]): DType {
  const short = isInt(dtype) && byteSize(dtype) < 4;
  if (!short || operands.some((o) => !isInt(o.view.dtype) || byteSize(o.view.dtype) > 4)) return dtype;
  return isUnsignedInt(dtype) ? "u32" : "i32";
}

/** Whether the sum is the result, stored once. */
function isPlain(nest: PreparedNest, sum: Member): boolean {
  const stored = nest.members.filter((m) => m.store);
  return stored.length === 1 && stored[0] === sum && sum.store?.view.dtype === sum.dtype;
}

/** Outputs that may lie where an operand of what follows the sum lies: each piece reads there, then writes there. */
function writtenOver(nest: PreparedNest, { lhs, rhs }: ContractionNest): InPlace[] {
  const result: InPlace[] = [];
  const stores = nest.members.flatMap((m) => (m.store ? [m.store] : []));
  const loads = nest.nodes.filter((n): n is LoadNode => n.kind === "load");
  for (const { view, offset, guard } of stores) {
    if (guard) continue;
    const inputs = new Map<Value, { readonly view: View; fits: boolean }>();
    for (const load of loads) {
      const { value } = load.view;
      const entry = inputs.get(value) ?? { view: load.view, fits: true };
      if (viewKey(load.view) !== viewKey(entry.view)) entry.fits = false;
      if (load === lhs || load === rhs || affineKey(load.offset) !== affineKey(offset)) entry.fits = false;
      inputs.set(value, entry);
    }
    for (const input of inputs.values()) {
      if (input.fits && byteSize(input.view.dtype) === byteSize(view.dtype))
        result.push({ output: view, input: input.view });
    }
  }
  return result;
}
