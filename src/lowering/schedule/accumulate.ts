/** Accumulators of reductions: how elements are combined within lanes, and lanes into one result. */
import { internal } from "../../diagnostics/error.js";
import { type DType, isFloat } from "../../ir/dtype.js";
import type { ElementwisePrim, TileAtom, TileReduceOp, TileVar } from "../../ir/tile.js";
import { COMBINE, identityOf } from "../../ir/reduce-op.js";
import type { TileBuilder } from "../../ir/tile-builder.js";
import type { Member } from "./node.js";

export interface Accumulator {
  add(value: TileAtom, payload: TileAtom | null, valid: TileAtom | null): void;
  /** Ends a part of a long sum: what was added since the last one joins the total. */
  flush(): void;
  /**
   * The result of this accumulator and of others of other widths; `lanes`: lanes are parts of one result, not results side by
   * side.
   */
  finish(lanes: boolean, others: readonly Accumulator[]): TileAtom;
}

/**
 * Whether a reduction gains from being done in parts: each addition to a float sum of n terms rounds by a share of the sum so
 * far, which grows as n; in √n parts of √n terms the error grows as √n.
 */
export function wantsParts(m: Member): boolean {
  return m.combine === "sum" && isFloat(m.dtype);
}
export function makeAccumulator(b: TileBuilder, m: Member, width: number, parts: boolean): Accumulator {
  const shape = width > 1 ? [width] : [];
  if (m.combine === "argmax" || m.combine === "argmin") return new Extremum(b, m, m.combine === "argmax", shape);
  if ((m.combine === "max" || m.combine === "min") && (m.dtype === "f32" || m.dtype === "f64"))
    return m.passNaN
      ? new Greatest(b, m.dtype, shape)
      : m.dtype === "f32"
        ? new BitsExtremum(b, m.combine === "max", shape)
        : new FloatExtremum(b, m.combine === "max", m.dtype, shape);
  return new Plain(
    b,
    m.combine ?? internal("a reduction without an operation"),
    m.dtype,
    shape,
    parts && wantsParts(m),
  );
}

