/** A straightforward evaluator of tile programs, statement by statement; scratch starts as NaN (or a big number). */
import { castScalar, type DType, isFloat } from "../../src/ir/dtype.js";
import type { Program } from "../../src/ir/program.js";
import type { TileAtom, TileRef, TileStmt, TileVar } from "../../src/ir/tile.js";
import { inOrder } from "../../src/ir/tile-rounds.js";
import { prod } from "../../src/util/index.js";
import { fixed } from "../lowering/fixed.js";

export type Element = number | bigint | boolean;
type Block = readonly Element[];
/** Plain values of a ref, not their bits. */
export type Buffers = Map<TileRef, Element[]>;

class Machine {
  readonly values = new Map<TileVar, Block>();
  ids: readonly number[] = [];
  constructor(readonly buffers: Buffers) {}

  read(a: TileAtom): Block {
    if (a.kind === "tileconst") return Array(prod(a.shape)).fill(castScalar(a.value, a.dtype));
    if (a.kind === "tilesize") throw new Error("a named size");
    const v = this.values.get(a);
    if (!v) throw new Error(`tile variable ${a.id} is read before it is set`);
    return v;
  }
  scalar(a: TileAtom): Element {
    const v = this.read(a);
    if (v.length !== 1) throw new Error("a block where a scalar is needed");
    return v[0];
  }
  number(a: TileAtom): number {
    return Number(this.scalar(a));
  }
  memory(ref: TileRef): Element[] {
    const m = this.buffers.get(ref);
    if (!m) throw new Error(`no buffer for ${ref.name}`);
    return m;
  }
  check(ref: TileRef, index: number): number {
    if (!(index >= 0 && index < fixed(ref.size))) throw new Error(`${ref.name}[${index}] of ${fixed(ref.size)}`);
    return index;
  }
  /** Offsets of a block's elements. */
  offsets(shape: readonly number[], strides: readonly number[]): number[] {
    let out = [0];
    shape.forEach((n, axis) => {
      out = out.flatMap((o) => Array.from({ length: n }, (_, i) => o + i * strides[axis]));
    });
    return out;
  }
  run(body: readonly TileStmt[]): void {
    for (const s of body) this.step(s);
  }
  step(s: TileStmt): void {
    switch (s.kind) {
      case "op": {
        const args = s.args.map((a) => this.read(a));
        const n = prod(s.out.shape);
        const out: Element[] = [];
        for (let i = 0; i < n; i++) {
          const xs = args.map((a) => (a.length === 1 ? a[0] : a[i]));
          out.push(castScalar(elementwise(s.prim, s.args[0].dtype, xs), s.out.dtype));
        }
        this.values.set(s.out, out);
        return;
      }
      case "program_id":
        this.values.set(s.out, [this.ids[s.axis]]);
        return;
      case "program_end":
        this.values.set(s.out, [this.ids[0] + 1]);
        return;
      case "load": {
        const memory = this.memory(s.ref);
        const base = this.number(s.base);
        this.values.set(
          s.out,
          this.offsets(s.out.shape, s.strides.map(fixed)).map((o) => memory[this.check(s.ref, base + o)]),
        );
        return;
      }
      case "store": {
        if (s.ref.role === "in") throw new Error(`store to the operand ${s.ref.name}`);
        if (s.value.dtype !== s.ref.dtype) throw new Error(`${s.value.dtype} stored in ${s.ref.dtype} ${s.ref.name}`);
        const memory = this.memory(s.ref);
        const base = this.number(s.base);
        const value = this.read(s.value);
        this.offsets(s.value.shape, s.strides.map(fixed)).forEach((o, i) => {
          memory[this.check(s.ref, base + o)] = value[i];
        });
        return;
      }
      case "lanes": {
        if (s.out.shape.length !== 1) throw new Error("only lanes of vectors here");
        this.values.set(
          s.out,
          Array.from({ length: s.out.shape[0] }, (_, i) => i),
        );
        return;
      }
      case "reduce": {
        const combine = { sum: "add", max: "max", or: "or" }[s.op as string];
        if (!combine || s.arg.shape.length !== 1) throw new Error("only sums, maxima and or of vectors here");
        const { dtype } = s.out;
        this.values.set(s.out, [
          this.read(s.arg).reduce((a, b) => castScalar(elementwise(combine, dtype, [a, b]), dtype)),
        ]);
        return;
      }
      case "scan": {
        if (s.arg.shape.length !== 1) throw new Error("only scans of vectors here");
        const combine = { sum: "add", prod: "mul", max: "max", min: "min" }[s.op as string] ?? "";
        const out: Element[] = [];
        const arg = s.reverse ? [...this.read(s.arg)].reverse() : this.read(s.arg);
        for (const x of arg)
          out.push(
            out.length === 0 ? x : castScalar(elementwise(combine, s.out.dtype, [out[out.length - 1], x]), s.out.dtype),
          );
        this.values.set(s.out, s.reverse ? out.reverse() : out);
        return;
      }
      case "pick":
        this.values.set(
          s.out,
          this.read(s.index).map((i) => this.read(s.arg)[Number(i)]),
        );
        return;
      case "var":
        this.values.set(s.out, this.read(s.init));
        return;
      case "assign":
        if (!s.target.mutable || s.target.dtype !== s.value.dtype) throw new Error("a wrong assignment");
        this.values.set(s.target, this.read(s.value));
        return;
      case "for": {
        const [start, end] = [this.number(s.start), this.number(s.end)];
        for (let i = start; i < end; i += s.step) {
          this.values.set(s.index, [i]);
          this.run(s.body);
        }
        return;
      }
      case "while":
        for (let steps = 0; ; steps++) {
          if (steps > 1e7) throw new Error("a loop that does not end");
          this.run(s.cond);
          if (!this.scalar(s.test)) return;
          this.run(s.body);
        }
      case "if":
        this.run(this.scalar(s.test) ? s.then : s.else);
        return;
      default:
        throw new Error(`${s.kind} is not used by these kernels`);
    }
  }
}

