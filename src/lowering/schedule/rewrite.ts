/** Expressions of a nest written anew: other loops, and what the loops' ranges decide is folded away. */
import { boundsOf, type Dim, dimAdd, dimAtLeast, dimMax, dimMin, dimMul, dimSub, isStatic } from "../../ir/dim.js";
import { byteSize, type DType, isFloat } from "../../ir/dtype.js";
import type { Follow } from "../../ir/plan.js";
import { MOST_OF_SIZE } from "../../ir/size.js";
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
  SplitLoop,
  scaleIndex,
} from "./affine.js";
import { type View, viewKey } from "../plan/view.js";
import type { LoadNode, Member, Node } from "./node.js";

/** Least and greatest value. */
export type Interval = readonly [number, number];

const INT32: Interval = [-(2 ** 31), 2 ** 31 - 1];

/** An affine form that a 32-bit integer expression is, when it surely does not wrap around. */
export function affineOf(n: Node): Affine | null {
  if (n.dtype !== "i32") return null;
  if (n.kind === "index") return n.index;
  return n.kind === "const" ? constantIndex(Number(n.value)) : null;
}

/** Its range as numbers; null where sizes have names. */
export function intervalOf(a: Affine): Interval | null {
  if (!isStatic(a.constant)) return null;
  for (const { atom, factor } of a.terms) {
    if (!isStatic(factor)) return null;
    if (atom.kind === "loop" ? !isStatic(atom.extent) : !isStatic(atom.lo) || !isStatic(atom.hi)) return null;
  }
  const [lo, hi] = rangeOf(a);
  return isStatic(lo) && isStatic(hi) ? [lo, hi] : null;
}

/** Its range, over the names of sizes; null where it is not told from them. */
function rangeOrNull(a: Affine): readonly [Dim, Dim] | null {
  // of factors with names it is not known what they are multiplied by at most
  return a.terms.every((t) => isStatic(t.factor)) ? rangeOf(a) : null;
}

export function zeroOf(dtype: DType): number | bigint | boolean {
  return dtype === "bool" ? false : dtype === "i64" || dtype === "u64" || dtype === "key" ? 0n : 0;
}

/** The comparison that holds where another does not, of integers. */
export const NEGATED: Record<string, string> = { lt: "ge", ge: "lt", le: "gt", gt: "le", eq: "ne", ne: "eq" };

export class NodeRewriter {
  readonly #memo = new Map<Node, Node>();
  readonly #interned = new Map<string, Node>();
  readonly #opaques = new Map<number, Affine>();

  constructor(
    /** Gives nodes their numbers; rewriters that follow one another share it. */
    readonly numbers: { next: number; opaque: number },
    /** What stands for a loop. */
    readonly loop: (l: Loop) => Affine,
    /** What stands for a value of the kernel. */
    readonly member: (m: Member, n: Node) => Node,
  ) {}

