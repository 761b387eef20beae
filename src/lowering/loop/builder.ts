/** Makes the values of loop programs: folds index arithmetic, and splits what the target cannot do on vectors into lanes. */
import { internal } from "../../diagnostics/error.js";
import { byteSize, type DType, isUnsignedInt } from "../../ir/dtype.js";
import type { LoopBuffer, LoopExpr, LoopLocal } from "../../ir/loop.js";
import type { ElementwisePrim, TileReduceOp } from "../../ir/tile.js";
import { type MathLibrary, type Target, vectorLanes } from "../target.js";
import { EXPANSIONS } from "./expand.js";
import { Graph, type Linear, type Node } from "./graph.js";
import { canVectorize, isMachineOp } from "./legal.js";

type Value = number | bigint | boolean;

/** An address and a number of elements after it. */
export interface Place {
  readonly buffer: LoopBuffer;
  readonly address: Node;
  readonly elements: number;
}

export class LoopBuilder extends Graph {
  constructor(readonly target: Target) {
    super();
  }

  lanesOf(dtype: DType): number {
    return vectorLanes(dtype, this.target);
  }
  const(value: Value, dtype: DType, lanes = 1): Node {
    const key = `c:${dtype}:${lanes}:${Object.is(value, -0) ? "-0" : value}`;
    return this.node("const", key, dtype, lanes, [], () => ({ kind: "const", dtype, lanes, value }), {
      region: this.root,
      natural: typeof value === "number" && value >= 0,
      shape: { is: "const", value },
    });
  }
  i32(value: number): Node {
    return this.const(value, "i32");
  }

  op(prim: ElementwisePrim, dtype: DType, args: readonly Node[], params: object = {}): Node {
    const lanes = args[0].lanes;
    const from = args[0].dtype;
    if (prim === "stop_gradient") return args[0];
    if ((prim === "convert_element_type" || prim === "bitcast_convert_type") && from === dtype) return args[0];
    if (dtype === "i32" && lanes === 1) {
      const folded = this.#foldIndex(prim, args);
      if (folded) return folded;
    }
    // unsigned types have no sign to copy
    if (prim === "shift_right_arithmetic" && isUnsignedInt(dtype)) return this.op("shift_right_logical", dtype, args);
    if (prim === "select" && args[0].shape?.is === "const") return args[0].shape.value ? args[1] : args[2];
    const expand = EXPANSIONS[prim];
    if (expand) {
      const expanded = expand(this, dtype, args, params);
      if (expanded) return expanded;
    }
    if (!isMachineOp(prim)) return this.#math(prim, dtype, args, params);
    if (lanes > 1 && !canVectorize(prim, args, dtype)) return this.byLanes(prim, dtype, args, params);
    const natural =
      dtype === "i32" &&
      (NATURAL.has(prim) ? args.every((a) => a.natural) : prim === "max" && args.some((a) => a.natural));
    return this.node(
      "pure",
      `${prim}:${dtype}:${lanes}:${paramKey(prim, params)}:${ids(args)}`,
      dtype,
      lanes,
      args,
      (xs) => ({ kind: "op", prim, dtype, lanes, args: xs, params }),
      { natural, cheap: lanes === 1 && dtype === "i32" && CHEAP.has(prim), shape: { is: "op", prim } },
    );
  }
  /** The operation on each lane by itself. */
  byLanes(prim: ElementwisePrim, dtype: DType, args: readonly Node[], params: object = {}): Node {
    const { lanes } = args[0];
    const parts: Node[] = [];
    for (let i = 0; i < lanes; i++) {
      parts.push(
        this.op(
          prim,
          dtype,
          args.map((a) => (a.lanes === 1 ? a : this.lane(a, i))),
          params,
        ),
      );
    }
    return this.pack(parts);
  }
  convert(x: Node, dtype: DType): Node {
    return this.op("convert_element_type", dtype, [x], { dtype });
  }

