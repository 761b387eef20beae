/** A typed way to write tile programs from TypeScript: the schedule and the kernel library use it. */
import { internal } from "../diagnostics/error.js";
import { type Dim, dimMul, isStatic, leastOf } from "./dim.js";
import type { DType } from "./dtype.js";
import type { None } from "./ops/index.js";
import type { ElementwiseOps } from "./ops/index.js";
import type {
  ElementwisePrim,
  StageWork,
  TileAtom,
  TileAtomicOp,
  TileConst,
  TileProgram,
  TileReduceOp,
  TileRef,
  TileRounds,
  TileSize,
  TileStage,
  TileStmt,
  TileVar,
} from "./tile.js";

const COMPARISONS: ReadonlySet<string> = new Set(["eq", "ne", "lt", "le", "gt", "ge", "is_finite"]);
const NO_AXES: readonly number[] = [];
const NO_PARAMS: None = {};
let nextId = 0;

export class TileBuilder {
  readonly refs: TileRef[] = [];
  readonly stages: TileStage[] = [];
  readonly notes: string[] = [];
  #body: TileStmt[] | undefined;
  #guard: Dim = 1;
  #rounds: TileRounds | undefined;

  constructor(readonly name: string) {}

  ref(name: string, dtype: DType, role: TileRef["role"], size: Dim): TileRef {
    const own = role === "scratch" ? dimMul(size, this.#guard) : size;
    const r: TileRef = { kind: "ref", id: nextId++, name, dtype, role, size: own };
    this.refs.push(r);
    return r;
  }
  /** Takes back memory that nothing uses. */
  discard(ref: TileRef): void {
    this.refs.splice(this.refs.indexOf(ref), 1);
  }
  /** One grid stage; `body` gets the program ids. */
  stage(grid: readonly Dim[], body: (...ids: TileVar[]) => void, work?: StageWork): void {
    if (this.#body) internal("tile stages do not nest");
    this.#body = [];
    const ids = grid.map((_, axis) => {
      const out = this.#fresh("i32", []);
      this.#push({ kind: "program_id", out, axis });
      return out;
    });
    body(...ids);
    const [first = 1, ...rest] = grid;
    const guarded = this.#guard === 1 ? grid : [dimMul(first, this.#guard), ...rest];
    this.stages.push({ grid: guarded, body: this.#body, rounds: this.#rounds, work });
    this.#body = undefined;
  }
  /** The stages that `body` adds are run in turns, so many times. */
  rounds(count: number, body: () => void): void {
    if (this.#rounds) internal("rounds do not nest");
    this.#rounds = { count };
    body();
    this.#rounds = undefined;
  }
  /** Where the programs end that this stage, which has one axis, does as one. */
  programEnd(): TileVar {
    const out = this.#fresh("i32", []);
    this.#push({ kind: "program_end", out });
    return out;
  }
  /** What `body` adds is there where `guard`, which is 0 or 1, is 1: stages have no programs, and scratch memory no bytes, elsewhere. */
  where<R>(guard: Dim, body: () => R): R {
    const outer = this.#guard;
    this.#guard = dimMul(outer, guard);
    const result = body();
    this.#guard = outer;
    return result;
  }
  finish(): TileProgram {
    return { phase: "tile", name: this.name, refs: this.refs, stages: this.stages, notes: this.notes };
  }

  #fresh(dtype: DType, shape: readonly number[], mutable = false, name?: string): TileVar {
    return { kind: "tilevar", id: nextId++, dtype, shape, mutable, name };
  }
  #push(s: TileStmt): void {
    if (!this.#body) internal("a tile statement outside of a stage");
    this.#body.push(s);
  }
  #inner(f: () => void): TileStmt[] {
    const outer = this.#body;
    const inner: TileStmt[] = [];
    this.#body = inner;
    f();
    this.#body = outer;
    return inner;
  }

  const(value: number | bigint | boolean, dtype: DType, shape: readonly number[] = []): TileConst {
    return { kind: "tileconst", dtype, shape, value };
  }
  i32(value: number): TileConst;
  /** A number, or a size that is known when the program is launched. */
  i32(value: Dim): TileConst | TileSize;
  i32(value: Dim): TileConst | TileSize {
    if (isStatic(value)) return this.const(value, "i32");
    return { kind: "tilesize", dtype: "i32", shape: NO_AXES, size: value, natural: leastOf(value) >= 0 };
  }
  op<P extends ElementwisePrim>(
    prim: P,
    args: readonly TileAtom[],
    params: ElementwiseOps[P] = NO_PARAMS as ElementwiseOps[P],
  ): TileVar {
    const shape = args.reduce<readonly number[]>((s, a) => (a.shape.length > s.length ? a.shape : s), []);
    const typed = params as { dtype?: DType };
    const dtype = COMPARISONS.has(prim) ? "bool" : (typed.dtype ?? (prim === "select" ? args[1].dtype : args[0].dtype));
    const out = this.#fresh(dtype, shape);
    this.#push({ kind: "op", out, prim, args, params });
    return out;
  }
  add(a: TileAtom, b: TileAtom): TileAtom {
    return this.op("add", [a, b]);
  }
  sub(a: TileAtom, b: TileAtom): TileAtom {
    return this.op("sub", [a, b]);
  }
  mul(a: TileAtom, b: TileAtom): TileAtom {
    return this.op("mul", [a, b]);
  }
  convert(a: TileAtom, dtype: DType): TileAtom {
    return a.dtype === dtype ? a : this.op("convert_element_type", [a], { dtype });
  }
  lanes(shape: readonly number[], axis: number): TileVar {
    const out = this.#fresh("i32", shape);
    this.#push({ kind: "lanes", out, axis });
    return out;
  }
  broadcast(arg: TileAtom, shape: readonly number[], dims: readonly number[]): TileVar {
    const out = this.#fresh(arg.dtype, shape);
    this.#push({ kind: "broadcast", out, arg, dims });
    return out;
  }
  transpose(arg: TileAtom, perm: readonly number[]): TileVar {
    const out = this.#fresh(
      arg.dtype,
      perm.map((p) => arg.shape[p]),
    );
    this.#push({ kind: "transpose", out, arg, perm });
    return out;
  }
  reshape(arg: TileAtom, shape: readonly number[]): TileVar {
    const out = this.#fresh(arg.dtype, shape);
    this.#push({ kind: "reshape", out, arg });
    return out;
  }
  reduce(op: TileReduceOp, arg: TileAtom, axis: number, passNaN = false): TileVar {
    const out = this.#fresh(
      arg.dtype,
      arg.shape.filter((_, i) => i !== axis),
    );
    this.#push({ kind: "reduce", out, op, arg, axis, ...(passNaN ? { passNaN } : {}) });
    return out;
  }
  /** A block that lies in `ref` from element `base` on with these strides (in elements); [] and [] for a scalar. */
  load(ref: TileRef, base: TileAtom, shape: readonly number[] = [], strides: readonly Dim[] = []): TileVar {
    const out = this.#fresh(ref.dtype, shape);
    this.#push({ kind: "load", out, ref, base, strides });
    return out;
  }
  store(ref: TileRef, base: TileAtom, value: TileAtom, strides: readonly Dim[] = []): void {
    this.#push({ kind: "store", ref, base, strides, value });
  }
  loadAt(ref: TileRef, index: TileAtom, mask: TileAtom | null = null, other: TileAtom | null = null): TileVar {
    const out = this.#fresh(ref.dtype, index.shape);
    this.#push({ kind: "load_at", out, ref, index, mask, other });
    return out;
  }
  storeAt(ref: TileRef, index: TileAtom, value: TileAtom, mask: TileAtom | null = null): void {
    this.#push({ kind: "store_at", ref, index, value, mask });
  }
  dot(lhs: TileAtom, rhs: TileAtom, dtype: DType, acc: TileAtom | null = null): TileVar {
    const out = this.#fresh(dtype, [...lhs.shape.slice(0, -1), rhs.shape[rhs.shape.length - 1]]);
    this.#push({ kind: "dot", out, lhs, rhs, acc });
    return out;
  }
  scan(op: TileReduceOp, arg: TileAtom, axis: number, reverse: boolean): TileVar {
    const out = this.#fresh(arg.dtype, arg.shape);
    this.#push({ kind: "scan", out, op, arg, axis, reverse });
    return out;
  }
  sort(args: readonly TileAtom[], axis: number, keys: number): TileVar[] {
    const outs = args.map((a) => this.#fresh(a.dtype, a.shape));
    this.#push({ kind: "sort", outs, args, axis, keys });
    return outs;
  }
  pick(arg: TileAtom, index: TileAtom): TileVar {
    const out = this.#fresh(arg.dtype, index.shape);
    this.#push({ kind: "pick", out, arg, index });
    return out;
  }
  atomic(op: TileAtomicOp, ref: TileRef, index: TileAtom, value: TileAtom, mask: TileAtom | null = null): TileVar {
    const out = this.#fresh(ref.dtype, value.shape);
    this.#push({ kind: "atomic", out, op, ref, index, mask, value });
    return out;
  }
  atomicCas(ref: TileRef, index: TileAtom, compare: TileAtom, value: TileAtom, mask: TileAtom | null = null): TileVar {
    const out = this.#fresh(ref.dtype, value.shape);
    this.#push({ kind: "atomic_cas", out, ref, index, mask, compare, value });
    return out;
  }
  /** A mutable variable (also the way to carry state through loops). */
  var(init: TileAtom, name?: string): TileVar {
    const out = this.#fresh(init.dtype, init.shape, true, name);
    this.#push({ kind: "var", out, init });
    return out;
  }
  assign(target: TileVar, value: TileAtom): void {
    this.#push({ kind: "assign", target, value });
  }
  for(start: TileAtom, end: TileAtom, step: number, body: (i: TileVar) => void): void {
    const index = this.#fresh("i32", []);
    const inner = this.#inner(() => body(index));
    this.#push({ kind: "for", index, start, end, step, body: inner });
  }
  while(test: () => TileAtom, body: () => void): void {
    let result: TileAtom | undefined;
    const cond = this.#inner(() => {
      result = test();
    });
    const inner = this.#inner(body);
    if (!result) internal("while without a test");
    this.#push({ kind: "while", cond, test: result, body: inner });
  }
  if(test: TileAtom, then: () => void, otherwise: () => void = () => {}): void {
    this.#push({ kind: "if", test, then: this.#inner(then), else: this.#inner(otherwise) });
  }
}
