/** The variables that a loop hands from step to step: their structure, shapes and dtypes stay the same. */
import { fail } from "../../diagnostics/error.js";
import type { Label } from "../../diagnostics/error.js";
import type { SpanRef } from "../../diagnostics/span.js";
import { type Aval, aval, printAval } from "../../ir/aval.js";
import { shapeSame } from "../../ir/dim.js";
import { type DType, isFloat, isInt } from "../../ir/dtype.js";
import type { Frame } from "../../tracer/frame.js";
import { Tensor } from "../../tracer/tensor.js";
import * as tree from "../../tree/index.js";
import { toLeaf } from "./merge.js";
import type { Binding } from "./region.js";
import {
  DEAD,
  describe,
  isSoft,
  isWhole,
  isWholeFloat,
  LibraryObject,
  markSoft,
  markWhole,
  Poison,
  strong,
  UNSET,
  WholeLeaf,
  zerosOf,
} from "./values.js";

/** One leaf of a variable: it stays what it is, or is an array that each step hands on. */
interface Slot {
  readonly first: unknown;
  /** undefined for what is no number. */
  aval: Aval | undefined;
  /** JavaScript's number: it takes the dtype that the loop gives it. */
  readonly number: boolean;
  /** As yet all steps give whole numbers. */
  whole: boolean;
  /** As yet all steps make it of JavaScript's numbers alone. */
  soft: boolean;
  /** As yet no step makes it negative; undefined for what is no number of an object. */
  notNegative?: boolean;
}

export class Carried {
  #treedef: tree.TreeDef;
  #slots: Slot[];
  /** It has no value before the loop: the first step must give it one. */
  readonly late: boolean;
  #settledLate = false;
  /** The types before the first step. */
  readonly #form: string;
  /** Its types are of an earlier trace, and not certain. */
  #adopted = false;
  /** What a step makes of it can't be joined: so it has no value in the next step, and none after the loop. */
  poison: Poison | undefined;
  readonly entryPlace: SpanRef | undefined;

  constructor(
    readonly binding: Binding,
    readonly entry: unknown,
  ) {
    this.entryPlace = binding.place;
    this.late = entry === UNSET || entry === undefined || entry === null || entry instanceof Poison;
    const flat = tree.flatten(this.late ? null : entry);
    this.#treedef = flat.treedef;
    this.#slots = flat.leaves.map(slotOf);
    this.#form = this.#slots.map(formOf).join();
  }

  /** Begins with the types that an earlier trace of the loop found for what was the same at its beginning. */
  adopt(earlier: Carried): void {
    if (earlier.poison || earlier.late !== this.late || earlier.#form !== this.#form) return;
    if (!this.late && !tree.equal(earlier.#treedef, this.#treedef)) return;
    this.#adopted = this.late;
    this.#settledLate = earlier.#settledLate;
    this.#treedef = earlier.#treedef;
    this.#slots = earlier.#slots.map((s, i) => ({ ...s, first: this.late ? s.first : this.#slots[i].first }));
  }

  /** Types of what a step takes. */
  get avals(): Aval[] {
    return this.#slots.flatMap((s) => (s.aval ? [s.aval] : []));
  }
  /** The arguments of a step, called as the variable where it is one array, and by their places in it elsewhere. */
  arguments(frame: Frame): Tensor[] {
    const { name } = this.binding;
    const paths = tree.pathsOf(this.#treedef);
    return this.#slots.flatMap((s, i) => {
      if (s.aval === undefined) return [];
      const path = paths[i] ?? "";
      return [frame.argument(s.aval, path === "" || path.startsWith("[") ? `${name}${path}` : `${name}.${path}`)];
    });
  }
  /** Whether a value of JavaScript's became an array for the loop. */
  get lifts(): boolean {
    return this.#slots.some((s) => s.aval !== undefined && !(s.first instanceof Tensor));
  }

  /** What the variable is in a step, of the step's arguments (which are taken from the list). */
  inside(args: Tensor[]): unknown {
    if (this.late || this.poison) {
      args.splice(0, this.avals.length);
      if (this.poison) return this.poison;
      if (this.entry instanceof Poison) return this.entry;
      return new Poison(
        "TW7006",
        `${this.binding.name} has no value in the first step of the loop`,
        `give ${this.binding.name} a value before the loop`,
      );
    }
    const leaves = this.#slots.map((s) => {
      if (s.aval === undefined) return s.first;
      const t = args.shift() as Tensor;
      if (s.notNegative !== undefined) return new WholeLeaf(t, s.notNegative);
      return s.number && s.whole && isFloat(s.aval.dtype) ? markWhole(t) : t;
    });
    return tree.unflatten(this.#treedef, leaves);
  }

  /** The variable after the loop, of its results. */
  after(results: Tensor[]): unknown {
    const leaves = this.#slots.map((s) => {
      if (s.aval === undefined) return s.first;
      const t = results.shift() as Tensor;
      if (s.notNegative !== undefined) return new WholeLeaf(t, s.notNegative);
      if (s.soft) markSoft(t);
      return s.whole && isFloat(s.aval.dtype) ? markWhole(t) : t;
    });
    return tree.unflatten(this.#treedef, leaves);
  }