  affine(a: Affine): Affine {
    let sum = constantIndex(a.constant);
    for (const { atom, factor } of a.terms) {
      const value = atom.kind === "loop" ? this.loop(atom) : this.#opaque(atom);
      sum = addIndex(sum, scaleIndex(value, factor));
    }
    return sum;
  }
  #opaque(atom: Extract<Affine["terms"][number]["atom"], { kind: "opaque" }>): Affine {
    const node = this.node(atom.node);
    const known = affineOf(node);
    if (known) return known;
    // equal expressions are one term
    let index = this.#opaques.get(node.id);
    if (!index) {
      index = atomIndex({ kind: "opaque", id: this.numbers.opaque++, node, lo: atom.lo, hi: atom.hi });
      this.#opaques.set(node.id, index);
    }
    return index;
  }

  node(n: Node): Node {
    let result = this.#memo.get(n);
    if (!result) {
      result = this.#rewrite(n);
      this.#memo.set(n, result);
    }
    return result;
  }
  #rewrite(n: Node): Node {
    switch (n.kind) {
      case "const":
        return this.constant(n.value, n.dtype);
      case "index":
        return this.index(this.affine(n.index));
      case "member":
        return this.member(n.member, n);
      case "load": {
        const guard = n.guard && this.node(n.guard);
        if (guard?.kind === "const" && !guard.value) return this.constant(zeroOf(n.dtype), n.dtype);
        if (countOf(n)) return this.#count(n);
        const { view, offset } = followed(n.view, this.affine(n.offset));
        const kept = guard?.kind === "const" ? null : guard;
        return this.#intern(`l${viewKey(view)}@${affineKey(offset)}?${kept ? kept.id : ""}`, (id) => ({
          ...n,
          id,
          view,
          loops: loopsOf(offset) | (kept ? kept.loops : 0),
          offset,
          guard: kept,
        }));
      }
      case "op":
        return this.op(
          n,
          n.args.map((a) => this.node(a)),
        );
    }
  }

  /** The number of a program or of a step, as an index. */
  #count(n: LoadNode): Node {
    const same = this.#intern(`l${viewKey(n.view)}@`, (id) => ({ ...n, id, loops: 0 }));
    let index = this.#opaques.get(same.id);
    if (!index) {
      const [lo, hi] = rangeOfCount(n);
      index = atomIndex({ kind: "opaque", id: this.numbers.opaque++, node: same, lo, hi });
      this.#opaques.set(same.id, index);
    }
    return this.index(index);
  }
  #intern(key: string, make: (id: number) => Node): Node {
    let node = this.#interned.get(key);
    if (!node) {
      node = make(this.numbers.next++);
      this.#interned.set(key, node);
    }
    return node;
  }
  constant(value: number | bigint | boolean, dtype: DType): Node {
    const text = Object.is(value, -0) ? "-0" : String(value);
    return this.#intern(`c${dtype}${typeof value}${text}`, (id) => ({ kind: "const", id, dtype, loops: 0, value }));
  }
  index(index: Affine): Node {
    if (index.terms.length === 0 && isStatic(index.constant)) return this.constant(index.constant, "i32");
    return this.#intern(`i${affineKey(index)}`, (id) => ({
      kind: "index",
      id,
      dtype: "i32",
      loops: loopsOf(index),
      index,
    }));
  }
  /** A size as a value of this dtype. */
  size(d: Dim, dtype: DType): Node {
    if (isStatic(d)) return this.constant(dtype === "i64" || dtype === "u64" ? BigInt(d) : d, dtype);
    const index = this.index(constantIndex(d));
    return dtype === "i32" ? index : this.apply({ prim: "convert_element_type", params: { dtype }, dtype }, [index]);
  }
  /** The operation of `n` on other operands. */
  op(n: Pick<Extract<Node, { kind: "op" }>, "prim" | "params" | "dtype">, args: readonly Node[]): Node {
    const folded = this.#fold(n, args);
    if (folded) return folded;
    return this.apply(n, args);
  }
  /** As `op`, where nothing is to be folded. */
  apply(n: Pick<Extract<Node, { kind: "op" }>, "prim" | "params" | "dtype">, args: readonly Node[]): Node {
    const settings = Object.keys(n.params).length > 0 ? JSON.stringify(n.params) : "";
    const key = `o${n.prim}${settings}:${n.dtype},${args.map((a) => a.id).join()}`;
    return this.#intern(key, (id) => ({
      kind: "op",
      id,
      dtype: n.dtype,
      loops: args.reduce((mask, a) => mask | a.loops, 0),
      prim: n.prim,
      params: n.params,
      args,
    }));
  }

  #fold(n: Pick<Extract<Node, { kind: "op" }>, "prim" | "params" | "dtype">, args: readonly Node[]): Node | null {
    const [a, b, c] = args;
    const truth = (x: Node): boolean | null => (x.kind === "const" ? Boolean(x.value) : null);
    switch (n.prim) {
      case "select": {
        const t = truth(a);
        if (t !== null) return t ? b : c;
        return b === c ? b : null;
      }
      case "and":
      case "or": {
        if (n.dtype !== "bool") return null;
        const neutral = n.prim === "and";
        for (const [x, other] of [
          [a, b],
          [b, a],
        ]) {
          const t = truth(x);
          if (t !== null) return t === neutral ? other : x;
        }
        return a === b ? a : null;
      }
      case "not": {
        const t = n.dtype === "bool" ? truth(a) : null;
        return t === null ? null : this.constant(!t, "bool");
      }
      case "lt":
      case "le":
      case "gt":
      case "ge":
      case "eq":
      case "ne": {
        const t = compare(n.prim, a, b);
        return t === null ? null : this.constant(t, "bool");
      }
      case "add":
      case "sub":
      case "mul":
      case "max":
      case "min":
        return n.dtype === "i32" ? this.#integer(n.prim, a, b) : this.#float(n.prim, n.dtype, a, b);
      case "div":
      case "rem":
        return n.dtype === "i32" ? this.#quotient(n.prim, a, b) : null;
      case "convert_element_type":
        if (a.kind === "const" && a.dtype === "bool" && n.dtype === "i32") return this.constant(a.value ? 1 : 0, "i32");
        return a.kind === "const" && isPlainNumber(a.value) && isFloat(n.dtype) && isFloat(a.dtype)
          ? this.constant(a.value, n.dtype)
          : null;
      default:
        return null;
    }
  }
  #integer(prim: "add" | "sub" | "mul" | "max" | "min", a: Node, b: Node): Node | null {
    const [x, y] = [affineOf(a), affineOf(b)];
    if (!x || !y) return null;
    if (prim === "max" || prim === "min") {
      const [p, q] = [rangeOrNull(x), rangeOrNull(y)];
      if (!p || !q) return null;
      if (dimAtLeast(q[0], p[1]) === true) return prim === "min" ? a : b;
      if (dimAtLeast(p[0], q[1]) === true) return prim === "min" ? b : a;
      return null;
    }
    let sum: Affine;
    if (prim === "mul") {
      if (x.terms.length > 0 && y.terms.length > 0) return null;
      sum = x.terms.length === 0 ? scaleIndex(y, x.constant) : scaleIndex(x, y.constant);
    } else sum = addIndex(x, prim === "add" ? y : scaleIndex(y, -1));
    const range = rangeOrNull(sum);
    if (!range) return null;
    const fits = boundsOf(range[0], MOST_OF_SIZE)[0] >= INT32[0] && boundsOf(range[1], MOST_OF_SIZE)[1] <= INT32[1];
    return fits ? this.index(sum) : null;
  }
  /** Where it is exact: a loop of so many iterations belongs to each part. */
  #quotient(prim: "div" | "rem", a: Node, b: Node): Node | null {
    const x = affineOf(a);
    if (!x || b.kind !== "const" || !(Number(b.value) > 0)) return null;
    const range = intervalOf(x);
    if (!range || range[0] < 0) return null;
    try {
      return this.index(divideIndex(x, Number(b.value), INEXACT)[prim === "div" ? 0 : 1]);
    } catch (e) {
      if (e instanceof Inexact || e instanceof SplitLoop) return null;
      throw e;
    }
  }
  #float(prim: "add" | "sub" | "mul" | "max" | "min", dtype: DType, a: Node, b: Node): Node | null {
    if (dtype !== "f32" || a.kind !== "const" || b.kind !== "const") return null;
    const [x, y] = [Number(a.value), Number(b.value)];
    const value = { add: x + y, sub: x - y, mul: x * y, max: Math.max(x, y), min: Math.min(x, y) }[prim];
    return this.constant(Math.fround(value), dtype);
  }
}