  #math(prim: ElementwisePrim, dtype: DType, args: readonly Node[], params: object): Node {
    if (dtype === "f16" || dtype === "bf16") {
      const wide = this.op(
        prim,
        "f32",
        args.map((a) => this.convert(a, "f32")),
        params,
      );
      return this.convert(wide, dtype);
    }
    const { lanes } = args[0];
    const expanded = expansionOf(this.target.math, prim, dtype, args, params);
    if (expanded) {
      const bound = new Map<LoopExpr, Node>(expanded.params.map((l, i) => [l, args[i]]));
      return this.import(expanded.result, bound);
    }
    if (lanes > 1) return this.byLanes(prim, dtype, args, params);
    const callee = this.target.math.callee(prim, dtype);
    if (callee === undefined) internal(`${prim} on ${dtype} has no code`);
    return this.call(callee, dtype, args);
  }
  call(callee: string, dtype: DType, args: readonly Node[], lanes = 1): Node {
    return this.node("pure", `call:${callee}:${ids(args)}`, dtype, lanes, args, (xs) => ({
      kind: "call",
      dtype,
      lanes,
      callee,
      args: xs,
    }));
  }
  /** Brings in an expression written elsewhere; equal objects are one value. */
  import(e: LoopExpr, bound: Map<LoopExpr, Node>): Node {
    const known = bound.get(e);
    if (known) return known;
    const node = this.#import(e, bound);
    bound.set(e, node);
    return node;
  }
  #import(e: LoopExpr, bound: Map<LoopExpr, Node>): Node {
    const go = (x: LoopExpr): Node => this.import(x, bound);
    switch (e.kind) {
      case "const":
        return this.const(e.value, e.dtype, e.lanes);
      case "op":
        return this.op(e.prim, e.dtype, e.args.map(go), e.params);
      case "fma":
        return this.fma(go(e.args[0]), go(e.args[1]), go(e.args[2]));
      case "splat":
        return this.splat(go(e.arg), e.lanes);
      case "pack":
        return this.pack(e.args.map(go));
      case "lane":
        return this.lane(go(e.arg), e.index);
      case "shuffle":
        return this.shuffle(go(e.a), go(e.b), e.pick);
      case "widen":
        return this.widen(go(e.arg), e.dtype, e.high);
      case "narrow":
        return this.narrow(go(e.low), go(e.high), e.dtype);
      case "reduce_lanes":
        return this.reduceLanes(e.op, go(e.arg));
      case "call":
        return this.call(e.callee, e.dtype, e.args.map(go));
      default:
        return internal(`${e.kind} in a mathematical expression`);
    }
  }

  fma(a: Node, b: Node, c: Node): Node {
    if (!this.target.relaxedMadd || (a.dtype !== "f32" && a.dtype !== "f64") || a.lanes === 1) {
      return this.op("add", a.dtype, [this.op("mul", a.dtype, [a, b]), c]);
    }
    const { dtype, lanes } = a;
    return this.node("pure", `fma:${ids([a, b, c])}`, dtype, lanes, [a, b, c], ([x, y, z]) => ({
      kind: "fma",
      dtype,
      lanes,
      args: [x, y, z],
    }));
  }
  splat(x: Node, lanes: number): Node {
    if (lanes === 1) return x;
    if (x.shape?.is === "const") return this.const(x.shape.value, x.dtype, lanes);
    const { dtype } = x;
    const key = `splat:${lanes}:${x.id}`;
    return this.node("pure", key, dtype, lanes, [x], ([arg]) => splatOf(arg, dtype, lanes), {
      shape: { is: "splat" },
      cheap: true,
    });
  }
  /** The scalar that every lane of this vector is, when that is known. */
  uniform(x: Node): Node | undefined {
    if (x.lanes === 1) return x;
    if (x.shape?.is === "const") return this.const(x.shape.value, x.dtype);
    return x.shape?.is === "splat" ? x.args[0] : undefined;
  }
  pack(xs: readonly Node[]): Node {
    const lanes = xs.length;
    if (lanes === 1) return xs[0];
    if (xs.every((x) => x === xs[0])) return this.splat(xs[0], lanes);
    const { dtype } = xs[0];
    const build = (args: readonly LoopExpr[]): LoopExpr => ({ kind: "pack", dtype, lanes, args });
    return this.node("pure", `pack:${dtype}:${ids(xs)}`, dtype, lanes, xs, build, { shape: { is: "pack" } });
  }
  /**
   * The same vector, put together from its lanes: a widening engine joins two of these whatever they come from, where the results of two
   * calls would keep it from joining all that is made of them.
   */
  fromLanes(x: Node): Node {
    return this.target.wide ? this.pack(this.lanes(x)) : x;
  }
  lanes(x: Node): Node[] {
    return Array.from({ length: x.lanes }, (_, i) => this.lane(x, i));
  }
  lane(x: Node, index: number): Node {
    const uniform = this.uniform(x);
    if (uniform) return uniform;
    if (isPack(x)) return x.args[index];
    // index arithmetic is done for the lane alone, so that its address is seen to be next to its neighbour's
    if (x.dtype === "i32" && x.shape?.is === "op" && this.#isIndex(x, 8)) {
      const args = x.args.map((a) => this.lane(a, index));
      return this.op(x.shape.prim, x.dtype, args);
    }
    const { dtype } = x;
    return this.node("pure", `lane:${index}:${x.id}`, dtype, 1, [x], ([arg]) => ({
      kind: "lane",
      dtype,
      lanes: 1,
      arg,
      index,
    }));
  }
  /** A vector made of scalars and constants by index arithmetic. */
  #isIndex(x: Node, depth: number): boolean {
    if (this.uniform(x) || (isPack(x) && x.args.every((a) => a.shape?.is === "const"))) return true;
    if (depth === 0 || x.shape?.is !== "op" || x.args.length !== 2 || !LANEWISE.has(x.shape.prim)) return false;
    return x.args.every((a) => this.#isIndex(a, depth - 1));
  }
  /** b - a, where that is known. */
  distance(a: Node, b: Node): number | undefined {
    const [p, q] = [linearOf(a), linearOf(b)];
    if (p.terms.size !== q.terms.size) return undefined;
    for (const [node, factor] of p.terms) if (q.terms.get(node) !== factor) return undefined;
    return q.constant - p.constant;
  }
  shuffle(a: Node, b: Node, pick: readonly number[]): Node {
    const { dtype, lanes } = a;
    return this.node("pure", `shuffle:${pick}:${ids([a, b])}`, dtype, lanes, [a, b], ([x, y]) => ({
      kind: "shuffle",
      dtype,
      lanes,
      a: x,
      b: y,
      pick,
    }));
  }
  widen(x: Node, dtype: DType, high: boolean): Node {
    const uniform = this.uniform(x);
    if (uniform) return this.splat(this.convert(uniform, dtype), 2);
    return this.node("pure", `widen:${dtype}:${high}:${x.id}`, dtype, 2, [x], ([arg]) => ({
      kind: "widen",
      dtype,
      lanes: 2,
      arg,
      high,
    }));
  }
  narrow(low: Node, high: Node, dtype: DType): Node {
    return this.node("pure", `narrow:${dtype}:${ids([low, high])}`, dtype, 4, [low, high], ([l, h]) => ({
      kind: "narrow",
      dtype,
      lanes: 4,
      low: l,
      high: h,
    }));
  }
  reduceLanes(op: TileReduceOp, x: Node): Node {
    const { dtype } = x;
    return this.node("pure", `reduce:${op}:${x.id}`, dtype, 1, [x], ([arg]) => ({
      kind: "reduce_lanes",
      dtype,
      lanes: 1,
      op,
      arg,
    }));
  }

  /** Where element `index` + `more` lies, for every `more` ≥ `least`. */
  place(buffer: LoopBuffer, index: Node, least = 0): Place {
    const { terms, constant } = linearOf(index);
    // what is surely not negative may be left to the instruction's offset: offsets do not wrap around
    let natural = constant >= 0;
    for (const [node, factor] of terms) natural &&= node.natural && factor >= 0;
    let elements = natural ? constant : 0;
    let rest = natural ? 0 : constant;
    if (elements + least < 0) {
      rest += elements + least;
      elements = -least;
    }
    return { buffer, address: this.#address(buffer, terms, rest), elements };
  }
  /** A serial loop's index moves a pointer; everything else of the address is computed before the loop. */
  #address(buffer: LoopBuffer, terms: ReadonlyMap<Node, number>, constant: number): Node {
    let inner = this.root;
    for (const node of terms.keys()) if (node.region.depth > inner.depth) inner = node.region;
    const { counting } = inner;
    const factor = counting && terms.get(counting.index);
    let moving = 0;
    for (const node of terms.keys()) if (node.region === inner) moving++;
    if (!counting || factor === undefined || moving > 1) return this.#addressOf(buffer, this.#sum(terms, constant));
    const outside = new Map(terms);
    outside.delete(counting.index);
    const key = `pointer:${counting.index.id}:${buffer.id}:${[...outside].map(([n, f]) => `${n.id}*${f}`).sort()}:${constant}:${factor}`;
    const first = (): Node => {
      const start = linearOf(counting.start);
      addTerms(outside, start, factor);
      const sum = (constant + Math.imul(start.constant, factor)) | 0;
      return this.#addressOf(buffer, this.#sum(outside, sum));
    };
    return this.induction(inner, key, first, Math.imul(factor, counting.step) * byteSize(buffer.dtype));
  }
  #addressOf(buffer: LoopBuffer, index: Node): Node {
    return this.node(
      "pure",
      `address:${buffer.id}:${index.id}`,
      "i32",
      1,
      [index],
      ([i]) => ({ kind: "address", dtype: "i32", lanes: 1, buffer, index: i }),
      { cheap: true },
    );
  }
  /** Terms of outer loops first, so that their sum is computed there. */
  #sum(terms: ReadonlyMap<Node, number>, constant: number): Node {
    const ordered = [...terms];
    if (ordered.length > 1) ordered.sort(([a], [b]) => a.region.depth - b.region.depth || a.id - b.id);
    let sum: Node | undefined = constant === 0 && ordered.length > 0 ? undefined : this.i32(constant);
    for (const [node, factor] of ordered) {
      const product = this.op("mul", "i32", [node, this.i32(factor)]);
      sum = sum ? this.op("add", "i32", [sum, product]) : product;
    }
    return sum ?? this.i32(0);
  }
  load(at: Place, more: number, lanes: number): Node {
    const { buffer } = at;
    const { dtype } = buffer;
    const offset = (at.elements + more) * byteSize(dtype);
    return this.node("load", undefined, dtype, lanes, [at.address], ([address]) => ({
      kind: "load",
      dtype,
      lanes,
      buffer,
      address,
      offset,
    }));
  }
  /** One element in all lanes. */
  loadSplat(at: Place, more: number, lanes: number): Node {
    if (lanes === 1) return this.load(at, more, 1);
    const { buffer } = at;
    const { dtype } = buffer;
    if (!hasLoadSplat(dtype)) return this.splat(this.load(at, more, 1), lanes);
    const offset = (at.elements + more) * byteSize(dtype);
    return this.node("load", undefined, dtype, lanes, [at.address], ([address]) => ({
      kind: "load_splat",
      dtype,
      lanes,
      buffer,
      address,
      offset,
    }));
  }
  storeTo(at: Place, more: number, value: Node): void {
    const { buffer } = at;
    const offset = (at.elements + more) * byteSize(buffer.dtype);
    this.store([at.address, value], ([address, x]) => ({ kind: "store", buffer, address, offset, value: x }));
  }

  /** `more` elements after a place, by a pointer of its own: an engine does not pair it with its neighbours, which follow another one. */
  apart({ buffer, address, elements }: Place, more: number): Place {
    const bytes = this.i32(more * byteSize(buffer.dtype));
    const other = this.node("pure", `apart:${ids([address, bytes])}`, "i32", 1, [address, bytes], (args) => ({
      kind: "op",
      prim: "add",
      dtype: "i32",
      lanes: 1,
      args,
      params: {},
    }));
    return { buffer, address: other, elements };
  }

  /**
   * Tells a widening engine that these registers, which a loop has computed, belong together in pairs. It looks for pairs at
   * stores and nowhere else, so they are stored, at the end of the loop, where nobody reads: the first kilobyte of memory is
   * given to no array. Programs that run at the same time mostly write to different places in it.
   * What comes after is to read the copies that this gives: V8 takes the halves of a register apart where it is computed, which for
   * the register itself is in each iteration. (Halves have none: a register holds them as f32, and no operation copies its bits.)
   */
  sideBySide(registers: readonly Node[]): readonly Node[] {
    const fit = registers.every((r) => r.kind === "read" && r.dtype !== "f16" && r.dtype !== "bf16");
    if (!this.target.wide || registers.length % 2 !== 0 || !fit) return registers;
    this.#spare ??= this.op("shift_left", "i32", [this.op("and", "i32", [this.spareOf, this.i32(3)]), this.i32(8)]);
    // next to what was written last: engines leave out a store that another one to the same place follows
    const first = this.#spared;
    const some = registers.slice(0, 8).map((r) => this.#copied(r));
    this.#spared = (first + some.length) % 16;
    upperFirst(some.map((r, i) => ({ r, offset: ((first + i) % 16) * 16 }))).forEach(({ r, offset }) => {
      this.store([this.#spare as Node, r], ([address, value]) => ({
        kind: "store",
        buffer: SPARE,
        address,
        offset,
        value,
      }));
    });
    return [...some, ...registers.slice(8)];
  }
  /** The same bits, by an operation that no engine leaves out. */
  #copied(x: Node): Node {
    const type = x.dtype === "f32" ? "i32" : x.dtype === "f64" ? "i64" : x.dtype;
    const bits = this.op("bitcast_convert_type", type, [x]);
    return this.op("bitcast_convert_type", x.dtype, [this.op("or", type, [bits, bits])]);
  }
  #spared = 0;
  #spare: Node | undefined;
  /** Differs between programs that run at the same time: the number of the first. */
  spareOf: Node = this.i32(0);

  /** Constants and neutral elements in i32 scalars, which is where index arithmetic happens. */
  #foldIndex(prim: ElementwisePrim, args: readonly Node[]): Node | undefined {
    if (args.length !== 2) return undefined;
    let [a, b] = args;
    const commutes = prim === "add" || prim === "mul";
    if (commutes && a.shape?.is === "const" && b.shape?.is !== "const") [a, b] = [b, a];
    if (b.shape?.is !== "const" || b.dtype !== "i32") return undefined;
    const y = Number(b.shape.value);
    const x = a.shape?.is === "const" ? Number(a.shape.value) : undefined;
    switch (prim) {
      case "add": {
        if (x !== undefined) return this.i32((x + y) | 0);
        if (y === 0) return a;
        if (a.shape?.is === "op" && a.shape.prim === "add" && a.args[1].shape?.is === "const") {
          const sum = (Number(a.args[1].shape.value) + y) | 0;
          return this.op("add", "i32", [a.args[0], this.i32(sum)]);
        }
        // constants stand on the right, so that the next addition finds them
        return a === args[0] ? undefined : this.op("add", "i32", [a, b]);
      }
      case "sub":
        return this.op("add", "i32", [a, this.i32(-y | 0)]);
      case "mul": {
        if (x !== undefined) return this.i32(Math.imul(x, y));
        if (y === 0) return this.i32(0);
        if (y === 1) return a;
        return a === args[0] ? undefined : this.op("mul", "i32", [a, b]);
      }
      case "div":
        if (y === 1) return a;
        return x !== undefined && y > 0 ? this.i32(Math.trunc(x / y)) : undefined;
      case "rem":
        if (y === 1) return this.i32(0);
        return x !== undefined && y > 0 ? this.i32(x % y) : undefined;
      case "and":
        return x === undefined ? undefined : this.i32(x & y);
      case "min":
        return x === undefined ? undefined : this.i32(Math.min(x, y));
      case "max":
        return x === undefined ? undefined : this.i32(Math.max(x, y));
      default:
        return undefined;
    }
  }
}

