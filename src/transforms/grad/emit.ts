/** Pieces of maths that several differentiation rules emit. */
import { fail } from "../../diagnostics/error.js";
import { type Aval, aval } from "../../ir/aval.js";
import { Builder } from "../../ir/builder.js";
import { type Dim, dimAdd, dimMul, dimSub, isStatic, type Shape } from "../../ir/dim.js";
import { byteSize, type DType } from "../../ir/dtype.js";
import type { GatherDims, GatherParams, ScatterDims, ScatterParams } from "../../ir/ops/index.js";
import { type AnyEqn, type Atom, Var } from "../../ir/program.js";
import { otherAxes, range } from "../../util/index.js";

/** A tangent or cotangent; null is zero, known without computing anything. */
export type MaybeZero = Atom | null;

/** The aval of a tangent or cotangent: never weak. */
export function strong(a: Aval): Aval {
  return a.weak ? aval(a.shape, a.dtype) : a;
}

/** Appends the same equation with other operands of the same types: no types are computed again. */
export function copyEqn(b: Builder, eqn: AnyEqn, inputs: readonly Atom[]): readonly Var[] {
  const outputs = eqn.outputs.map((v) => new Var(v.aval, v.name));
  b.eqns.push({ ...eqn, inputs, outputs } as AnyEqn);
  return outputs;
}

/** Applies the same primitive with the same parameters to operands of possibly other types. */
export function emitLike(b: Builder, eqn: AnyEqn, inputs: readonly Atom[]): readonly Var[] {
  return b.emit(eqn.prim, inputs, eqn.params as never, eqn.span ?? b.span);
}

/** Zeros of any type, keys included. */
export function zeros(b: Builder, a: Aval): Atom {
  return a.dtype === "key" ? b.emit1("random_wrap", [b.full([...a.shape, 2], 0, "u32")], {}) : b.zerosLike(strong(a));
}

export function instantiate(b: Builder, x: MaybeZero, a: Aval): Atom {
  return x ?? zeros(b, a);
}

/** The sum of those that are not zero. */
export function addAll(b: Builder, terms: readonly MaybeZero[]): MaybeZero {
  return terms.reduce<MaybeZero>((sum, x) => (sum === null ? x : x === null ? sum : b.add(sum, x)), null);
}

export function scale(b: Builder, x: Atom, factor: number): Atom {
  return b.mul(x, b.fullLike(x, factor));
}

/** 1 where the bool `mask` holds, else 0. */
export function indicator(b: Builder, mask: Atom, dtype: DType): Atom {
  return b.convert(mask, dtype);
}

/** `x` where `mask` holds, else zero. */
export function maskTo(b: Builder, mask: Atom, x: Atom): Atom {
  return b.select(mask, x, b.fullLike(x, 0));
}

export function widest(a: DType, b: DType): DType {
  return byteSize(a) >= byteSize(b) ? a : b;
}

/** A size as a number, where the primitive that the rule needs takes no other. */
export function staticSize(d: Dim, what: string): number {
  return isStatic(d) ? d : fail("TW2014", `${what} needs the size ${d} as a number`, {});
}

/** A size as an i32 scalar, also when it is only a name. */
export function sizeScalar(b: Builder, d: Dim): Atom {
  if (isStatic(d)) return b.scalar(d, "i32");
  const counted = b.emit1("reduce_max", [b.iota([d], 0, "i32")], { axes: [0] });
  return b.add(counted, b.scalar(1, "i32"));
}

/** `x[start:limit]` along one axis. */
export function sliceAxis(b: Builder, x: Atom, axis: number, start: Dim, limit: Dim): Atom {
  const shape = x.aval.shape;
  return b.emit1("slice", [x], {
    start: shape.map((_, i) => (i === axis ? start : 0)),
    limit: shape.map((d, i) => (i === axis ? limit : d)),
    strides: shape.map(() => 1),
  });
}

/** Pads (or crops, where negative) one axis. */
export function padAxis(b: Builder, x: Atom, fill: number, axis: number, low: Dim, high: Dim): Atom {
  const shape = x.aval.shape;
  return b.emit1("pad", [x, b.scalar(fill, x.aval.dtype)], {
    low: shape.map((_, i) => (i === axis ? low : 0)),
    high: shape.map((_, i) => (i === axis ? high : 0)),
    interior: shape.map(() => 0),
  });
}

/** Values one place earlier along an axis (later when reversed), `fill` in the place that gets none. */
export function shift(b: Builder, x: Atom, axis: number, reverse: boolean, fill: number): Atom {
  return reverse ? padAxis(b, x, fill, axis, -1, 1) : padAxis(b, x, fill, axis, 1, -1);
}

/** A lower-dimensional array spread over the axes of `shape` that were reduced away. */
export function unreduce(b: Builder, x: Atom, shape: Shape, axes: readonly number[]): Atom {
  return b.broadcast(x, shape, otherAxes(shape.length, axes));
}