/** Does it read the number of a program or of a step? Then, of which loop. */
export function countOf(n: Node): Follow | null {
  if (n.kind !== "load" || !n.view.value.counter || n.guard || n.view.size !== 1) return null;
  const { follow, offset } = n.view;
  const isFirst = n.offset.terms.length === 0 && n.offset.constant === 0 && offset === 0;
  return isFirst && follow.length === 1 ? follow[0] : null;
}

/** The range of a number of a program or of a step. */
export function rangeOfCount(n: LoadNode): Interval {
  const { first, step, length } = n.view.value.counter ?? { first: 0, step: 0, length: 1 };
  const last = first + step * (length - 1);
  return [Math.min(first, last), Math.max(first, last)];
}

/** An access whose place follows the numbers of loops around: their part belongs to the view. */
export function followed(view: View, offset: Affine): { readonly view: View; readonly offset: Affine } {
  const follow = [...view.follow];
  let rest: Affine = { constant: offset.constant, terms: [] };
  for (const t of offset.terms) {
    const counted = t.atom.kind === "opaque" ? countOf(t.atom.node) : null;
    const node = t.atom.kind === "opaque" ? t.atom.node : null;
    const counter = node?.kind === "load" ? node.view.value.counter : null;
    // addresses before the beginning of memory would be ones far behind its end
    if (!counted || !counter || dimAtLeast(dimMul(t.factor, counter.step), 1) !== true) {
      rest = addIndex(rest, { constant: 0, terms: [t] });
      continue;
    }
    rest = addIndex(rest, constantIndex(dimMul(t.factor, counter.first)));
    follow.push({ loop: counted.loop, stride: dimMul(dimMul(t.factor, counter.step), byteSize(view.dtype)) });
  }
  return follow.length === view.follow.length ? { view, offset } : { view: { ...view, follow }, offset: rest };
}

class Inexact {}
const INEXACT: OpaqueMaker = {
  quotient() {
    throw new Inexact();
  },
  remainder() {
    throw new Inexact();
  },
};

/** What every float type holds as it is. */
function isPlainNumber(v: number | bigint | boolean): v is number {
  return typeof v === "number" && (Number.isInteger(v) ? Math.abs(v) <= 256 : !Number.isFinite(v));
}