/** Where what nobody reads is written. */
const SPARE: LoopBuffer = { kind: "buffer", id: -1, name: "spare", dtype: "f32", role: "scratch" };

function addTerms(into: Map<Node, number>, { terms }: Linear, factor: number): void {
  for (const [node, f] of terms) {
    const sum = ((into.get(node) ?? 0) + Math.imul(f, factor)) | 0;
    if (sum === 0) into.delete(node);
    else into.set(node, sum);
  }
}

/** An i32 scalar as a sum of multiples. */
function linearOf(x: Node): Linear {
  x.linear ??= makeLinear(x);
  return x.linear;
}
function makeLinear(x: Node): Linear {
  const { shape } = x;
  if (shape?.is === "const") return { terms: new Map(), constant: Number(shape.value) | 0 };
  if (shape?.is === "op") {
    const [a, b] = x.args;
    if (shape.prim === "add" || shape.prim === "sub") {
      const sign = shape.prim === "add" ? 1 : -1;
      const [p, q] = [linearOf(a), linearOf(b)];
      const terms = new Map(p.terms);
      addTerms(terms, q, sign);
      return { terms, constant: (p.constant + sign * q.constant) | 0 };
    }
    const by = b?.shape?.is === "const" ? Number(b.shape.value) : undefined;
    if (by !== undefined && (shape.prim === "mul" || (shape.prim === "shift_left" && by >= 0 && by < 32))) {
      const factor = shape.prim === "mul" ? by : 1 << by;
      const p = linearOf(a);
      const terms = new Map<Node, number>();
      addTerms(terms, p, factor);
      return { terms, constant: Math.imul(p.constant, factor) };
    }
  }
  return { terms: new Map([[x, 1]]), constant: 0 };
}