  /** What the loop starts with. */
  initial(): Tensor[] {
    return this.#slots.flatMap((s) => {
      if (s.aval === undefined) return [];
      return [this.late ? zerosOf(strong(s.aval)) : toLeaf(s.first, strong(s.aval))];
    });
  }

  /** What a step hands on, of the types that were settled. */
  outputs(value: unknown): Tensor[] {
    const leaves = value instanceof Poison || value === DEAD ? undefined : tree.flatten(value).leaves;
    return this.#slots.flatMap((s, i) => {
      if (s.aval === undefined) return [];
      return [leaves ? toLeaf(leaves[i], strong(s.aval)) : zerosOf(strong(s.aval))];
    });
  }

  /** Compares what a step made of the variable with what it was given; true when the step must be traced again. */
  settle(value: unknown, place: SpanRef | undefined, loop: SpanRef): boolean {
    if (value instanceof Poison) {
      const known = this.poison !== undefined;
      this.poison ??= value;
      return !known && !this.late;
    }
    if (value === DEAD) return false;
    if (this.late) return this.#settleLate(value, place, loop);
    const flat = tree.flatten(value);
    if (!tree.equal(flat.treedef, this.#treedef)) this.#refuse(value, place, loop);
    let again = false;
    this.#slots.forEach((s, i) => {
      const out = flat.leaves[i];
      if (s.notNegative !== undefined && out instanceof WholeLeaf) {
        if (moved(s, out)) again = true;
        return;
      }
      if (s.aval === undefined) {
        if (!Object.is(out, s.first)) this.#refuse(value, place, loop);
        return;
      }
      const next = meet(s, out);
      if (next === undefined) this.#refuse(value, place, loop);
      s.soft &&= isSoft(out);
      if (s.number && s.whole && !isWhole(out)) {
        s.whole = false;
        again = true;
      }
      if (next !== s.aval.dtype) {
        s.aval = aval(s.aval.shape, next);
        again = true;
      }
    });
    return again;
  }

  #settleLate(value: unknown, place: SpanRef | undefined, loop: SpanRef): boolean {
    const flat = tree.flatten(value);
    const slots = flat.leaves.map(slotOf);
    if (this.#settledLate) {
      const same =
        tree.equal(flat.treedef, this.#treedef) && slots.every((s, i) => s.aval?.dtype === this.#slots[i].aval?.dtype);
      if (same) return false;
      if (!this.#adopted) this.#refuse(value, place, loop);
    }
    this.#adopted = false;
    this.#settledLate = true;
    this.#treedef = flat.treedef;
    this.#slots = slots;
    return slots.some((s) => s.aval !== undefined);
  }

  #refuse(value: unknown, place: SpanRef | undefined, loop: SpanRef): never {
    const { name } = this.binding;
    const types = (v: unknown): string =>
      v instanceof LibraryObject
        ? v.describe()
        : v instanceof Tensor || typeof v !== "object" || v === null
          ? describe(v)
          : describeTree(v);
    const [before, after] = [types(this.entry), types(value)];
    const labels: Label[] = [];
    const first = this.entryPlace?.resolve();
    if (first) labels.push({ span: first, text: `${name} is ${before} before the loop` });
    fail("TW7008", `${name} is ${before} before the loop, and ${after} after a step of it`, {
      span: place ?? loop,
      label: `${name} becomes ${after}`,
      labels,
      notes: first ? [`${name} gets its first value in line ${first.line}`] : [],
      help:
        this.entry instanceof LibraryObject
          ? `a loop carries a blockRef of one array, with blocks of one size: ${name} may advance, and nothing else`
          : `a variable that a loop carries keeps its structure, shape and dtype: convert ${name} before the loop (astype, broadcastTo), or the new value`,
    });
  }
}

