/**
 * Expands core values into scalar expressions over a kernel's loops. Whatever is fused is read through here: a fused
 * reshape, slice or broadcast only rewrites the index at which its operand is read.
 */
import { internal } from "../../diagnostics/error.js";
import { type Dim, dimAtLeast, dimFloorDiv, dimMax, dimMul, dimSub, isStatic, type Shape } from "../../ir/dim.js";
import type { DType } from "../../ir/dtype.js";
import type { ElementwiseOps } from "../../ir/ops/index.js";
import { type Atom, isVar, type Var } from "../../ir/program.js";
import type { ElementwisePrim } from "../../ir/tile.js";
import { type View, viewKey } from "../plan/view.js";
import { asIndex } from "./as-index.js";
import {
  type Affine,
  addIndex,
  affineKey,
  atomIndex,
  constantIndex,
  divideIndex,
  type Loop,
  type OpaqueMaker,
  rangeOf,
  scaleIndex,
  ZERO,
} from "./affine.js";
import type { IndexNode, LoadNode, Member, Node } from "./node.js";

/** A place in an array: its index along each axis, or its row-major position, each computed from the other when asked for. */
export interface Pos {
  readonly shape: Shape;
  flat: Affine | null;
  index: readonly Affine[] | null;
}

/** What the expander asks of the block that is being scheduled. */
export interface Source {
  /** The kernel's own value for this variable, if it computes it. */
  member(v: Var): { readonly node: Node; readonly at: Affine } | undefined;
  /** Where the variable lies in memory; undefined when it is computed where it is used. */
  view(v: Var): View | undefined;
  expand(x: Expander, v: Var, pos: Pos, guard: Node | null): Node;
}

/** Thrown when a kernel would need its own value at another point than the one at hand. */
export class OtherPoint {}

/** The dtype of a value in kernels: PRNG keys are moved as 64-bit words. */
export function kernelDType(d: DType): DType {
  return d === "key" ? "u64" : d;
}

const FIRST_OPAQUE = 32;

export class Expander implements OpaqueMaker {
  readonly #memo = new Map<string, Node>();
  readonly #interned = new Map<string, Node>();
  #nextNode = 0;
  #nextOpaque = FIRST_OPAQUE;

  constructor(readonly source: Source) {}

  // positions

  at(shape: Shape, index: readonly Affine[]): Pos {
    return { shape, flat: null, index };
  }
  atFlat(shape: Shape, flat: Affine): Pos {
    return { shape, flat, index: null };
  }
  flat(pos: Pos): Affine {
    if (!pos.flat) {
      let flat = ZERO;
      let stride: Dim = 1;
      const index = pos.index ?? internal("a position without an index");
      for (let i = pos.shape.length - 1; i >= 0; i--) {
        if (pos.shape[i] !== 1) flat = addIndex(flat, scaleIndex(index[i], stride));
        stride = dimMul(stride, pos.shape[i]);
      }
      pos.flat = flat;
    }
    return pos.flat;
  }
  index(pos: Pos): readonly Affine[] {
    if (!pos.index) {
      const index: Affine[] = new Array(pos.shape.length).fill(ZERO);
      let rest = pos.flat ?? internal("a position without an index");
      let outermost = pos.shape.findIndex((n) => n !== 1);
      if (outermost < 0) outermost = 0;
      for (let i = pos.shape.length - 1; i >= outermost; i--) {
        if (pos.shape[i] === 1) continue;
        if (i === outermost) index[i] = rest;
        else [rest, index[i]] = divideIndex(rest, dimMax(pos.shape[i], 1), this);
      }
      pos.index = index;
    }
    return pos.index;
  }

  // values

  readonly #bound = new Map<Var, Node>();
  /** Gives a scalar variable its value, the same wherever it is read. */
  bind(v: Var, node: Node): void {
    const known = this.#bound.get(v);
    if (known && known !== node) throw new OtherPoint();
    this.#bound.set(v, node);
  }
  value(atom: Atom, pos: Pos, guard: Node | null = null): Node {
    if (!isVar(atom)) return this.constant(atom.value, kernelDType(atom.aval.dtype));
    const bound = this.#bound.get(atom);
    if (bound) return bound;
    const own = this.source.member(atom);
    if (own) {
      if (affineKey(this.flat(pos)) !== affineKey(own.at)) throw new OtherPoint();
      return own.node;
    }
    const view = this.source.view(atom);
    if (view) return this.load(view, this.flat(pos), guard);
    const place = pos.flat ? affineKey(pos.flat) : (pos.index as readonly Affine[]).map(affineKey).join();
    const key = `${atom.id}@${place}?${guard ? guard.id : ""}`;
    let node = this.#memo.get(key);
    if (!node) {
      node = this.source.expand(this, atom, pos, guard);
      this.#memo.set(key, node);
    }
    return node;
  }
  /** What these i32 values are as indices, at one position of all. */
  indices(atoms: readonly Atom[], pos: Pos): readonly Affine[] {
    return atoms.map((a) => asIndex(this, this.value(a, pos)));
  }
  /** A scalar operand (a start index, a fill value). */
  scalar(atom: Atom): Node {
    return this.value(atom, this.atFlat([], ZERO));
  }

  // nodes