function elementwise(prim: string, dtype: DType, [x, y, z]: readonly Element[]): Element {
  const [a, b] = [x as number, y as number];
  switch (prim) {
    case "add":
      return a + b;
    case "sub":
      return a - b;
    case "mul":
      return dtype === "i32" ? Math.imul(a, b) : a * b;
    case "div":
      return isFloat(dtype) ? a / b : Math.trunc(a / b);
    case "rem":
      return a % b;
    case "neg":
      return -a;
    case "abs":
      return Math.abs(a);
    case "sqrt":
      return Math.sqrt(a);
    case "max":
      return typeof x === "bigint" ? (x > (y as bigint) ? x : y) : Math.max(a, b);
    case "min":
      return typeof x === "bigint" ? (x < (y as bigint) ? x : y) : Math.min(a, b);
    case "exp":
      return Math.exp(a);
    case "log1p":
      return Math.log1p(a);
    case "is_finite":
      return Number.isFinite(a);
    case "lt":
      return x < y;
    case "le":
      return x <= y;
    case "gt":
      return x > y;
    case "ge":
      return x >= y;
    case "eq":
      return x === y;
    case "ne":
      return x !== y;
    case "and":
      return typeof x === "boolean" ? x && y : typeof x === "bigint" ? x & (y as bigint) : a & b;
    case "or":
      return typeof x === "boolean" ? x || y : typeof x === "bigint" ? x | (y as bigint) : a | b;
    case "xor":
      return typeof x === "bigint" ? x ^ (y as bigint) : a ^ b;
    case "shift_right_arithmetic":
      return typeof x === "bigint" ? x >> (y as bigint) : a >> b;
    case "shift_right_logical":
      return typeof x === "bigint" ? BigInt.asUintN(64, x) >> (y as bigint) : a >>> b;
    case "bitcast_convert_type": {
      const bits = new DataView(new ArrayBuffer(8));
      if (dtype === "f64") {
        bits.setFloat64(0, a);
        return bits.getBigInt64(0);
      }
      if (dtype === "i32") {
        bits.setInt32(0, a);
        return bits.getFloat32(0);
      }
      if (dtype !== "f32") throw new Error(`a bitcast of ${dtype} is not used by these kernels`);
      bits.setFloat32(0, a);
      return bits.getInt32(0);
    }
    case "not":
      return !x;
    case "select":
      return x ? y : z;
    case "convert_element_type":
      return x;
    default:
      throw new Error(`${prim} is not used by these kernels`);
  }
}

/** Runs the program; operands in the order of its `in` refs, results in the order of its `out` refs. */
export function evaluateTile(program: Program<"tile">, operands: readonly (readonly Element[])[]): Element[][] {
  const buffers: Buffers = new Map();
  let next = 0;
  for (const ref of program.refs) {
    if (ref.role === "in") {
      const operand = operands[next++];
      if (operand.length !== ref.size) throw new Error(`${ref.name} has ${operand.length} elements of ${ref.size}`);
      buffers.set(ref, [...operand]);
    } else {
      const garbage: Element = isFloat(ref.dtype)
        ? Number.NaN
        : ref.dtype === "i64" || ref.dtype === "u64"
          ? 77777n
          : ref.dtype === "bool"
            ? true
            : 77;
      buffers.set(ref, Array<Element>(fixed(ref.size)).fill(garbage));
    }
  }
  for (const stage of inOrder(program.stages)) {
    const programs = prod(stage.grid.map(fixed));
    for (let p = 0; p < programs; p++) {
      const machine = new Machine(buffers);
      let rest = p;
      const ids: number[] = [];
      for (let axis = stage.grid.length - 1; axis >= 0; axis--) {
        ids[axis] = rest % fixed(stage.grid[axis]);
        rest = Math.floor(rest / fixed(stage.grid[axis]));
      }
      machine.ids = ids;
      machine.run(stage.body);
    }
  }
  return program.refs.filter((r) => r.role === "out").map((r) => buffers.get(r) as Element[]);
}