/** A vector put together from scalars. */
const isPack = (x: Node): boolean => x.shape?.is === "pack";
/** Index arithmetic. */
const LANEWISE: ReadonlySet<ElementwisePrim> = new Set(["add", "sub", "mul", "min", "max", "and", "or"]);

const NATURAL: ReadonlySet<ElementwisePrim> = new Set([
  "add",
  "mul",
  "div",
  "rem",
  "min",
  "shift_right_arithmetic",
  "and",
]);
const CHEAP: ReadonlySet<ElementwisePrim> = new Set(["add", "sub", "mul", "min", "max", "shift_left"]);

function splatOf(arg: LoopExpr, dtype: DType, lanes: number): LoopExpr {
  // a scalar load that only feeds a splat is one instruction
  if (arg.kind === "load" && hasLoadSplat(dtype)) {
    return { kind: "load_splat", dtype, lanes, buffer: arg.buffer, address: arg.address, offset: arg.offset };
  }
  return { kind: "splat", dtype, lanes, arg };
}
/** Types whose registers hold what memory holds. */
function hasLoadSplat(dtype: DType): boolean {
  return byteSize(dtype) >= 4;
}
function ids(nodes: readonly Node[]): string {
  let text = "";
  for (let i = 0; i < nodes.length; i++) text += `${nodes[i].id},`;
  return text;
}
/** What distinguishes operations of the same type on the same operands. */
function paramKey(prim: ElementwisePrim, params: object): string {
  if (prim === "exp") return "nonPositive" in params ? "!" : "";
  return prim === "round" ? (params as { method: string }).method : "";
}