  #intern(key: string, make: (id: number) => Node): Node {
    let node = this.#interned.get(key);
    if (!node) {
      node = make(this.#nextNode++);
      this.#interned.set(key, node);
    }
    return node;
  }
  constant(value: number | bigint | boolean, dtype: DType): Node {
    const text = Object.is(value, -0) ? "-0" : String(value);
    return this.#intern(`c${dtype}${typeof value}${text}`, (id) => ({ kind: "const", id, dtype, loops: 0, value }));
  }
  load(view: View, offset: Affine, guard: Node | null): Node {
    const dtype = kernelDType(view.dtype);
    return this.#intern(`l${viewKey(view)}@${affineKey(offset)}?${guard ? guard.id : ""}`, (id): LoadNode => {
      return { kind: "load", id, dtype, loops: loopsOf(offset) | (guard ? guard.loops : 0), view, offset, guard };
    });
  }
  /** An element of what the kernel itself changes: read anew at every point of the loops in `index`. */
  loadAnew(view: View, offset: Affine, guard: Node | null, index: readonly Affine[]): Node {
    const loops = index.reduce((mask, a) => mask | loopsOf(a), loopsOf(offset) | (guard ? guard.loops : 0));
    return { kind: "load", id: this.#nextNode++, dtype: kernelDType(view.dtype), loops, view, offset, guard };
  }
  indexNode(index: Affine): Node {
    if (index.terms.length === 0 && isStatic(index.constant)) return this.constant(index.constant, "i32");
    if (index.terms.length === 1 && index.constant === 0 && index.terms[0].factor === 1) {
      const { atom } = index.terms[0];
      if (atom.kind === "opaque") return atom.node;
    }
    return this.#intern(
      `i${affineKey(index)}`,
      (id): IndexNode => ({ kind: "index", id, dtype: "i32", loops: loopsOf(index), index }),
    );
  }
  /** A size as an i32 value. */
  size(d: Dim): Node {
    return this.indexNode(constantIndex(d));
  }
  member(member: Member, loops: number): Node {
    return { kind: "member", id: this.#nextNode++, dtype: member.dtype, loops, member };
  }
  op<P extends ElementwisePrim>(prim: P, args: readonly Node[], dtype: DType, params?: ElementwiseOps[P]): Node {
    const settings = params !== undefined && Object.keys(params).length > 0 ? JSON.stringify(params) : "";
    let key = `o${prim}${settings}`;
    let loops = 0;
    for (const a of args) {
      key += `,${a.id}`;
      loops |= a.loops;
    }
    return this.#intern(key, (id) => ({ kind: "op", id, dtype, loops, prim, params: params ?? {}, args }));
  }
  convert(a: Node, dtype: DType): Node {
    return a.dtype === dtype ? a : this.op("convert_element_type", [a], dtype, { dtype });
  }
  and(a: Node | null, b: Node | null): Node | null {
    if (a === null || a === b) return b;
    if (b === null) return a;
    return this.op("and", [a, b], "bool");
  }
  not(a: Node): Node {
    return this.op("not", [a], "bool");
  }
  /** lo ≤ a < hi; null when that is always so, false when never. */
  within(a: Affine, lo: Dim, hi: Dim): Node | null | false {
    const [least, greatest] = rangeOf(a);
    if (dimAtLeast(least, hi) === true || dimAtLeast(dimSub(lo, 1), greatest) === true) return false;
    let test: Node | null = null;
    if (dimAtLeast(least, lo) !== true) test = this.op("ge", [this.indexNode(a), this.size(lo)], "bool");
    if (dimAtLeast(dimSub(hi, 1), greatest) !== true)
      test = this.and(test, this.op("lt", [this.indexNode(a), this.size(hi)], "bool"));
    return test;
  }

  // indices that are not affine

  /** An index from an i32 expression known to lie in [lo, hi]. */
  opaque(node: Node, lo: Dim, hi: Dim): Affine {
    if (node.kind === "const") return constantIndex(Number(node.value));
    if (node.kind === "index") return node.index;
    const known = this.#opaques.get(node);
    if (known) return known;
    const index = atomIndex({ kind: "opaque", id: this.#nextOpaque++, node, lo, hi });
    this.#opaques.set(node, index);
    return index;
  }
  readonly #opaques = new Map<Node, Affine>();

  quotient(a: Affine, divisor: Dim): Affine {
    const [lo, hi] = rangeOf(a);
    if (dimAtLeast(lo, 0) === false) internal("quotient of a negative index");
    const node = this.op("div", [this.indexNode(a), this.size(divisor)], "i32");
    return this.opaque(node, dimFloorDiv(lo, divisor), dimFloorDiv(hi, divisor));
  }
  remainder(a: Affine, divisor: Dim): Affine {
    const node = this.op("rem", [this.indexNode(a), this.size(divisor)], "i32");
    return this.opaque(node, 0, dimSub(divisor, 1));
  }
}

function loopsOf(a: Affine): number {
  let mask = 0;
  for (const { atom } of a.terms) mask |= atom.kind === "loop" ? 1 << atom.id : atom.node.loops;
  return mask;
}

/** Row-major position over these loops (of extent > 1), in their order. */
export function flatOver(loops: readonly Loop[]): Affine {
  let flat = ZERO;
  let stride: Dim = 1;
  for (let i = loops.length - 1; i >= 0; i--) {
    if (loops[i].extent !== 1) flat = addIndex(flat, scaleIndex(atomIndex(loops[i]), stride));
    stride = dimMul(stride, loops[i].extent);
  }
  return flat;
}
