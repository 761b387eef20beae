/** Random tile programs in which every float sum is exact, so that results must agree to the last bit. */
import { DTYPES, type DType, isFloat, isInt } from "../../../src/ir/dtype.js";
import type { Program } from "../../../src/ir/program.js";
import type { TileAtom, TileReduceOp, TileRef, TileVar } from "../../../src/ir/tile.js";
import { TileBuilder } from "../../../src/ir/tile-builder.js";
import type { Rng } from "../../laws/random.js";
import { prod } from "../../../src/util/index.js";

/** Elements of a ref that one program of the grid may touch. */
const PART = 64;
const SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 12];
/** Kinds of statements without bodies. */
const STRAIGHT = Array.from({ length: 16 }, (_, i) => i);

export class ProgramMaker {
  readonly t = new TileBuilder("random");
  readonly dtypes: readonly DType[];
  #inputs = new Map<DType, TileRef>();
  #outputs = new Map<DType, TileRef>();
  #pool: TileAtom[] = [];
  #variables: TileVar[] = [];
  #program: TileAtom = this.t.i32(0);
  /** Indices of the loops around, each from -1 to 8. */
  #loops: TileVar[] = [];

  constructor(readonly rng: Rng) {
    this.dtypes = rng.shuffle(DTYPES.filter((d) => d !== "key")).slice(0, 3);
  }

  make(): Program<"tile"> {
    const { t, rng } = this;
    const grid = rng.pick([[1], [3], [2, 2], [2, 1, 3], [1, 1], [5, 1]]);
    const programs = prod(grid);
    for (const d of this.dtypes) {
      this.#inputs.set(d, t.ref(`in_${d}`, d, "in", PART * programs));
      this.#outputs.set(d, t.ref(`out_${d}`, d, "out", PART * programs));
    }
    const stages = rng.int(1, 2);
    for (let s = 0; s < stages; s++) {
      t.stage(grid, (...ids) => {
        this.#pool = [];
        this.#variables = [];
        let flat: TileAtom = t.i32(0);
        ids.forEach((id, axis) => {
          flat = t.add(t.mul(flat, t.i32(grid[axis])), id);
        });
        this.#program = flat;
        this.#statements(rng.int(5, 25), 2);
        for (let i = 0; i < 4; i++) this.#store();
      });
    }
    return t.finish();
  }