/** Inline code of a function, on these parameters. */
interface Expanded {
  readonly params: readonly LoopLocal[];
  readonly result: LoopExpr;
}
const expansions = new WeakMap<MathLibrary, Map<string, Expanded | undefined>>();
/** Expansions do not depend on where they stand: each is made once. */
function expansionOf(
  math: MathLibrary,
  prim: ElementwisePrim,
  dtype: DType,
  args: readonly Node[],
  settings: object,
): Expanded | undefined {
  const { lanes } = args[0];
  let known = expansions.get(math);
  if (!known) expansions.set(math, (known = new Map()));
  const key = `${prim}:${dtype}:${lanes}:${paramKey(prim, settings)}`;
  if (known.has(key)) return known.get(key);
  const make = math.expansion(prim, dtype, lanes, settings);
  const params = args.map((a, id): LoopLocal => ({ kind: "local", id, dtype: a.dtype, lanes: a.lanes }));
  const expanded = make && { params, result: make(...params) };
  known.set(key, expanded);
  return expanded;
}

/**
 * Of two neighbours the upper one first. An engine that makes one store of a pair keeps the first one too when that is the lower:
 * should the upper trap, the lower must have been done.
 */
export function upperFirst<T>(list: readonly T[]): T[] {
  return list.map((x, i) => list[i ^ 1] ?? x);
}
