/** Tile programs to loop programs: blocks become registers, the grid becomes a loop over flattened program ids. */
import { internal } from "../../diagnostics/error.js";
import { type Dim, dimProduct, isStatic, leastOf, type SymDim } from "../../ir/dim.js";
import type { DType } from "../../ir/dtype.js";
import type { LoopBuffer, LoopFunction, LoopLocal } from "../../ir/loop.js";
import type { Program } from "../../ir/program.js";
import type { TileAtom, TileRef, TileStage, TileStmt, TileVar } from "../../ir/tile.js";
import type { Target } from "../target.js";
import {
  type Block,
  cuts,
  LanesBlock,
  LoadBlock,
  Places,
  RegisterBlock,
  ravel,
  ScalarBlock,
  type Stride,
  unravel,
  ViewBlock,
} from "./block.js";
import { LoopBuilder, upperFirst } from "./builder.js";
import { lowerMulAdd, lowerOp } from "./elementwise.js";
import type { Node, Variable } from "./graph.js";
import { loadAt, storeAt } from "./indexed.js";
import { linearize } from "./linearize.js";
import { reduceBlock, scanBlock } from "./reduce.js";
import { unroll } from "./unroll.js";
import { prod } from "../../util/index.js";

export function lowerToLoop(tile: Program<"tile">, target: Target): Program<"loop"> {
  const buffers = new Map<TileRef, LoopBuffer>(
    tile.refs.map((r) => [r, { kind: "buffer", id: r.id, name: r.name, dtype: r.dtype, role: r.role }]),
  );
  return {
    phase: "loop",
    name: tile.name,
    functions: tile.stages.map((stage, i) =>
      new StageLowering(target, buffers).function(tile.stages.length === 1 ? tile.name : `${tile.name}.${i}`, stage),
    ),
  };
}

/** A mutable block: one register variable for each piece. */
interface MutableBlock {
  readonly shape: readonly number[];
  readonly lanes: number;
  readonly pieces: readonly Variable[];
}

type OpStmt = Extract<TileStmt, { kind: "op" }>;

class StageLowering {
  readonly b: LoopBuilder;
  readonly #values = new Map<TileVar, Block>();
  readonly #mutable = new Map<TileVar, MutableBlock>();
  /** What products were made of, as it was then. */
  readonly #products = new Map<TileVar, readonly Block[]>();
  #programIds: readonly Node[] = [];
  #programEnd: Node | undefined;
  readonly #sizes = new Map<string, { readonly local: LoopLocal; readonly size: SymDim; readonly node: Node }>();
  constructor(
    target: Target,
    readonly buffers: ReadonlyMap<TileRef, LoopBuffer>,
  ) {
    this.b = new LoopBuilder(target);
  }

  function(name: string, stage: TileStage): LoopFunction {
    const { b } = this;
    const begin = b.local("i32", 1, "begin");
    const end = b.local("i32", 1, "end");
    const programs = dimProduct(stage.grid);
    const first = this.#parameter(begin, true);
    b.spareOf = first;
    this.#grid(stage, first, this.#parameter(end, true));
    const stmts = linearize(b);
    const body = b.target.wide ? unroll(stmts) : stmts;
    const sizes = [...this.#sizes.values()].map(({ local, size }) => ({ local, size }));
    return { name, buffers: [...this.buffers.values()], begin, end, sizes, programs, body };
  }
  #parameter(local: LoopLocal, natural: boolean): Node {
    return this.b.node("const", undefined, "i32", 1, [], () => local, { region: this.b.root, natural });
  }
  /** A number, or the parameter that holds the size. */
  #size(size: Dim, natural = leastOf(size) >= 0): Node {
    if (isStatic(size)) return this.b.i32(size);
    const key = String(size);
    let known = this.#sizes.get(key);
    if (!known) {
      const local = this.b.local("i32", 1, /^\w+$/.test(key) ? key : "size");
      known = { local, size, node: this.#parameter(local, natural) };
      this.#sizes.set(key, known);
    }
    return known.node;
  }