/** The outcome of a comparison of indices that their ranges decide. */
function compare(prim: string, a: Node, b: Node): boolean | null {
  if (a.dtype === "bool" && a.kind === "const" && b.kind === "const" && (prim === "eq" || prim === "ne"))
    return (a.value === b.value) === (prim === "eq");
  return compareRange(prim, difference(a, b));
}
/** `a prim b` for a - b in this range. */
export function compareRange(prim: string, range: readonly [Dim, Dim] | null): boolean | null {
  if (!range) return null;
  const [lo, hi] = range;
  const above = dimAtLeast(lo, 1) === true;
  const below = dimAtLeast(-1, hi) === true;
  const isZero = lo === 0 && hi === 0;
  switch (prim) {
    case "lt":
      return below ? true : dimAtLeast(lo, 0) === true ? false : null;
    case "le":
      return dimAtLeast(0, hi) === true ? true : above ? false : null;
    case "gt":
      return above ? true : dimAtLeast(0, hi) === true ? false : null;
    case "ge":
      return dimAtLeast(lo, 0) === true ? true : below ? false : null;
    case "eq":
      return isZero ? true : above || below ? false : null;
    default:
      return above || below ? true : isZero ? false : null;
  }
}
function difference(a: Node, b: Node): readonly [Dim, Dim] | null {
  const [x, y] = [affineOf(a), affineOf(b)];
  return x && y ? rangeOrNull(addIndex(x, scaleIndex(y, -1))) : null;
}

/** Limits of a loop; null where there is none. */
export interface Limits {
  readonly lo: Dim | null;
  readonly hi: Dim | null;
}

/** lo ≤ loop < hi where the guard holds, as far as conditions on this loop alone say so. */
export function limitsOf(guard: Node | null, loop: Loop): Limits {
  let lo: Dim | null = null;
  let hi: Dim | null = null;
  const visit = (n: Node, holds: boolean): void => {
    if (n.kind !== "op") return;
    if (n.prim === "and" && holds) for (const a of n.args) visit(a, true);
    else if (n.prim === "or" && !holds) for (const a of n.args) visit(a, false);
    else if (n.prim === "not") visit(n.args[0], !holds);
    else if (n.prim in NEGATED) {
      const found = threshold(holds ? n.prim : NEGATED[n.prim], n.args[0], n.args[1], loop);
      if (!found) return;
      if (found.lo !== null) lo = lo === null ? found.lo : dimMax(lo, found.lo);
      if (found.hi !== null) hi = hi === null ? found.hi : dimMin(hi, found.hi);
    }
  };
  if (guard) visit(guard, true);
  return { lo, hi };
}
/** `a prim b` as lo ≤ loop < hi. */
function threshold(prim: string, a: Node, b: Node, loop: Loop): Limits | null {
  const [x, y] = [affineOf(a), affineOf(b)];
  if (!x || !y) return null;
  const d = addIndex(x, scaleIndex(y, -1));
  const [t] = d.terms;
  if (d.terms.length !== 1 || t.atom !== loop || !isStatic(t.factor)) return null;
  const factor = Math.abs(t.factor);
  const op = t.factor < 0 ? ({ lt: "gt", gt: "lt", le: "ge", ge: "le" }[prim] ?? prim) : prim;
  // factor · loop op bound
  const bound = t.factor < 0 ? d.constant : dimSub(0, d.constant);
  if (!isStatic(bound) && factor !== 1) return null;
  const up = isStatic(bound) ? Math.ceil(bound / factor) : bound;
  const down = isStatic(bound) ? Math.floor(bound / factor) : bound;
  if (op === "lt") return { lo: null, hi: up };
  if (op === "le") return { lo: null, hi: dimAdd(down, 1) };
  if (op === "ge") return { lo: up, hi: null };
  if (op === "gt") return { lo: dimAdd(down, 1), hi: null };
  if (op === "eq" && up === down) return { lo: up, hi: dimAdd(up, 1) };
  return null;
}

/** Where the truth of conditions on this loop alone changes, in the expression of a node. */
export function breaksOf(nodes: Iterable<Node>, loop: Loop): Dim[] {
  const found = new Map<string, Dim>();
  for (const n of nodes) {
    if (n.kind !== "op" || !(n.prim in NEGATED)) continue;
    const limit = threshold(n.prim, n.args[0], n.args[1], loop);
    for (const at of limit ? [limit.lo, limit.hi] : []) if (at !== null) found.set(String(at), at);
  }
  return [...found.values()];
}

export function loopsOf(a: Affine): number {
  let mask = 0;
  for (const { atom } of a.terms) mask |= atom.kind === "loop" ? 1 << atom.id : atom.node.loops;
  return mask;
}