/** Dilated size of an axis: n elements with `d - 1` holes between them. */
export function dilate(n: Dim, d: number): Dim {
  if (d === 1) return n;
  if (n === 0) return 0;
  return dimAdd(dimMul(dimSub(n, 1), d), 1);
}

/** `take_along_axis`: element (…, i, …) of the result is `x[…, index[…, i, …], …]`; every index is in bounds. */
export function takeAlong(b: Builder, x: Atom, index: Atom, axis: number): Atom {
  const rank = x.aval.shape.length;
  const others = otherAxes(rank, [axis]);
  const indices = b.reshape(index, [...index.aval.shape, 1]);
  return b.emit1("gather", [x, indices], {
    dims: {
      offsetDims: [],
      collapsedSliceDims: [axis],
      operandBatchingDims: others,
      startIndicesBatchingDims: others,
      startIndexMap: [axis],
    },
    // an empty axis has no slice of 1; the result is empty too
    sliceSizes: x.aval.shape.map((d) => (d === 0 ? 0 : 1)),
    mode: "promise",
  });
}

/**
 * d[i] = a[i] · d[i-1] + c[i] along an axis (from the end when reversed), d before the first being 0. A scan: exact where a
 * is 0 and for any size of the axis, which closed forms with divisions are not.
 */
export function linearRecurrence(b: Builder, a: Atom, c: Atom, axis: number, reverse: boolean): Atom {
  const shape = a.aval.shape;
  const front = [axis, ...otherAxes(shape.length, [axis])];
  const back = range(shape.length).map((i) => front.indexOf(i));
  const rest = aval(
    shape.filter((_, i) => i !== axis),
    a.aval.dtype,
  );
  const step = new Builder();
  const carry = step.input(rest);
  const ai = step.input(rest);
  const ci = step.input(rest);
  const next = step.add(step.mul(ai, carry), ci);
  const [, ds] = b.emit("scan", [zeros(b, rest), b.transpose(a, front), b.transpose(c, front)], {
    body: step.finish([next, next], "recurrence"),
    length: shape[axis],
    reverse,
    numConsts: 0,
    numCarry: 1,
  });
  return b.transpose(ds, back);
}

export function toScatterDims(d: GatherDims): ScatterDims {
  return {
    updateWindowDims: d.offsetDims,
    insertedWindowDims: d.collapsedSliceDims,
    operandBatchingDims: d.operandBatchingDims,
    scatterIndicesBatchingDims: d.startIndicesBatchingDims,
    scatterDimsToOperandDims: d.startIndexMap,
  };
}

/** The gather that reads what a scatter with these parameters writes. */
export function toGather(p: ScatterParams, operand: Shape, updates: Shape): GatherParams {
  const { insertedWindowDims, operandBatchingDims, updateWindowDims } = p.dims;
  let next = 0;
  const sliceSizes = operand.map((d, i) =>
    insertedWindowDims.includes(i) || operandBatchingDims.includes(i)
      ? d === 0
        ? 0
        : 1
      : updates[updateWindowDims[next++]],
  );
  return {
    dims: {
      offsetDims: updateWindowDims,
      collapsedSliceDims: insertedWindowDims,
      operandBatchingDims,
      startIndicesBatchingDims: p.dims.scatterIndicesBatchingDims,
      startIndexMap: p.dims.scatterDimsToOperandDims,
    },
    sliceSizes,
    mode: p.mode,
  };
}

/** A gather whose reads out of bounds are 0: `fill` mode would give NaN, which is right for values and wrong for derivatives. */
export function gatherZero(b: Builder, x: Atom, indices: Atom, p: GatherParams): Atom {
  if (p.mode !== "fill") return b.emit1("gather", [x, indices], p);
  const read = b.emit1("gather", [x, indices], { ...p, mode: "clip" });
  return maskTo(b, inBounds(b, x.aval.shape, indices, p, read.aval.shape), read);
}

/** Which elements of a gather's result were read inside of the operand. */
function inBounds(b: Builder, operand: Shape, indices: Atom, p: GatherParams, result: Shape): Atom {
  const rows = indices.aval.shape.slice(0, -1);
  const last = rows.length;
  const { dtype } = indices.aval;
  const tests = p.dims.startIndexMap.map((axis, k) => {
    const start = b.reshape(sliceAxis(b, indices, last, k, k + 1), rows);
    const limit = b.sub(sizeScalar(b, operand[axis]), sizeScalar(b, p.sliceSizes[axis]));
    const low = b.op("ge", start, b.fullLike(start, dtype === "i64" || dtype === "u64" ? 0n : 0));
    return b.op("and", low, b.op("le", start, b.broadcast(b.convert(limit, dtype), rows, [])));
  });
  const all = tests.reduce<Atom>((x, y) => b.op("and", x, y), b.full(rows, true, "bool"));
  const batch = otherAxes(result.length, p.dims.offsetDims);
  return b.broadcast(all, result, batch);
}