  #dtype(): DType {
    return this.rng.pick(this.dtypes);
  }
  #shape(): number[] {
    const { rng } = this;
    const rank = rng.pick([0, 1, 1, 1, 2, 2, 3]);
    for (;;) {
      const shape = Array.from({ length: rank }, () => rng.pick(SIZES));
      if (prod(shape) <= 48) return shape;
    }
  }
  #ref(table: Map<DType, TileRef>, dtype: DType): TileRef {
    const ref = table.get(dtype);
    if (!ref) throw new Error("no ref");
    return ref;
  }
  #constant(dtype: DType, shape: readonly number[]): TileAtom {
    const { rng, t } = this;
    const value = isFloat(dtype)
      ? rng.pick([0, -0, 1, -1.5, 2, Number.NaN, Number.POSITIVE_INFINITY, 3])
      : rng.int(0, 7);
    return t.const(
      dtype === "bool" ? value > 3 : dtype === "i64" || dtype === "u64" ? BigInt(value) : value,
      dtype,
      shape,
    );
  }
  /** A value of this type and shape. */
  #value(dtype: DType, shape: readonly number[]): TileAtom {
    const { rng, t } = this;
    const fit = [...this.#pool, ...this.#variables].filter((v) => v.dtype === dtype && v.shape.join() === shape.join());
    if (fit.length > 0 && rng.chance(0.8)) return rng.pick(fit);
    if (rng.chance(0.15)) return this.#constant(dtype, shape);
    if (this.dtypes.includes(dtype)) return this.#load(dtype, shape);
    return this.#keep(t.convert(this.#load(this.#dtype(), shape), dtype));
  }
  /** The same, or a scalar instead of a block. */
  #operand(dtype: DType, shape: readonly number[]): TileAtom {
    return this.#value(dtype, this.rng.chance(0.2) ? [] : shape);
  }
  #keep<T extends TileAtom>(v: T): T {
    this.#pool.push(v);
    return v;
  }
  /** Offset of this program's part, and a place in it from `least` to `within`; it may follow a loop. */
  #base(within: number, least = within): TileAtom {
    const { rng, t } = this;
    const part = t.mul(this.#program, t.i32(PART));
    const factor = Math.min(Math.floor((within - least) / 9), 3);
    if (factor > 0 && this.#loops.length > 0 && rng.chance(0.8)) {
      const loop = rng.pick(this.#loops);
      const rest = within - 9 * factor;
      const moving = t.mul(loop, t.i32(factor));
      if (rng.chance(0.3)) return t.add(part, t.sub(t.i32(within - factor), moving));
      return rng.chance(0.5)
        ? t.add(t.add(part, moving), t.i32(factor + rest))
        : t.add(t.add(moving, t.i32(factor + rest)), part);
    }
    return within === 0 ? part : t.add(part, t.i32(within));
  }
  #load(dtype: DType, shape: readonly number[]): TileAtom {
    const { rng, t } = this;
    const written = rng.chance(0.3);
    const ref = this.#ref(written ? this.#outputs : this.#inputs, dtype);
    for (;;) {
      const strides = shape.map((n, i) => {
        const dense = prod(shape.slice(i + 1));
        return rng.pick([dense, dense, 1, 0, -1, 2, -dense, n]);
      });
      const low = shape.reduce((o, n, i) => o + Math.min(0, (n - 1) * strides[i]), 0);
      const high = shape.reduce((o, n, i) => o + Math.max(0, (n - 1) * strides[i]), 0);
      if (high - low < PART)
        return this.#keep(t.load(ref, this.#base(rng.int(-low, PART - 1 - high), -low), shape, strides));
    }
  }
  #store(): void {
    const { rng, t } = this;
    const dtype = this.#dtype();
    const shape = this.#shape();
    const value = this.#value(dtype, shape);
    const ref = this.#ref(this.#outputs, dtype);
    // strides under which no two elements meet
    const order = rng.shuffle(shape.map((_, i) => i));
    const strides: number[] = new Array(shape.length);
    let step = 1;
    for (const axis of order) {
      strides[axis] = step;
      step *= shape[axis];
    }
    if (rng.chance(0.5)) shape.forEach((_, i) => (strides[i] = prod(shape.slice(i + 1))));
    const flip = shape.map(() => rng.chance(0.2));
    const low = shape.reduce((o, n, i) => o + (flip[i] ? (n - 1) * strides[i] : 0), 0);
    const size = prod(shape);
    const signed = strides.map((s, i) => (flip[i] ? -s : s));
    t.store(ref, this.#base(rng.int(0, PART - size) + low, low), value, signed);
  }
  /** Indices of this program's part: what they are does not matter. */
  #indices(shape: readonly number[]): TileAtom {
    const { t } = this;
    return t.add(t.op("and", [this.#value("i32", shape), t.i32(PART - 1)]), this.#base(0));
  }

  /** Neighbouring indices, row after row. */
  #line(shape: readonly number[]): TileAtom {
    const { rng, t } = this;
    if (shape.length === 0) return this.#base(rng.int(0, PART - 1), 0);
    const strides = shape.map((_, i) => prod(shape.slice(i + 1)));
    let index: TileAtom = this.#base(rng.int(0, PART - prod(shape)), 0);
    shape.forEach((_, axis) => {
      index = t.add(t.mul(t.lanes(shape, axis), t.i32(strides[axis])), index);
    });
    return index;
  }
  /** Any mask, or one that cuts the last axis off. */
  #mask(shape: readonly number[]): TileAtom {
    const { rng, t } = this;
    if (shape.length === 0 || rng.chance(0.4)) return this.#value("bool", shape);
    const limit = rng.chance(0.5) ? t.i32(rng.int(0, 12)) : t.op("and", [this.#value("i32", []), t.i32(15)]);
    return t.op("lt", [t.lanes(shape, shape.length - 1), limit]);
  }

  #statements(count: number, depth: number): void {
    for (let i = 0; i < count; i++) this.#statement(depth);
  }
  /** Statements whose values end with them. */
  #scope(depth: number): void {
    const pool = this.#pool.length;
    const variables = this.#variables.length;
    this.#statements(this.rng.int(1, 6), depth - 1);
    this.#pool.length = pool;
    this.#variables.length = variables;
  }

  #statement(depth: number): void {
    const { rng, t } = this;
    const dtype = this.#dtype();
    const shape = this.#shape();
    const kind = rng.pick(depth > 0 ? [...STRAIGHT, ...STRAIGHT, 16, 16, 16, 16, 17, 17, 18] : STRAIGHT);
    switch (kind) {
      case 0:
      case 1:
      case 2:
        this.#op(dtype, shape);
        return;
      case 3: {
        const to = rng.chance(0.5) ? this.#dtype() : rng.pick(DTYPES.filter((d) => d !== "key"));
        this.#keep(t.convert(this.#value(dtype, shape), to));
        return;
      }
      case 4:
        if (shape.length > 0) this.#keep(t.lanes(shape, rng.int(0, shape.length - 1)));
        return;
      case 5: {
        // axes of the argument, in any order, some of size 1
        const dims = rng.shuffle(shape.map((_, i) => i)).slice(0, rng.int(0, shape.length));
        const from = dims.map((d) => (rng.chance(0.3) ? 1 : shape[d]));
        this.#keep(t.broadcast(this.#value(dtype, from), shape, dims));
        return;
      }
      case 6:
        this.#keep(t.transpose(this.#value(dtype, shape), rng.shuffle(shape.map((_, i) => i))));
        return;
      case 7: {
        const n = prod(shape);
        const factors = [1, 2, 3, 4, 6, 8].filter((f) => n % f === 0);
        const f = rng.pick(factors);
        this.#keep(t.reshape(this.#value(dtype, shape), rng.pick([[n], [f, n / f], [n / f, f], [f, 1, n / f]])));
        return;
      }
      case 8:
      case 9:
        if (shape.length > 0) this.#reduce(dtype, shape);
        return;
      case 10:
        this.#store();
        return;
      case 11: {
        const index = rng.chance(0.5) ? this.#indices(shape) : this.#line(shape);
        const mask = rng.chance(0.6) ? this.#mask(shape) : null;
        const other = mask && rng.chance(0.5) ? this.#operand(dtype, shape) : null;
        this.#keep(t.loadAt(this.#ref(rng.chance(0.5) ? this.#inputs : this.#outputs, dtype), index, mask, other));
        return;
      }
      case 12: {
        if (shape.length === 0) return;
        // different indices: a line of lanes turned by something
        const n = prod(shape);
        const line = t.reshape(t.lanes([n], 0), shape);
        const turned = t.op("and", [t.add(line, this.#value("i32", [])), t.i32(PART - 1)]);
        const mask = rng.chance(0.6) ? this.#mask(shape) : null;
        if (rng.chance(0.5)) {
          t.storeAt(this.#ref(this.#outputs, dtype), this.#line(shape), this.#operand(dtype, shape), mask);
          return;
        }
        t.storeAt(this.#ref(this.#outputs, dtype), t.add(turned, this.#base(0)), this.#operand(dtype, shape), mask);
        return;
      }
      case 13:
        this.#variables.push(t.var(this.#value(dtype, shape)));
        return;
      case 14:
      case 15: {
        if (this.#variables.length === 0) return;
        const v = rng.pick(this.#variables);
        t.assign(v, this.#operand(v.dtype, v.shape));
        return;
      }
      case 16: {
        const start = rng.int(-1, 3);
        const bound = rng.chance(0.5) ? t.i32(start + rng.int(0, 5)) : t.op("and", [this.#value("i32", []), t.i32(3)]);
        t.for(t.i32(start), bound, rng.int(1, 3), (i) => {
          this.#pool.push(i);
          this.#loops.push(i);
          this.#scope(depth);
          this.#loops.pop();
          this.#pool.pop();
        });
        return;
      }
      case 17:
        t.if(this.#value("bool", []), () => this.#scope(depth), rng.chance(0.5) ? () => this.#scope(depth) : () => {});
        return;
      default: {
        const counter = t.var(t.op("and", [this.#value("i32", []), t.i32(3)]));
        t.while(
          () => {
            const pool = this.#pool.length;
            const variables = this.#variables.length;
            if (rng.chance(0.3)) this.#statement(0);
            this.#pool.length = pool;
            this.#variables.length = variables;
            return t.op("gt", [counter, t.i32(0)]);
          },
          () => {
            t.assign(counter, t.sub(counter, t.i32(1)));
            this.#scope(depth);
          },
        );
      }
    }
  }

  #op(dtype: DType, shape: readonly number[]): void {
    const { rng, t } = this;
    const [x, y] = [this.#value(dtype, shape), this.#operand(dtype, shape)];
    const choose = rng.int(0, 3);
    if (choose === 0) {
      this.#keep(t.op(rng.pick(dtype === "bool" ? ["eq", "ne"] : ["eq", "ne", "lt", "le", "gt", "ge"]), [x, y]));
    } else if (choose === 1) {
      this.#keep(t.op("select", [this.#operand("bool", shape), x, this.#operand(dtype, shape)]));
    } else if (dtype === "bool") {
      this.#keep(t.op(rng.pick(["and", "or", "xor", "max", "min"]), [x, y]));
    } else if (isInt(dtype) && rng.chance(0.5)) {
      const prim = rng.pick([
        "and",
        "or",
        "xor",
        "shift_left",
        "shift_right_logical",
        "shift_right_arithmetic",
        "div",
        "rem",
      ] as const);
      this.#keep(t.op(prim, [x, y]));
    } else {
      const prim = rng.pick([
        "add",
        "sub",
        "mul",
        "max",
        "min",
        "neg",
        "abs",
        "sign",
        ...(isFloat(dtype) ? (["div"] as const) : []),
      ] as const);
      const unary = prim === "neg" || prim === "abs" || prim === "sign";
      this.#keep(t.op(prim, unary ? [x] : [x, y]));
    }
  }
  #reduce(dtype: DType, shape: readonly number[]): void {
    const { rng, t } = this;
    let x = this.#value(dtype, shape);
    const ops: TileReduceOp[] = isFloat(dtype)
      ? ["sum", "prod", "max", "min"]
      : dtype === "bool"
        ? ["and", "or", "xor", "max", "min"]
        : ["sum", "prod", "max", "min", "and", "or", "xor"];
    const op = rng.pick(ops);
    if (isFloat(dtype) && (op === "sum" || op === "prod")) {
      // whole and small (or NaN): every order gives the same
      const bound = op === "sum" ? 2 : 1;
      x = t.op("clamp", [t.const(-bound, dtype), x, t.const(bound, dtype)]);
      x = t.op("floor", [x]);
    }
    this.#keep(t.reduce(op, x, rng.int(0, shape.length - 1)));
  }
}