function describeTree(v: object): string {
  const { leaves, treedef } = tree.flatten(v);
  return leaves.length > 0 && leaves.length <= 4 ? `${treedef} of ${leaves.map(describe).join(", ")}` : String(treedef);
}

/** Whether what a step does to a whole number of an object is new: that it changes it, or may make it negative. */
function moved(s: Slot, out: WholeLeaf): boolean {
  if (s.aval === undefined && out.is(s.first)) return false;
  const again = s.aval === undefined || (s.notNegative === true && !out.notNegative);
  s.aval = aval([], "i32");
  s.notNegative &&= out.notNegative;
  return again;
}

function slotOf(first: unknown): Slot {
  if (first instanceof WholeLeaf)
    return { first, aval: undefined, number: false, whole: false, soft: false, notNegative: first.notNegative };
  if (first instanceof Tensor) {
    const number = isSoft(first);
    const a = number ? aval(first.aval.shape, first.aval.dtype, true) : first.aval;
    return { first, aval: a, number, whole: isWholeFloat(first), soft: number };
  }
  if (typeof first === "number")
    return { first, aval: aval([], "f32", true), number: true, whole: Number.isInteger(first), soft: true };
  const rest = { number: false, whole: false, soft: false };
  if (typeof first === "boolean") return { first, aval: aval([], "bool"), ...rest };
  if (typeof first === "bigint") return { first, aval: aval([], "i64"), ...rest };
  return { first, aval: undefined, ...rest };
}

const formOf = (s: Slot): string =>
  `${s.aval ? printAval(s.aval) : "-"}${[s.number, s.whole, s.soft].map(Number).join("")}`;

/** The dtype in which what a step was given and what it made meet; undefined when they don't. */
function meet(s: Slot, out: unknown): DType | undefined {
  const a = s.aval as Aval;
  if (typeof out === "number") {
    if (a.shape.length > 0 || a.dtype === "bool" || (isInt(a.dtype) && !Number.isInteger(out))) return undefined;
    return a.dtype;
  }
  if (typeof out === "boolean") return a.dtype === "bool" && a.shape.length === 0 ? a.dtype : undefined;
  if (typeof out === "bigint") return isInt(a.dtype) && a.shape.length === 0 ? a.dtype : undefined;
  if (!(out instanceof Tensor) || !shapeSame(out.aval.shape, a.shape)) return undefined;
  const { dtype } = out.aval;
  if (dtype === a.dtype) return dtype;
  if (isSoft(out) && isFloat(dtype) && isFloat(a.dtype)) return a.dtype;
  if (isWholeFloat(out) && isInt(a.dtype)) return a.dtype;
  if (!s.number) return undefined;
  if (isInt(dtype)) return s.whole && isFloat(a.dtype) ? dtype : undefined;
  return isFloat(dtype) ? dtype : undefined;
}
