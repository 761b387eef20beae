/**
 * Blocks as registers: the last axis is cut into vectors of the type's lanes, and scalars for the rest. Movement of blocks
 * (broadcast, transpose, reshape) makes no code by itself: it only says which lanes of which register are meant.
 */
import { internal } from "../../diagnostics/error.js";
import type { DType } from "../../ir/dtype.js";
import type { LoopBuffer } from "../../ir/loop.js";
import type { LoopBuilder, Place } from "./builder.js";
import type { Node } from "./graph.js";
import { prod, range } from "../../util/index.js";

export function rowsOf(shape: readonly number[]): number {
  return prod(shape.slice(0, -1));
}
export function columnsOf(shape: readonly number[]): number {
  return shape.length === 0 ? 1 : shape[shape.length - 1];
}
/** Row-major position to index. */
export function unravel(position: number, shape: readonly number[]): number[] {
  const index: number[] = new Array(shape.length);
  let rest = position;
  for (let i = shape.length - 1; i >= 0; i--) {
    index[i] = rest % shape[i];
    rest = Math.floor(rest / shape[i]);
  }
  return index;
}
export function ravel(index: readonly number[], shape: readonly number[]): number {
  return index.reduce((at, x, i) => at * shape[i] + x, 0);
}

/** The distance between neighbours along an axis, in elements: a number, or a value that is known when the function runs. */
export type Stride = number | Node;