  /** Ids of one axis come from the loop itself; of several, by counting up with carry from the first program's ids. */
  #grid(stage: TileStage, begin: Node, end: Node): void {
    const { b } = this;
    const { grid } = stage;
    const moves = (n: Dim): boolean => !isStatic(n) || n > 1;
    const moving = grid.map((n, axis) => (moves(n) ? axis : -1)).filter((axis) => axis >= 0);
    if (stage.body.some((s) => s.kind === "program_end")) {
      this.#programIds = [begin];
      this.#programEnd = end;
      this.#body(stage.body);
      return;
    }
    if (moving.length <= 1) {
      b.for(begin, end, 1, "grid", this.#assigned(stage.body), (p) => {
        this.#programIds = grid.map((n) => (moves(n) ? p : b.i32(0)));
        this.#body(stage.body);
      });
      return;
    }
    const counters = new Map<number, Variable>();
    let rest = begin;
    for (const axis of [...moving].reverse()) {
      const counter = b.variable("i32", 1, `id${axis}`);
      const outermost = axis === moving[0];
      b.assign(counter, outermost ? rest : b.op("rem", "i32", [rest, this.#size(grid[axis])]));
      if (!outermost) rest = b.op("div", "i32", [rest, this.#size(grid[axis])]);
      counters.set(axis, counter);
    }
    const counter = (axis: number): Variable => counters.get(axis) ?? internal("no counter");
    const assigned = new Set([...this.#assigned(stage.body), ...counters.values()]);
    b.for(begin, end, 1, "grid", assigned, () => {
      this.#programIds = grid.map((n, axis) => (moves(n) ? b.read(counter(axis), true) : b.i32(0)));
      this.#body(stage.body);
      const advance = (i: number): void => {
        const axis = moving[i];
        b.assign(counter(axis), b.op("add", "i32", [b.read(counter(axis)), b.i32(1)]));
        if (i === 0) return;
        b.if(
          b.op("eq", "bool", [b.read(counter(axis)), this.#size(grid[axis])]),
          () => {
            b.assign(counter(axis), b.i32(0));
            advance(i - 1);
          },
          () => {},
        );
      };
      advance(moving.length - 1);
    });
  }

  #body(stmts: readonly TileStmt[]): void {
    for (const s of stmts) this.#stmt(s);
  }

  /** The value of an atom as a block of its own shape. */
  block(a: TileAtom): Block {
    const { b } = this;
    if (a.kind === "tileconst") return new ScalarBlock(b, b.const(a.value, a.dtype), a.shape, b.lanesOf(a.dtype));
    if (a.kind === "tilesize") return new ScalarBlock(b, this.#size(a.size, a.natural), [], 1);
    const mutable = this.#mutable.get(a);
    if (mutable) {
      return new RegisterBlock(
        b,
        a.dtype,
        a.shape,
        mutable.lanes,
        mutable.pieces.map((v) => b.read(v)),
      );
    }
    return this.#values.get(a) ?? internal(`tile variable ${a.name ?? a.id} is used before it is defined`);
  }
  scalar(a: TileAtom): Node {
    if (a.shape.length > 0 && prod(a.shape) !== 1) internal("a block where a scalar is needed");
    return this.block(a).scalar(0, 0);
  }
  #buffer(ref: TileRef): LoopBuffer {
    return this.buffers.get(ref) ?? internal(`ref ${ref.name} does not belong to this program`);
  }
  #define(out: TileVar, block: Block): void {
    this.#values.set(out, block);
  }
  #lanes(dtype: DType, shape: readonly number[]): number {
    return shape.length === 0 ? 1 : this.b.lanesOf(dtype);
  }

  #stmt(s: TileStmt): void {
    const { b } = this;
    switch (s.kind) {
      case "op":
        if (s.prim === "mul" && s.out.shape.length > 0)
          this.#products.set(
            s.out,
            s.args.map((a) => this.block(a)),
          );
        this.#define(s.out, this.#accumulated(s) ?? this.#op(s));
        return;
      case "program_id":
        this.#define(s.out, new ScalarBlock(b, this.#programIds[s.axis], [], 1));
        return;
      case "program_end":
        this.#define(
          s.out,
          new ScalarBlock(b, this.#programEnd ?? internal("programs that are run one by one"), [], 1),
        );
        return;
      case "lanes":
        this.#define(s.out, new LanesBlock(b, s.out.shape, s.axis));
        return;
      case "broadcast": {
        const { arg, dims } = s;
        this.#view(s.out, arg, (index) => dims.map((d, i) => (arg.shape[i] === 1 ? 0 : index[d])));
        return;
      }
      case "transpose":
        this.#view(s.out, s.arg, (index) => {
          const from: number[] = new Array(index.length);
          s.perm.forEach((p, i) => {
            from[p] = index[i];
          });
          return from;
        });
        return;
      case "reshape":
        this.#view(s.out, s.arg, (index) => unravel(ravel(index, s.out.shape), s.arg.shape));
        return;
      case "reduce":
        this.#define(s.out, reduceBlock(b, s.op, this.block(s.arg), s.axis, s.passNaN));
        return;
      case "scan":
        this.#define(s.out, scanBlock(b, s.op, this.block(s.arg), s.axis, s.reverse));
        return;
      case "pick": {
        if (s.index.kind !== "tileconst" || s.out.shape.length > 0) internal("only one element known now is picked");
        const { shape } = s.arg;
        const at = unravel(Number(s.index.value), shape);
        const row = ravel(at.slice(0, -1), shape);
        this.#define(s.out, new ScalarBlock(b, this.block(s.arg).scalar(row, at[at.length - 1]), [], 1));
        return;
      }
      case "load":
        this.#define(
          s.out,
          new LoadBlock(
            b,
            this.#buffer(s.ref),
            s.out.shape,
            this.#lanes(s.out.dtype, s.out.shape),
            this.scalar(s.base),
            this.#strides(s.strides),
          ),
        );
        return;
      case "store":
        this.#store(s.ref, s.base, s.strides, s.value);
        return;
      case "load_at":
        this.#define(
          s.out,
          loadAt(
            b,
            this.#buffer(s.ref),
            s.ref.size,
            s.out.shape,
            this.block(s.index),
            s.mask && this.block(s.mask),
            s.other && this.block(s.other),
          ),
        );
        return;
      case "store_at":
        storeAt(
          b,
          this.#buffer(s.ref),
          s.index.shape,
          this.block(s.index),
          s.mask && this.block(s.mask),
          this.block(s.value),
        );
        return;
      case "var": {
        const lanes = this.#lanes(s.out.dtype, s.out.shape);
        const pieces = cuts(s.out.shape, lanes).map((c) => b.variable(s.out.dtype, c.lanes, s.out.name));
        this.#mutable.set(s.out, { shape: s.out.shape, lanes, pieces });
        this.#assign(s.out, s.init);
        return;
      }
      case "assign":
        this.#assign(s.target, s.value);
        return;
      case "for": {
        const start = this.scalar(s.start);
        const end = this.scalar(s.end);
        if (s.start.kind === "tileconst" && s.end.kind === "tileconst" && Number(s.start.value) >= Number(s.end.value))
          return;
        b.for(start, end, s.step, "serial", this.#assigned(s.body), (i) => {
          this.#define(s.index, new ScalarBlock(b, i, [], 1));
          this.#body(s.body);
        });
        return;
      }
      case "while":
        b.while(
          this.#assigned([...s.cond, ...s.body]),
          () => {
            this.#body(s.cond);
            return this.scalar(s.test);
          },
          () => this.#body(s.body),
        );
        return;
      case "if":
        b.if(
          this.scalar(s.test),
          () => this.#body(s.then),
          () => this.#body(s.else),
        );
        return;
    }
  }

  #op(s: OpStmt): Block {
    const args = s.args.map((a) => this.block(a));
    return lowerOp(this.b, s.prim, s.out.dtype, s.out.shape, args, s.params);
  }
  /**
   * A product added to a mutable variable may be fused. Other sums stay as they are written: kernels may rely on their
   * rounding.
   */
  #accumulated(s: OpStmt): Block | undefined {
    const { dtype, shape } = s.out;
    if (!this.b.target.relaxedMadd || s.prim !== "add" || (dtype !== "f32" && dtype !== "f64") || shape.length === 0)
      return;
    const which = s.args.findIndex((a) => a.kind === "tilevar" && a.mutable);
    const other = s.args[1 - which];
    if (which < 0 || other.kind !== "tilevar") return;
    const product = this.#products.get(other);
    if (!product) return;
    const [x, y] = product;
    return lowerMulAdd(this.b, shape, x, y, this.block(s.args[which]));
  }
  #view(out: TileVar, arg: TileAtom, source: (index: readonly number[]) => readonly number[]): void {
    this.#define(out, new ViewBlock(this.b, this.block(arg), out.shape, this.#lanes(out.dtype, out.shape), source));
  }
  #assign(target: TileVar, value: TileAtom): void {
    const mutable = this.#mutable.get(target) ?? internal("assignment to a variable that is not mutable");
    const block = this.block(value);
    const scalar = value.shape.length === 0;
    const parts = cuts(target.shape, mutable.lanes).map((c) =>
      scalar ? block.piece(0, 0, c.lanes) : block.piece(c.row, c.column, c.lanes),
    );
    parts.forEach((x, i) => {
      this.b.assign(mutable.pieces[i], x);
    });
  }
  #strides(strides: readonly Dim[]): readonly Stride[] {
    return strides.map((s) => (isStatic(s) ? s : this.#size(s)));
  }
  #store(ref: TileRef, base: TileAtom, strides: readonly Dim[], value: TileAtom): void {
    const { b } = this;
    const { shape, dtype } = value;
    const places = new Places(b, this.#buffer(ref), this.scalar(base), shape, this.#strides(strides));
    const block = this.block(value);
    if (block.dtype !== ref.dtype) internal(`a store of ${block.dtype} into ${ref.dtype}`);
    const last = shape.length - 1;
    const contiguous = last >= 0 && strides[last] === 1;
    const lanes = contiguous ? this.#lanes(dtype, shape) : 1;
    const alone = b.target.wide && lanes > 1 ? withoutPartner(shape[last], lanes) : -1;
    const parts = cuts(shape, lanes).map((c) => {
      const index = shape.length ? [...unravel(c.row, shape.slice(0, -1)), c.column] : [];
      const to = places.at(index);
      const node = block.piece(c.row, c.column, c.lanes);
      return { to: c.column === alone ? { place: b.apart(to.place, alone), more: to.more - alone } : to, node };
    });
    for (const { to, node } of b.target.wide ? upperFirst(parts) : parts) b.storeTo(to.place, to.more, node);
  }

  /** The variables that these statements assign and that exist before them. */
  #assigned(stmts: readonly TileStmt[]): Set<Variable> {
    const found = new Set<Variable>();
    const visit = (list: readonly TileStmt[]): void => {
      for (const s of list) {
        if (s.kind === "assign") for (const v of this.#mutable.get(s.target)?.pieces ?? []) found.add(v);
        else if (s.kind === "for") visit(s.body);
        else if (s.kind === "while") {
          visit(s.cond);
          visit(s.body);
        } else if (s.kind === "if") {
          visit(s.then);
          visit(s.else);
        }
      }
    };
    visit(stmts);
    return found;
  }
}

/**
 * Where the last of an odd number of vectors begins, -1 for an even number. An engine that pairs neighbours from the first one on would
 * pair it with the first of the next row, where rows follow each other without a gap, and the vectors of that row wrongly.
 */
function withoutPartner(columns: number, lanes: number): number {
  const vectors = columns / lanes;
  return vectors % 2 === 1 && vectors > 1 ? columns - lanes : -1;
}
