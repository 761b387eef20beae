/** Expressions of a nest written anew: other loops, and what the loops' ranges decide is folded away. */
import { dimAtLeast, dimMul, isStatic } from "../../ir/dim.js";
import { byteSize, type DType, isFloat } from "../../ir/dtype.js";
import type { Follow } from "../../ir/plan.js";
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
  /** The operation of `n` on other operands. */
  op(n: Extract<Node, { kind: "op" }>, args: readonly Node[]): Node {
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

  #fold(n: Extract<Node, { kind: "op" }>, args: readonly Node[]): Node | null {
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
      const [p, q] = [intervalOf(x), intervalOf(y)];
      if (!p || !q) return null;
      if (p[1] <= q[0]) return prim === "min" ? a : b;
      if (q[1] <= p[0]) return prim === "min" ? b : a;
      return null;
    }
    let sum: Affine;
    if (prim === "mul") {
      if (x.terms.length > 0 && y.terms.length > 0) return null;
      sum = x.terms.length === 0 ? scaleIndex(y, x.constant) : scaleIndex(x, y.constant);
    } else sum = addIndex(x, prim === "add" ? y : scaleIndex(y, -1));
    const range = intervalOf(sum);
    return range && range[0] >= INT32[0] && range[1] <= INT32[1] ? this.index(sum) : null;
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
export function compareRange(prim: string, range: Interval | null): boolean | null {
  if (!range) return null;
  const [lo, hi] = range;
  switch (prim) {
    case "lt":
      return hi < 0 ? true : lo >= 0 ? false : null;
    case "le":
      return hi <= 0 ? true : lo > 0 ? false : null;
    case "gt":
      return lo > 0 ? true : hi <= 0 ? false : null;
    case "ge":
      return lo >= 0 ? true : hi < 0 ? false : null;
    case "eq":
      return lo === 0 && hi === 0 ? true : lo > 0 || hi < 0 ? false : null;
    default:
      return lo > 0 || hi < 0 ? true : lo === 0 && hi === 0 ? false : null;
  }
}
function difference(a: Node, b: Node): Interval | null {
  const [x, y] = [affineOf(a), affineOf(b)];
  return x && y ? intervalOf(addIndex(x, scaleIndex(y, -1))) : null;
}

/** lo ≤ loop < hi where the guard holds, as far as conditions on this loop alone say so. */
export function limitsOf(guard: Node | null, loop: Loop): { lo: number; hi: number } {
  const limit = { lo: Number.NEGATIVE_INFINITY, hi: Number.POSITIVE_INFINITY };
  const visit = (n: Node, holds: boolean): void => {
    if (n.kind !== "op") return;
    if (n.prim === "and" && holds) for (const a of n.args) visit(a, true);
    else if (n.prim === "or" && !holds) for (const a of n.args) visit(a, false);
    else if (n.prim === "not") visit(n.args[0], !holds);
    else if (n.prim in NEGATED) {
      const found = threshold(holds ? n.prim : NEGATED[n.prim], n.args[0], n.args[1], loop);
      if (!found) return;
      limit.lo = Math.max(limit.lo, found.lo);
      limit.hi = Math.min(limit.hi, found.hi);
    }
  };
  if (guard) visit(guard, true);
  return limit;
}
/** `a prim b` as lo ≤ loop < hi. */
function threshold(prim: string, a: Node, b: Node, loop: Loop): { lo: number; hi: number } | null {
  const [x, y] = [affineOf(a), affineOf(b)];
  if (!x || !y) return null;
  const d = addIndex(x, scaleIndex(y, -1));
  const [t] = d.terms;
  if (d.terms.length !== 1 || t.atom !== loop || !isStatic(t.factor) || !isStatic(d.constant)) return null;
  let { factor } = t;
  let { constant } = d;
  let op = prim;
  if (factor < 0) {
    factor = -factor;
    constant = -constant;
    op = { lt: "gt", gt: "lt", le: "ge", ge: "le" }[op] ?? op;
  }
  // factor · loop + constant op 0
  const all = { lo: Number.NEGATIVE_INFINITY, hi: Number.POSITIVE_INFINITY };
  if (op === "lt") return { ...all, hi: Math.ceil(-constant / factor) };
  if (op === "le") return { ...all, hi: Math.floor(-constant / factor) + 1 };
  if (op === "ge") return { ...all, lo: Math.ceil(-constant / factor) };
  if (op === "gt") return { ...all, lo: Math.floor(-constant / factor) + 1 };
  if (op === "eq" && Number.isInteger(-constant / factor))
    return { lo: -constant / factor, hi: -constant / factor + 1 };
  return null;
}

/** Where the truth of conditions on this loop alone changes, in the expression of a node. */
export function breaksOf(nodes: Iterable<Node>, loop: Loop): Set<number> {
  const found = new Set<number>();
  for (const n of nodes) {
    if (n.kind !== "op" || !(n.prim in NEGATED)) continue;
    const limit = threshold(n.prim, n.args[0], n.args[1], loop);
    for (const at of limit ? [limit.lo, limit.hi] : []) if (Number.isFinite(at)) found.add(at);
  }
  return found;
}

export function loopsOf(a: Affine): number {
  let mask = 0;
  for (const { atom } of a.terms) mask |= atom.kind === "loop" ? 1 << atom.id : atom.node.loops;
  return mask;
}
