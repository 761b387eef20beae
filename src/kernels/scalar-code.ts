/** A readable way to write scalar algorithms as tile programs: arithmetic that takes plain numbers, matrices, vector loops. */
import { type Dim, dimAdd, dimMul, dimSub, SymDim } from "../ir/dim.js";
import type { DType } from "../ir/dtype.js";
import type { ElementwisePrim, TileAtom, TileRef, TileVar } from "../ir/tile.js";
import type { TileBuilder } from "../ir/tile-builder.js";

export type Operand = TileAtom | Dim;
const isSize = (x: Operand): x is Dim => typeof x === "number" || x instanceof SymDim;

const areNumbers = (a: Dim, b: Dim): boolean => typeof a === "number" && typeof b === "number";

/** Elements that one step of a vector loop takes: two registers of f32, four of f64. */
const WIDTH = 8;

export class ScalarCode {
  constructor(readonly t: TileBuilder) {}

  const(value: number, dtype: DType): TileAtom {
    return this.t.const(dtype === "i64" || dtype === "u64" ? BigInt(value) : value, dtype);
  }
  i32(x: Operand): TileAtom {
    return isSize(x) ? this.t.i32(x) : x;
  }
  /** A number in the type of other operands. */
  #atom(x: Operand, dtype: DType): TileAtom {
    if (typeof x === "number") return this.const(x, dtype);
    return x instanceof SymDim ? this.t.convert(this.t.i32(x), dtype) : x;
  }
  /** Plain numbers take the type of the other operands. */
  #op(prim: ElementwisePrim, operands: readonly Operand[]): TileAtom {
    const like = operands.find((x): x is TileAtom => !isSize(x));
    const dtype = like?.dtype ?? "i32";
    return this.t.op(
      prim,
      operands.map((x) => this.#atom(x, dtype)),
    );
  }
  add(a: Operand, b: Operand): TileAtom {
    if (a === 0) return this.i32(b);
    if (b === 0) return this.i32(a);
    return isSize(a) && isSize(b) && !areNumbers(a, b) ? this.t.i32(dimAdd(a, b)) : this.#op("add", [a, b]);
  }
  sub(a: Operand, b: Operand): TileAtom {
    if (b === 0) return this.i32(a);
    return isSize(a) && isSize(b) && !areNumbers(a, b) ? this.t.i32(dimSub(a, b)) : this.#op("sub", [a, b]);
  }
  mul(a: Operand, b: Operand): TileAtom {
    if (a === 1) return this.i32(b);
    if (b === 1) return this.i32(a);
    return isSize(a) && isSize(b) && !areNumbers(a, b) ? this.t.i32(dimMul(a, b)) : this.#op("mul", [a, b]);
  }
  div(a: Operand, b: Operand): TileAtom {
    return this.#op("div", [a, b]);
  }
  rem(a: Operand, b: Operand): TileAtom {
    return this.#op("rem", [a, b]);
  }
  min(a: Operand, b: Operand): TileAtom {
    return this.#op("min", [a, b]);
  }
  max(a: Operand, b: Operand): TileAtom {
    return this.#op("max", [a, b]);
  }
  neg(a: Operand): TileAtom {
    return this.#op("neg", [a]);
  }
  abs(a: Operand): TileAtom {
    return this.#op("abs", [a]);
  }
  sqrt(a: Operand): TileAtom {
    return this.#op("sqrt", [a]);
  }
  lt(a: Operand, b: Operand): TileAtom {
    return this.#op("lt", [a, b]);
  }
  le(a: Operand, b: Operand): TileAtom {
    return this.#op("le", [a, b]);
  }
  gt(a: Operand, b: Operand): TileAtom {
    return this.#op("gt", [a, b]);
  }
  ge(a: Operand, b: Operand): TileAtom {
    return this.#op("ge", [a, b]);
  }
  eq(a: Operand, b: Operand): TileAtom {
    return this.#op("eq", [a, b]);
  }
  ne(a: Operand, b: Operand): TileAtom {
    return this.#op("ne", [a, b]);
  }
  and(a: TileAtom, b: TileAtom): TileAtom {
    return this.t.op("and", [a, b]);
  }
  or(a: TileAtom, b: TileAtom): TileAtom {
    return this.t.op("or", [a, b]);
  }
  not(a: TileAtom): TileAtom {
    return this.t.op("not", [a]);
  }
  select(test: TileAtom, yes: Operand, no: Operand): TileAtom {
    const like = isSize(yes) ? no : yes;
    const dtype = isSize(like) ? "i32" : like.dtype;
    return this.t.op("select", [test, this.#atom(yes, dtype), this.#atom(no, dtype)]);
  }
  /** √(a² + b²) without overflow. */
  hypot(a: TileAtom, b: TileAtom): TileAtom {
    const [x, y] = [this.abs(a), this.abs(b)];
    const big = this.max(x, y);
    const ratio = this.div(this.min(x, y), this.select(this.eq(big, 0), 1, big));
    return this.mul(big, this.sqrt(this.add(this.mul(ratio, ratio), 1)));
  }

  for(start: Operand, end: Operand, body: (i: TileVar) => void, step = 1): void {
    this.t.for(this.i32(start), this.i32(end), step, body);
  }
  /** From end - 1 down to start. */
  forDown(start: Operand, end: Operand, body: (i: TileAtom) => void): void {
    const last = this.sub(end, 1);
    const count = this.sub(end, start);
    this.for(0, count, (i) => body(this.sub(last, i)));
  }
  /** `body` for blocks of `width` consecutive indices, then for single ones: end ≥ start. */
  vectorFor(start: Operand, end: Operand, body: (i: TileAtom, width: number) => void, width = WIDTH): void {
    const count = this.sub(end, start);
    const whole = this.t.op("and", [this.i32(count), this.t.i32(-width)]);
    const middle = this.add(start, whole);
    this.for(start, middle, (i) => body(i, width), width);
    this.for(middle, end, (i) => body(i, 1));
  }
}

/** A matrix in memory: element (i, j) lies at base + i·rowStride + j. Values are read and written as `dtype`. */
export class MatrixView {
  constructor(
    readonly k: ScalarCode,
    readonly ref: TileRef,
    readonly base: TileAtom,
    readonly rowStride: number,
    readonly dtype: DType = ref.dtype,
  ) {}
  #index(i: Operand, j: Operand): TileAtom {
    const { k } = this;
    return k.add(this.base, k.add(k.mul(i, this.rowStride), j));
  }
  /** `width` consecutive elements of row i from column j on; a scalar when 1. */
  at(i: Operand, j: Operand, width = 1): TileAtom {
    const { t } = this.k;
    const index = this.#index(i, j);
    const x = width === 1 ? t.load(this.ref, index) : t.load(this.ref, index, [width], [1]);
    return t.convert(x, this.dtype);
  }
  set(i: Operand, j: Operand, value: TileAtom | number, width = 1): void {
    const { k } = this;
    const { t } = k;
    const atom = typeof value === "number" ? t.const(value, this.dtype, width === 1 ? [] : [width]) : value;
    t.store(this.ref, this.#index(i, j), t.convert(atom, this.ref.dtype), width === 1 ? [] : [1]);
  }
  /** The same place as one row. */
  row(i: Operand): VectorView {
    const { k } = this;
    return new VectorView(k, this.ref, k.add(this.base, k.mul(i, this.rowStride)), this.dtype);
  }
}

/** Consecutive elements in memory. */
export class VectorView {
  constructor(
    readonly k: ScalarCode,
    readonly ref: TileRef,
    readonly base: TileAtom,
    readonly dtype: DType = ref.dtype,
  ) {}
  at(i: Operand, width = 1): TileAtom {
    const { t } = this.k;
    const index = this.k.add(this.base, i);
    return t.convert(width === 1 ? t.load(this.ref, index) : t.load(this.ref, index, [width], [1]), this.dtype);
  }
  set(i: Operand, value: TileAtom | number, width = 1): void {
    const { t } = this.k;
    const atom = typeof value === "number" ? t.const(value, this.dtype, width === 1 ? [] : [width]) : value;
    t.store(this.ref, this.k.add(this.base, i), t.convert(atom, this.ref.dtype), width === 1 ? [] : [1]);
  }
  /** Σ this[i]·other[i] over start ≤ i < end. */
  dot(other: VectorView, start: Operand, end: Operand): TileAtom {
    const { k } = this;
    const { t } = k;
    const wide = t.var(t.const(0, this.dtype, [WIDTH]));
    const single = t.var(t.const(0, this.dtype));
    k.vectorFor(start, end, (i, width) => {
      const sum = width === 1 ? single : wide;
      t.assign(sum, k.add(sum, k.mul(this.at(i, width), other.at(i, width))));
    });
    return k.add(t.reduce("sum", wide, 0), single);
  }
  /** this[i] += factor·other[i]. */
  addScaled(other: VectorView, factor: TileAtom, start: Operand, end: Operand): void {
    const { k } = this;
    k.vectorFor(start, end, (i, width) =>
      this.set(i, k.add(this.at(i, width), k.mul(other.at(i, width), factor)), width),
    );
  }
  /** this[i], other[i] become c·this - s·other, s·this + c·other. */
  rotate(other: VectorView, c: TileAtom, s: TileAtom, start: Operand, end: Operand): void {
    const { k } = this;
    k.vectorFor(start, end, (i, width) => {
      const x = this.at(i, width);
      const y = other.at(i, width);
      const first = k.sub(k.mul(x, c), k.mul(y, s));
      const second = k.add(k.mul(x, s), k.mul(y, c));
      this.set(i, first, width);
      other.set(i, second, width);
    });
  }
  copyFrom(other: VectorView, start: Operand, end: Operand): void {
    this.k.vectorFor(start, end, (i, width) => this.set(i, other.at(i, width), width));
  }
  fill(value: number, start: Operand, end: Operand): void {
    this.k.vectorFor(start, end, (i, width) => this.set(i, value, width));
  }
  scale(factor: TileAtom, start: Operand, end: Operand): void {
    const { k } = this;
    k.vectorFor(start, end, (i, width) => this.set(i, k.mul(this.at(i, width), factor), width));
  }
}