class Plain implements Accumulator {
  readonly #sum: TileVar;
  readonly #total: TileVar | null;
  readonly #identity: TileAtom;
  constructor(
    readonly b: TileBuilder,
    readonly op: TileReduceOp,
    dtype: DType,
    shape: readonly number[],
    parts: boolean,
  ) {
    this.#identity = b.const(identityOf(op, dtype), dtype, shape);
    this.#sum = b.var(this.#identity);
    this.#total = parts ? b.var(this.#identity) : null;
  }
  #prim(): ElementwisePrim {
    // on bool the greatest is or, the least is and
    if (this.#sum.dtype === "bool")
      return this.op === "max" || this.op === "or" || this.op === "sum" ? "or" : this.op === "xor" ? "xor" : "and";
    return COMBINE[this.op];
  }
  add(value: TileAtom, _payload: TileAtom | null, valid: TileAtom | null): void {
    const next = this.b.op(this.#prim(), [this.#sum, value]);
    this.b.assign(this.#sum, valid ? this.b.op("select", [valid, next, this.#sum]) : next);
  }
  flush(): void {
    if (!this.#total) return;
    this.b.assign(this.#total, this.b.op(this.#prim(), [this.#total, this.#sum]));
    this.b.assign(this.#sum, this.#identity);
  }
  finish(lanes: boolean, others: readonly Accumulator[]): TileAtom {
    const one = (a: Plain): TileAtom => {
      if (a.#total) this.b.assign(a.#total, this.b.op(this.#prim(), [a.#total, a.#sum]));
      const sum = a.#total ?? a.#sum;
      if (!lanes || sum.shape.length === 0) return sum;
      const bool = a.#sum.dtype === "bool";
      const op: TileReduceOp = bool ? (this.#prim() as TileReduceOp) : this.op;
      return this.b.reduce(op, sum, 0);
    };
    return (others as readonly Plain[]).reduce((sum, a) => this.b.op(this.#prim(), [sum, one(a)]), one(this));
  }
}

/** The greatest float that is found by comparing: it passes over NaN, and of two zeros keeps the first. */
class Greatest implements Accumulator {
  readonly #best: TileVar;
  constructor(
    readonly b: TileBuilder,
    readonly dtype: "f32" | "f64",
    shape: readonly number[],
  ) {
    this.#best = b.var(b.const(identityOf("max", dtype), dtype, shape));
  }
  add(value: TileAtom, _payload: TileAtom | null, valid: TileAtom | null): void {
    const { b } = this;
    const best = this.#best;
    const greater = b.op("select", [b.op("lt", [best, value]), value, best]);
    b.assign(best, valid ? b.op("select", [valid, greater, best]) : greater);
  }
  flush(): void {}
  finish(lanes: boolean, others: readonly Accumulator[]): TileAtom {
    const { b } = this;
    const one = (x: TileVar): TileAtom => (lanes && x.shape.length > 0 ? b.reduce("max", x, 0, true) : x);
    return [this, ...(others as readonly Greatest[])]
      .map((a) => one(a.#best))
      .reduce((x, y) => b.op("select", [b.op("lt", [x, y]), y, x]));
  }
}

/**
 * The greatest or least f32 by its bits, in three operations of whole numbers. Positive floats are in the order of their bits, negative ones
 * in the reverse: so the greatest is the greatest of the bits with a sign where anything is positive, else the least of those
 * without; the least is the greatest without a sign where anything is negative. NaN lies beyond the infinities, and -0 below 0, in these orders.
 */
class BitsExtremum implements Accumulator {
  readonly #signed: TileVar;
  readonly #most: TileVar;
  readonly #least: TileVar;
  constructor(
    readonly b: TileBuilder,
    readonly greatest: boolean,
    shape: readonly number[],
  ) {
    const infinity = greatest ? 0xff800000 : 0x7f800000;
    this.#signed = b.var(b.const(infinity | 0, "i32", shape));
    this.#most = b.var(b.const(infinity, "u32", shape));
    this.#least = b.var(b.const(infinity, "u32", shape));
  }
  add(value: TileAtom, _payload: TileAtom | null, valid: TileAtom | null): void {
    const { b } = this;
    const keep = (op: "max" | "min", target: TileVar): void => {
      const next = b.op(op, [target, b.op("bitcast_convert_type", [value], { dtype: target.dtype })]);
      b.assign(target, valid ? b.op("select", [valid, next, target]) : next);
    };
    keep("max", this.#signed);
    keep("max", this.#most);
    keep("min", this.#least);
  }
  flush(): void {}
  finish(lanes: boolean, others: readonly Accumulator[]): TileAtom {
    const { b } = this;
    const all = [this, ...(others as readonly BitsExtremum[])];
    const one = (op: "max" | "min", of: (a: BitsExtremum) => TileVar): TileAtom =>
      all
        .map(of)
        .map((x): TileAtom => (lanes && x.shape.length > 0 ? b.reduce(op, x, 0) : x))
        .reduce((x, y) => b.op(op, [x, y]));
    const signed = one("max", (a) => a.#signed);
    const most = one("max", (a) => a.#most);
    const least = one("min", (a) => a.#least);
    const asFloat = (x: TileAtom): TileAtom => b.op("bitcast_convert_type", [x], { dtype: "f32" });
    const ordered = this.greatest
      ? b.op("select", [b.op("ge", [signed, b.i32(0)]), asFloat(signed), asFloat(least)])
      : b.op("select", [b.op("ge", [most, b.const(0x80000000, "u32")]), asFloat(most), asFloat(least)]);
    const nan = b.op("or", [b.op("gt", [signed, b.i32(0x7f800000)]), b.op("gt", [most, b.const(0xff800000, "u32")])]);
    return b.op("select", [nan, b.const(Number.NaN, "f32"), ordered]);
  }
}

/**
 * The greatest or least float. The operation of Wasm that knows NaN and the signs of zeros is ten instructions of most machines;
 * a plain comparison is one, if we remember beside it whether there was a NaN, and the signs: the greatest is -0 when all
 * signs are set, the least when any is.
 */
class FloatExtremum implements Accumulator {
  readonly #best: TileVar;
  readonly #nan: TileVar;
  readonly #signs: TileVar;
  readonly #bits: "i32" | "i64";
  constructor(
    readonly b: TileBuilder,
    readonly greatest: boolean,
    readonly dtype: "f32" | "f64",
    shape: readonly number[],
  ) {
    this.#bits = dtype === "f64" ? "i64" : "i32";
    this.#best = b.var(b.const(identityOf(greatest ? "max" : "min", dtype), dtype, shape));
    this.#nan = b.var(b.const(false, "bool", shape));
    const none = greatest ? -1 : 0;
    this.#signs = b.var(b.const(dtype === "f64" ? BigInt(none) : none, this.#bits, shape));
  }
  add(value: TileAtom, _payload: TileAtom | null, valid: TileAtom | null): void {
    const { b } = this;
    const best = this.#best;
    const better = this.greatest ? b.op("lt", [best, value]) : b.op("lt", [value, best]);
    const keep = (target: TileVar, next: TileAtom): void =>
      b.assign(target, valid ? b.op("select", [valid, next, target]) : next);
    keep(this.#nan, b.op("or", [this.#nan, b.op("ne", [value, value])]));
    keep(this.#signs, b.op(this.greatest ? "and" : "or", [this.#signs, this.#bitsOf(value)]));
    keep(best, b.op("select", [better, value, best]));
  }
  #bitsOf(value: TileAtom): TileAtom {
    return this.b.op("bitcast_convert_type", [value], { dtype: this.#bits });
  }
  flush(): void {}
  finish(lanes: boolean, others: readonly Accumulator[]): TileAtom {
    const { b } = this;
    const [extremum, sign] = this.greatest ? (["max", "and"] as const) : (["min", "or"] as const);
    const one = (x: TileVar, op: TileReduceOp): TileAtom => (lanes && x.shape.length > 0 ? b.reduce(op, x, 0) : x);
    const parts = [this, ...(others as readonly FloatExtremum[])].map((a) => ({
      best: one(a.#best, extremum),
      nan: one(a.#nan, "or"),
      signs: one(a.#signs, sign),
    }));
    const all = parts.reduce((x, y) => ({
      best: b.op(extremum, [x.best, y.best]),
      nan: b.op("or", [x.nan, y.nan]),
      signs: b.op(sign, [x.signs, y.signs]),
    }));
    const signBit = this.#bits === "i64" ? -(2n ** 63n) : -(2 ** 31);
    const signs = b.op("and", [all.signs, b.const(signBit, this.#bits)]);
    const zero = b.op("bitcast_convert_type", [signs], { dtype: this.dtype });
    const ordered = b.op("select", [b.op("eq", [all.best, b.const(0, this.dtype)]), zero, all.best]);
    return b.op("select", [all.nan, b.const(Number.NaN, this.dtype), ordered]);
  }
}

/** The extremum and what goes with it: the first of equals, NaN before everything. */
class Extremum implements Accumulator {
  readonly #best: TileVar;
  /** A position, or -1 while nothing has been seen. */
  readonly #at: TileVar;
  readonly #carried: TileVar | null;
  constructor(
    readonly b: TileBuilder,
    m: Member,
    readonly greatest: boolean,
    shape: readonly number[],
  ) {
    const { dtype } = m.node;
    this.#best = b.var(b.const(identityOf(greatest ? "max" : "min", dtype), dtype, shape));
    this.#at = b.var(b.const(-1, "i32", shape));
    this.#carried =
      m.payload && m.payload.kind !== "index"
        ? b.var(b.const(identityOf("sum", m.payload.dtype), m.payload.dtype, shape))
        : null;
  }
  #better(value: TileAtom): TileAtom {
    const { b } = this;
    let better = b.op(this.greatest ? "gt" : "lt", [value, this.#best]);
    if (isFloat(value.dtype)) {
      const nan = b.op("and", [b.op("ne", [value, value]), b.op("eq", [this.#best, this.#best])]);
      better = b.op("or", [better, nan]);
    }
    return b.op("or", [better, b.op("lt", [this.#at, b.i32(0)])]);
  }
  add(value: TileAtom, payload: TileAtom | null, valid: TileAtom | null): void {
    const { b } = this;
    let better = this.#better(value);
    if (valid) better = b.op("and", [better, valid]);
    const at = this.#carried ? b.i32(0) : (payload ?? internal("argmax without a position"));
    if (this.#carried && payload) b.assign(this.#carried, b.op("select", [better, payload, this.#carried]));
    b.assign(this.#at, b.op("select", [better, at, this.#at]));
    b.assign(this.#best, b.op("select", [better, value, this.#best]));
  }
  flush(): void {}
  finish(lanes: boolean, others: readonly Accumulator[]): TileAtom {
    const { b } = this;
    if (this.#carried) return this.#carried;
    if (!lanes) return this.#at;
    const one = (a: Extremum): { best: TileAtom; at: TileAtom } => {
      // a position behind all others where nothing has been seen
      const seen = b.op("ge", [a.#at, b.i32(0)]);
      if (a.#best.shape.length === 0) return { best: a.#best, at: b.op("select", [seen, a.#at, b.i32(0x7fffffff)]) };
      const best = b.reduce(this.greatest ? "max" : "min", a.#best, 0);
      let here = b.op("eq", [a.#best, best]);
      if (isFloat(best.dtype)) here = b.op("or", [here, b.op("ne", [a.#best, a.#best])]);
      // with a NaN in some lane the extremum is NaN and equals nothing: only the lanes that hold NaN are left
      const at = b.reduce("min", b.op("select", [b.op("and", [here, seen]), a.#at, b.i32(0x7fffffff)]), 0);
      return { best, at };
    };
    let result = one(this);
    for (const other of others as readonly Extremum[]) {
      const o = one(other);
      let better = b.op(this.greatest ? "gt" : "lt", [o.best, result.best]);
      let same = b.op("eq", [o.best, result.best]);
      if (isFloat(o.best.dtype)) {
        const [theirs, mine] = [o, result].map((x) => b.op("ne", [x.best, x.best])) as [TileAtom, TileAtom];
        better = b.op("or", [better, b.op("and", [theirs, b.op("not", [mine])])]);
        same = b.op("or", [same, b.op("and", [theirs, mine])]);
      }
      better = b.op("or", [better, b.op("and", [same, b.op("lt", [o.at, result.at])])]);
      result = { best: b.op("select", [better, o.best, result.best]), at: b.op("select", [better, o.at, result.at]) };
    }
    return result.at;
  }
}
