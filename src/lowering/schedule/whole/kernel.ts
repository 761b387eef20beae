/** The values of a kernel's body while it is lowered: blocks, and arrays in memory. */
import { internal } from "../../../diagnostics/error.js";
import { type Dim, isStatic, type Shape } from "../../../ir/dim.js";
import type { DType } from "../../../ir/dtype.js";
import { type AnyEqn, type Atom, isVar, type Program, type Var } from "../../../ir/program.js";
import { needsStatic } from "../../../ir/size.js";
import type { TileAtom, TileRef } from "../../../ir/tile.js";
import type { TileBuilder } from "../../../ir/tile-builder.js";
import { kernelDType } from "../expand.js";

/** An array in memory, from an element on. */
export interface Memory {
  readonly ref: TileRef;
  readonly base: TileAtom;
  readonly shape: Shape;
}
export type Thing = Memory | TileAtom;
export function isMemory(t: Thing): t is Memory {
  return "ref" in t;
}

export function staticShapeOf(shape: Shape): number[] {
  return shape.map((d) => (isStatic(d) ? d : needsStatic("blocks have sizes that are numbers")));
}

export class WholeKernel {
  readonly #values = new Map<Var, Thing>();
  #ids: readonly TileAtom[] = [];
  constructor(
    readonly b: TileBuilder,
    readonly grid: readonly Dim[],
    readonly lower: (k: WholeKernel, eqn: AnyEqn) => void,
  ) {}

  // values

  set(v: Var, t: Thing): void {
    this.#values.set(v, t);
  }
  thing(a: Atom): Thing {
    if (isVar(a)) return this.#values.get(a) ?? internal("a value of a kernel is read before it is there");
    return this.b.const(a.value, kernelDType(a.aval.dtype), staticShapeOf(a.aval.shape));
  }
  memory(a: Atom): Memory {
    const t = this.thing(a);
    return isMemory(t) ? t : internal("a block where memory is needed");
  }
  /** A block, read from memory where it is an array of the call. */
  value(a: Atom): TileAtom {
    const t = this.thing(a);
    if (!isMemory(t)) return t;
    const shape = staticShapeOf(t.shape);
    return this.b.load(t.ref, t.base, shape, rowMajor(shape));
  }
  /** Memory that each program has for itself. */
  private(shape: Shape, dtype: DType): Memory {
    const sizes = staticShapeOf(shape);
    const size = sizes.reduce((x, y) => x * y, 1);
    const programs = this.grid.reduce<number>(
      (n, d) => n * (isStatic(d) ? d : needsStatic("scratch memory of a grid")),
      1,
    );
    const ref = this.b.ref("own", kernelDType(dtype), "scratch", Math.max(1, size * programs));
    let program: TileAtom = this.b.i32(0);
    this.#ids.forEach((id, axis) => {
      program = this.b.add(this.b.mul(program, this.b.i32(this.grid[axis])), id);
    });
    return { ref, base: this.b.mul(program, this.b.i32(size)), shape };
  }

  run(eqns: readonly AnyEqn[]): void {
    for (const e of eqns) this.lower(this, e);
  }
  /** The results of a nested program. */
  call(program: Program<"core">, inputs: readonly Thing[]): Thing[] {
    program.inputs.forEach((v, i) => {
      this.set(v, inputs[i]);
    });
    this.run(program.eqns);
    return program.outputs.map((a) => this.thing(a));
  }
  /** A mutable copy. */
  copy(a: TileAtom): TileAtom {
    return a.kind === "tilevar" && a.mutable ? this.b.reshape(a, a.shape) : a;
  }

  setIds(ids: readonly TileAtom[]): void {
    this.#ids = ids;
  }
}

export function rowMajor(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

/** A scalar in every lane. */
export function spread(k: WholeKernel, a: TileAtom, shape: readonly number[]): TileAtom {
  if (a.shape.length === shape.length) return a;
  if (a.kind === "tileconst") return k.b.const(a.value, a.dtype, shape);
  return k.b.broadcast(a, shape, []);
}

/** Halves are summed in f32 and rounded once. */
export function accumulator(dtype: DType): DType {
  return dtype === "f16" || dtype === "bf16" ? "f32" : dtype;
}