/** Where the elements of a strided block lie: a place for each sum of strides that are no numbers, and offsets from there. */
export class Places {
  readonly #places = new Map<string, Place>();
  readonly #fixed: readonly number[];
  readonly #moving: readonly number[];
  constructor(
    b: LoopBuilder,
    buffer: LoopBuffer,
    base: Node,
    shape: readonly number[],
    readonly strides: readonly Stride[],
  ) {
    this.#fixed = strides.map((s) => (typeof s === "number" ? s : 0));
    this.#moving = range(strides.length).filter((i) => typeof strides[i] !== "number");
    const lowest = shape.reduce((at, n, i) => at + Math.min(0, (n - 1) * this.#fixed[i]), 0);
    const sizes = this.#moving.map((i) => shape[i]);
    for (let p = 0; p < prod(sizes); p++) {
      const index = unravel(p, sizes);
      let at = base;
      index.forEach((x, k) => {
        const stride = strides[this.#moving[k]];
        if (typeof stride !== "number") at = b.op("add", "i32", [at, b.op("mul", "i32", [stride, b.i32(x)])]);
      });
      this.#places.set(index.join(), b.place(buffer, at, lowest));
    }
  }
  at(index: readonly number[]): { readonly place: Place; readonly more: number } {
    const place = this.#places.get(this.#moving.map((i) => index[i]).join()) ?? internal("no such element");
    return { place, more: index.reduce((at, x, i) => at + x * this.#fixed[i], 0) };
  }
}

export abstract class Block {
  constructor(
    readonly b: LoopBuilder,
    readonly dtype: DType,
    readonly shape: readonly number[],
    /** Lanes of its registers, 1 when it is kept in scalars. */
    readonly lanes: number,
  ) {}
  /** One element. */
  abstract scalar(row: number, column: number): Node;
  /** `lanes` elements of a row; of a block of rank 0, its element in all lanes. */
  vector(row: number, column: number, lanes: number): Node {
    if (this.shape.length === 0) return this.b.splat(this.scalar(0, 0), lanes);
    const parts: Node[] = [];
    for (let i = 0; i < lanes; i++) parts.push(this.scalar(row, column + i));
    return this.b.pack(parts);
  }
  /** The register of the standard cut that starts here. */
  piece(row: number, column: number, lanes: number): Node {
    return lanes === 1 ? this.scalar(row, column) : this.vector(row, column, lanes);
  }
}

export interface Cut {
  readonly row: number;
  readonly column: number;
  readonly lanes: number;
}
/** The registers of a block of this shape, in order. */
export function cuts(shape: readonly number[], lanes: number): Cut[] {
  const rows = rowsOf(shape);
  const columns = columnsOf(shape);
  const result: Cut[] = [];
  for (let row = 0; row < rows; row++) {
    let column = 0;
    if (lanes > 1) for (; column + lanes <= columns; column += lanes) result.push({ row, column, lanes });
    for (; column < columns; column++) result.push({ row, column, lanes: 1 });
  }
  return result;
}

/** A block whose registers are computed. */
export class RegisterBlock extends Block {
  readonly #perRow: number;
  readonly #vectors: number;
  constructor(
    b: LoopBuilder,
    dtype: DType,
    shape: readonly number[],
    lanes: number,
    readonly pieces: readonly Node[],
  ) {
    super(b, dtype, shape, lanes);
    const columns = columnsOf(shape);
    this.#vectors = lanes > 1 ? Math.floor(columns / lanes) : 0;
    this.#perRow = this.#vectors + (lanes > 1 ? columns % lanes : columns);
  }
  override scalar(row: number, column: number): Node {
    const first = row * this.#perRow;
    const inVectors = this.#vectors * this.lanes;
    if (column >= inVectors) return this.pieces[first + this.#vectors + (column - inVectors)];
    return this.b.lane(this.pieces[first + Math.floor(column / this.lanes)], column % this.lanes);
  }
  override vector(row: number, column: number, lanes: number): Node {
    if (this.lanes === 1) return super.vector(row, column, lanes);
    const at = row * this.#perRow + Math.floor(column / this.lanes);
    const whole = column + lanes <= this.#vectors * this.lanes;
    if (whole && lanes === this.lanes) {
      const skew = column % lanes;
      if (skew === 0) return this.pieces[at];
      return this.b.shuffle(
        this.pieces[at],
        this.pieces[at + 1],
        Array.from({ length: lanes }, (_, i) => skew + i),
      );
    }
    // masks exist with 2 and with 4 lanes
    if (whole && this.dtype === "bool" && lanes === 2 && this.lanes === 4 && column % 2 === 0) {
      return this.b.widen(this.pieces[at], "bool", column % 4 === 2);
    }
    if (whole && this.dtype === "bool" && lanes === 4 && this.lanes === 2 && column % 2 === 0) {
      return this.b.narrow(this.pieces[at], this.pieces[at + 1], "bool");
    }
    return super.vector(row, column, lanes);
  }
}

/** A block that is read from memory, in whatever registers its users ask for. */
export class LoadBlock extends Block {
  readonly #loads = new Map<string, Node>();
  readonly #places: Places;
  /** Makes a load as if it stood where the block was loaded. */
  readonly #here: (make: () => Node) => Node;
  constructor(
    b: LoopBuilder,
    buffer: LoopBuffer,
    shape: readonly number[],
    lanes: number,
    base: Node,
    readonly strides: readonly Stride[],
  ) {
    super(b, buffer.dtype, shape, lanes);
    this.#places = new Places(b, buffer, base, shape, strides);
    this.#here = b.loadPlace();
  }
  #load(row: number, column: number, lanes: number, splat: boolean): Node {
    const index = this.shape.length ? [...unravel(row, this.shape.slice(0, -1)), column] : [];
    const { place, more } = this.#places.at(index);
    const key = `${place.address.id}:${place.elements + more}:${lanes}${splat ? "s" : ""}`;
    let node = this.#loads.get(key);
    if (!node) {
      const { b } = this;
      node = this.#here(() => (splat ? b.loadSplat(place, more, lanes) : b.load(place, more, lanes)));
      this.#loads.set(key, node);
    }
    return node;
  }
  override scalar(row: number, column: number): Node {
    return this.#load(row, column, 1, false);
  }
  /** One element in all lanes. */
  splat(row: number, column: number, lanes: number): Node {
    return this.#load(row, column, lanes, true);
  }
  override vector(row: number, column: number, lanes: number): Node {
    const stride = this.shape.length ? this.strides[this.shape.length - 1] : 0;
    if (stride === 0) return this.splat(row, column, lanes);
    if (stride === 1 && lanes === this.b.lanesOf(this.dtype)) return this.#load(row, column, lanes, false);
    if (stride === -1 && lanes === this.b.lanesOf(this.dtype)) {
      const back = this.#load(row, column + lanes - 1, lanes, false);
      return this.b.shuffle(
        back,
        back,
        Array.from({ length: lanes }, (_, i) => lanes - 1 - i),
      );
    }
    return super.vector(row, column, lanes);
  }
}

/** Another arrangement of a block's elements: `source` maps an index of this block to one of `arg`. */
export class ViewBlock extends Block {
  constructor(
    b: LoopBuilder,
    readonly arg: Block,
    shape: readonly number[],
    lanes: number,
    readonly source: (index: readonly number[]) => readonly number[],
  ) {
    super(b, arg.dtype, shape, lanes);
  }
  #at(row: number, column: number): { row: number; column: number } {
    const index = this.shape.length ? [...unravel(row, this.shape.slice(0, -1)), column] : [];
    const from = this.source(index);
    if (from.length === 0) return { row: 0, column: 0 };
    return { row: ravel(from.slice(0, -1), this.arg.shape), column: from[from.length - 1] };
  }
  override scalar(row: number, column: number): Node {
    const at = this.#at(row, column);
    return this.arg.scalar(at.row, at.column);
  }
  override vector(row: number, column: number, lanes: number): Node {
    const first = this.#at(row, column);
    let same = true;
    let next = true;
    for (let i = 1; i < lanes; i++) {
      const at = this.#at(row, column + i);
      same &&= at.row === first.row && at.column === first.column;
      next &&= at.row === first.row && at.column === first.column + i;
    }
    if (same) return splatOf(this.arg, first.row, first.column, lanes);
    if (next) return this.arg.vector(first.row, first.column, lanes);
    return super.vector(row, column, lanes);
  }
  splat(row: number, column: number, lanes: number): Node {
    const at = this.#at(row, column);
    return splatOf(this.arg, at.row, at.column, lanes);
  }
}

/** One element of a block in all lanes, straight from memory where it comes from there. */
function splatOf(block: Block, row: number, column: number, lanes: number): Node {
  if (lanes > 1 && (block instanceof LoadBlock || block instanceof ViewBlock)) return block.splat(row, column, lanes);
  return block.b.splat(block.scalar(row, column), lanes);
}

/** A scalar in every place of a shape (rank 0 included). */
export class ScalarBlock extends Block {
  constructor(
    b: LoopBuilder,
    readonly value: Node,
    shape: readonly number[],
    lanes: number,
  ) {
    super(b, value.dtype, shape, lanes);
    if (value.lanes !== 1) internal("a scalar block of a vector");
  }
  override scalar(): Node {
    return this.value;
  }
  override vector(_row: number, _column: number, lanes: number): Node {
    return this.b.splat(this.value, lanes);
  }
}

/** 0, 1, 2… along one axis. */
export class LanesBlock extends Block {
  constructor(
    b: LoopBuilder,
    shape: readonly number[],
    readonly axis: number,
  ) {
    super(b, "i32", shape, b.lanesOf("i32"));
  }
  override scalar(row: number, column: number): Node {
    const last = this.shape.length - 1;
    return this.b.i32(this.axis === last ? column : unravel(row, this.shape.slice(0, -1))[this.axis]);
  }
}
