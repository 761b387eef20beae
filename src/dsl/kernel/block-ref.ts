/** Blocks of an array by their corner and their sizes, with the boundary of the array checked on every axis. */
import { fail } from "../../diagnostics/error.js";
import { type Atom, isVar, type Var } from "../../ir/program.js";
import { add, greaterEqual, less, logicalAnd } from "../../numpy/elementwise.js";
import * as lax from "../../lax/index.js";
import { bind, TracedSource } from "../../tracer/frame.js";
import { isTensor, Tensor } from "../../tracer/tensor.js";
import { isCounter, LibraryObject, toInteger, WholeLeaf } from "../interpret/values.js";
import { currentLaunch } from "./launch.js";
import type { KernelRef } from "./ref.js";
import type { Block } from "./types.js";
import { describeArgument, sizeOf } from "./values.js";

/** An index for `load` and `store`: a block of `sizes` that begins at `offsets`. */
export class BlockIndex extends LibraryObject {
  constructor(
    readonly offsets: readonly WholeLeaf[],
    readonly sizes: readonly number[],
  ) {
    super();
  }
  /** The indices of its axes, and where they lie in the array; the mask is absent when they all do. */
  of(what: string, ref: KernelRef): { readonly index: readonly Tensor[]; readonly inside: Tensor | undefined } {
    const rank = ref.rank;
    if (this.sizes.length !== rank) {
      fail("TW8004", `${what}: a block of ${this.sizes.length} axes for ${ref.name}, which has ${rank}`, {
        help: "give an offset and a size for each axis",
      });
    }
    let inside: Tensor | undefined;
    const index = this.sizes.map((n, axis) => {
      const lane = bind("iota", [], { shape: [n], axis: 0, dtype: "i32" })[0];
      const { value: offset, notNegative } = this.offsets[axis];
      const at = offset === 0 ? lane : add(lane, isTensor(offset) ? toInteger(offset) : offset);
      const shape = this.sizes.map((d, k) => (k === axis ? d : 1));
      const block = lax.reshape(at, shape);
      const size = ref.shape[axis];
      const known = typeof offset === "number";
      if (!(known && offset + n <= size)) inside = both(inside, less(block, size));
      if (!notNegative) inside = both(inside, greaterEqual(block, 0));
      return block;
    });
    return { index, inside };
  }
}
const both = (a: Tensor | undefined, b: Tensor): Tensor => (a ? logicalAnd(a, b) : b);

/** How deep `isNotNegative` looks. */
const DEPTH = 12;

/** Whether a value is surely not negative, as far as what it is computed of tells. */
export function isNotNegative(x: number | Tensor): boolean {
  if (typeof x === "number") return x >= 0;
  const source = Tensor.source(x);
  if (!(source instanceof TracedSource)) return false;
  const ids = new Set((currentLaunch()?.ids ?? []).map((t) => (Tensor.source(t) as TracedSource).atom));
  const { eqns } = source.frame.builder;
  const holds = (atom: Atom, depth: number): boolean => {
    if (!isVar(atom)) return Number(atom.value) >= 0;
    if (ids.has(atom)) return true;
    if (depth === 0) return false;
    const eqn = eqns.find((e) => e.outputs.includes(atom as Var));
    if (eqn === undefined) return isIdOutside(source, atom, ids);
    const all = (): boolean => eqn.inputs.every((a) => holds(a, depth - 1));
    switch (eqn.prim) {
      case "add":
      case "mul":
      case "min":
      case "div":
      case "rem":
      case "convert_element_type":
      case "reshape":
      case "broadcast_in_dim":
        return all();
      case "max":
        return eqn.inputs.some((a) => holds(a, depth - 1));
      case "iota":
        return true;
      default:
        return false;
    }
  };
  return isCounter(x) ? false : holds(source.atom, DEPTH);
}

/** An id of the program inside of a branch or a loop, whose frame knows it by a variable of its own. */
function isIdOutside({ frame }: TracedSource, atom: Var, ids: ReadonlySet<Atom>): boolean {
  const k = frame.captureVars.indexOf(atom);
  if (k < 0) return false;
  const outer = Tensor.source(frame.captures[k]);
  return outer instanceof TracedSource && ids.has(outer.atom);
}

/** The index of a block of `sizes` whose first element is at `offsets`: `load(x, block([i, j], [BM, BK]))`. */
export function block(offsets: Block | readonly Block[], sizes: number | readonly number[]): BlockIndex {
  const at: readonly unknown[] = Array.isArray(offsets) ? (offsets as readonly unknown[]) : [offsets];
  const shape = (Array.isArray(sizes) ? (sizes as readonly number[]) : [sizes as number]).map((d) =>
    sizeOf("block", d),
  );
  if (at.length !== shape.length) {
    fail("TW8004", `block: ${at.length} offsets and ${shape.length} sizes`, { help: "give both for each axis" });
  }
  at.forEach((x, axis) => {
    if (typeof x === "number" ? Number.isInteger(x) : isTensor(x) && x.ndim === 0) return;
    fail("TW8004", `block: the offset of axis ${axis} is ${typeof x === "number" ? x : describeArgument(x)}`, {
      help: "an offset is a whole number: programId(0) * BLOCK",
    });
  });
  const leaves = at.map((x) => new WholeLeaf(x as number | Tensor, isNotNegative(x as number | Tensor)));
  return new BlockIndex(leaves, shape);
}
