/**
 * Statements of a tile program as statements of a shader. What is done element by element is written once for both ways of distributing a
 * program; what moves elements between invocations is the exchange's.
 */
import { internal } from "../../diagnostics/error.js";
import { type Dim, isStatic } from "../../ir/dim.js";
import type { DType } from "../../ir/dtype.js";
import { COMBINE } from "../../ir/reduce-op.js";
import type { TileAtom, TileReduceOp, TileRef, TileStmt, TileVar } from "../../ir/tile.js";
import { tileAccesses } from "../../ir/tile-refs.js";
import type { Operand } from "./arithmetic.js";
import { atomicCasText, atomicText } from "./atomics.js";
import { type Cursor, coordinate, elements, type Held, plus, rowMajor, times } from "./held.js";
import type { Exchange, Setting } from "./setting.js";
import type { Lines } from "./text.js";
import { registerType } from "./types.js";

/** Element numbers are written out while a loop over slots would be longer than what it does. */
const UNROLLED = 1;
/** Expressions that are made again by each invocation that needs them are short. */
const LONGEST = 96;
const CHEAP = new Set(["add", "sub", "mul", "min", "max", "lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not"]);

export class Body {
  readonly #values = new Map<TileVar, Held>();
  /** A loop over slots that the next elementwise statement may join. */
  #open: {
    readonly slots: number;
    readonly close: () => void;
    readonly read: Set<TileRef>;
    readonly written: Set<TileRef>;
  } | null = null;
  /** What the invocations of this program did to memory since they last waited for each other. */
  readonly #read = new Set<TileRef>();
  readonly #written = new Set<TileRef>();
  exchange: Exchange | null = null;

  constructor(
    readonly setting: Setting,
    readonly lanes: number,
  ) {}

  get lines(): Lines {
    return this.setting.lines;
  }

  // values

  /** Slots of one invocation. */
  slots(shape: readonly number[]): number {
    return shape.length === 0 ? 1 : Math.ceil(elements(shape) / this.lanes);
  }
  /** Runs `body` for each slot of the invocation. */
  each(shape: readonly number[], body: (c: Cursor) => void): void {
    const slots = this.slots(shape);
    if (slots <= UNROLLED) {
      this.close();
      if (slots === 1) body({ slot: "0", element: this.lanes === 1 ? "0" : "lane" });
      return;
    }
    if (this.#open?.slots !== slots) {
      this.close();
      const { lines } = this;
      const cursor = this.lanes === 1 ? "e" : "s";
      const close = lines.begin(`for (var ${cursor} = 0; ${cursor} < ${slots}; ${cursor}++) {`);
      if (this.lanes > 1) lines.add(`let e = s * ${this.lanes} + lane;`);
      this.#open = { slots, close, read: new Set(), written: new Set() };
    }
    body({ slot: this.lanes === 1 ? "e" : "s", element: "e" });
  }
  /** Ends a loop over slots. */
  close(): void {
    const open = this.#open;
    this.#open = null;
    open?.close();
  }
  /** Whether every invocation has as many elements as the others. */
  isFull(shape: readonly number[]): boolean {
    return this.lanes === 1 || elements(shape) % this.lanes === 0;
  }
  /** Runs `body` where the element is one of the block's. */
  inside(shape: readonly number[], c: Cursor, body: () => void, also = ""): void {
    const bound = this.isFull(shape) ? "" : `${c.element} < ${elements(shape)}`;
    const test = [bound, also].filter((x) => x !== "").join(" && ");
    if (test === "") body();
    else this.lines.block(`if (${test}) {`, body);
  }
  /** A variable for the slots of a block, before it is given values. */
  declare(dtype: DType, shape: readonly number[], name: string): Held {
    const single = this.slots(shape) <= 1;
    const at = (c: Cursor): string => (single ? name : `${name}[${c.slot}]`);
    const own = this.lanes === 1 && single;
    return { dtype, shape, at, name, anywhere: shape.length === 0 || own ? () => name : null };
  }
  /** A block whose elements `make` gives, slot by slot. */
  define(dtype: DType, shape: readonly number[], make: (c: Cursor) => string, name?: string): Held {
    const known = name ?? this.fresh();
    const held = this.declare(dtype, shape, known);
    if (this.slots(shape) > 1) {
      this.variable(held);
      this.each(shape, (c) => this.lines.add(`${held.at(c)} = ${make(c)};`));
    } else this.each(shape, (c) => this.lines.add(`let ${known} = ${make(c)};`));
    return held;
  }
  /** Of all variables so far, for one invocation. */
  bytes = 0;
  /** The declaration of a variable, before a loop that fills it. */
  variable(held: Held): void {
    const slots = this.slots(held.shape);
    const type = registerType(held.dtype);
    this.bytes += slots * (type === "vec2u" ? 8 : 4);
    // zero is said aloud: in a loop some drivers keep what the last iteration left
    const text = `var ${held.name} = ${slots <= 1 ? `${type}()` : `array<${type}, ${slots}>()`};`;
    // a loop that is still open may be joined by what has slots too, and by nothing else
    if (slots <= 1) this.close();
    if (this.#open) this.lines.before(text);
    else this.lines.add(text);
  }
  fresh(wish?: string, stem = "v"): string {
    return this.setting.names.fresh(wish, stem);
  }

  held(a: TileAtom): Held {
    if (a.kind === "tilevar") return this.#values.get(a) ?? internal("a tile variable is read before it is set");
    const text = a.kind === "tilesize" ? this.setting.size(a.size) : this.setting.arithmetic.constant(a.value, a.dtype);
    return { dtype: a.dtype, shape: a.shape, at: () => text, anywhere: () => text };
  }
  /** A value of rank 0. */
  scalar(a: TileAtom): string {
    return this.held(a).at({ slot: "0", element: "0" });
  }
  /** What the atom is now: a mutable variable may be another later. */
  #frozen(a: TileAtom): Held {
    const held = this.held(a);
    if (a.kind !== "tilevar" || !a.mutable) return held;
    return this.define(a.dtype, a.shape, (c) => held.at(c));
  }
  #set(v: TileVar, held: Held): void {
    this.#values.set(v, held);
  }

  dim(d: Dim): string {
    return isStatic(d) ? String(d) : this.setting.size(d);
  }
  /** Elements from the base of a strided block to one of it. */
  offset(shape: readonly number[], strides: readonly Dim[], element: string): string {
    let whole = 1;
    let rowMajor = true;
    for (let i = shape.length - 1; i >= 0; i--) {
      if (shape[i] !== 1 && strides[i] !== whole) rowMajor = false;
      whole *= shape[i];
    }
    if (rowMajor) return shape.length === 0 ? "0" : element;
    const terms = shape.map((_, axis) => {
      const at = coordinate(element, shape, axis);
      const stride = strides[axis];
      if (isStatic(stride)) return times(at, stride);
      return at === "0" ? "0" : `${at} * ${this.setting.size(stride)}`;
    });
    return plus(...terms);
  }

  // statements

  run(stmts: readonly TileStmt[]): void {
    for (const s of stmts) this.#stmt(s);
    this.close();
  }
  get #exchange(): Exchange {
    return this.exchange ?? internal("a body without an exchange");
  }

  #stmt(s: TileStmt): void {
    switch (s.kind) {
      case "op":
        this.#op(s);
        return;
      case "program_id": {
        const text = this.setting.programId(s.axis);
        this.#set(s.out, { dtype: "i32", shape: [], at: () => text, anywhere: () => text });
        return;
      }
      case "lanes": {
        const { shape } = s.out;
        const anywhere = (e: string): string => coordinate(e, shape, s.axis);
        this.#set(s.out, { dtype: "i32", shape, at: (c) => anywhere(c.element), anywhere });
        return;
      }
      case "broadcast":
        this.#broadcast(s.out, s.arg, s.dims);
        return;
      case "transpose": {
        const arg = this.#frozen(s.arg);
        const strides = rowMajor(arg.shape);
        const from = ({ element }: Cursor): string =>
          plus(...s.perm.map((p, i) => times(coordinate(element, s.out.shape, i), strides[p])));
        this.#set(s.out, this.#rearranged(arg, s.out.shape, from));
        return;
      }
      case "reshape": {
        const arg = this.#frozen(s.arg);
        this.#set(s.out, this.#reshaped(arg, s.out.shape));
        return;
      }
      case "pick": {
        const arg = this.#frozen(s.arg);
        const index = this.held(s.index);
        this.#set(
          s.out,
          this.#rearranged(arg, s.out.shape, (c) => index.at(c), index.anywhere),
        );
        return;
      }
      case "reduce":
        this.close();
        this.#set(s.out, this.#exchange.reduce(s.op, this.held(s.arg), s.axis));
        return;
      case "dot": {
        this.close();
        const acc = s.acc && this.held(s.acc);
        this.#set(s.out, this.#exchange.dot(this.held(s.lhs), this.held(s.rhs), acc, s.out.dtype));
        return;
      }
      case "scan":
        this.#scan(s.out, s.op, this.#frozen(s.arg), s.axis, s.reverse);
        return;
      case "sort": {
        this.close();
        const sorted = this.#exchange.sort(
          s.args.map((a) => this.#frozen(a)),
          s.axis,
          s.keys,
        );
        s.outs.forEach((v, i) => {
          this.#set(v, sorted[i]);
        });
        return;
      }
      case "load":
        this.#load(s.out, s.ref, this.scalar(s.base), s.strides);
        return;
      case "store": {
        this.#order(s.ref, "write");
        const array = this.setting.array(s.ref);
        const value = this.held(s.value);
        const base = this.scalar(s.base);
        this.#perElement(s.value.shape, (c) =>
          this.lines.add(array.store(plus(base, this.offset(s.value.shape, s.strides, c.element)), value.at(c))),
        );
        this.#touch(s.ref, "write");
        return;
      }
      case "load_at":
        this.#loadAt(s);
        return;
      case "store_at": {
        this.#order(s.ref, "write");
        const array = this.setting.array(s.ref);
        const [value, index] = [this.held(s.value), this.held(s.index)];
        const mask = s.mask && this.held(s.mask);
        const { shape } = s.index;
        this.#perElement(shape, (c) => this.lines.add(array.store(index.at(c), value.at(c))), mask);
        this.#touch(s.ref, "write");
        return;
      }
      case "atomic":
      case "atomic_cas":
        this.#atomic(s);
        return;
      case "var": {
        const init = this.held(s.init);
        const name = this.fresh(s.out.name, "m");
        const held = this.declare(s.out.dtype, s.out.shape, name);
        if (this.slots(s.out.shape) > 1) {
          this.variable(held);
          this.each(s.out.shape, (c) => this.lines.add(`${held.at(c)} = ${init.at(c)};`));
        } else
          this.each(s.out.shape, (c) => this.lines.add(`var ${name}: ${registerType(s.out.dtype)} = ${init.at(c)};`));
        this.#set(s.out, { ...held, anywhere: s.out.shape.length === 0 ? held.anywhere : null });
        return;
      }
      case "assign": {
        const [target, value] = [this.held(s.target), this.held(s.value)];
        this.each(s.target.shape, (c) => this.lines.add(`${target.at(c)} = ${value.at(c)};`));
        return;
      }
      case "for": {
        const start = this.scalar(s.start);
        const end = this.scalar(s.end);
        this.close();
        const k = this.fresh(s.index.name, "k");
        this.#set(s.index, { dtype: "i32", shape: [], at: () => k, anywhere: () => k });
        const step = s.step === 1 ? `${k}++` : `${k} += ${s.step}`;
        this.lines.block(`for (var ${k} = ${start}; ${k} < ${end}; ${step}) {`, () => {
          this.#nested(s.body, true);
        });
        return;
      }
      case "while":
        this.close();
        this.lines.block("loop {", () => {
          this.#nested([...s.cond, ...s.body], true, () => {
            this.run(s.cond);
            this.lines.add(`if (!${this.scalar(s.test)}) { break; }`);
            this.run(s.body);
          });
        });
        return;
      case "if":
        this.close();
        this.lines.branch(
          this.scalar(s.test),
          () => this.#nested(s.then, false),
          s.else.length > 0 ? () => this.#nested(s.else, false) : null,
        );
        return;
    }
  }

  #op({ out, prim, args, params }: TileStmt & { readonly kind: "op" }): void {
    const held = args.map((a) => this.held(a));
    const { arithmetic } = this.setting;
    const operand = (a: TileAtom, text: string): Operand => ({
      text,
      dtype: a.dtype,
      value: a.kind === "tileconst" ? a.value : undefined,
    });
    const make = (texts: readonly string[]): string =>
      arithmetic.op(
        prim,
        out.dtype,
        args.map((a, i) => operand(a, texts[i])),
        params,
      );
    // an operation of constants may overflow, which a shader may not say: a variable hides it
    const constant = args.every((a) => a.kind === "tileconst") && !["not", "select"].includes(prim);
    const texts = (c: Cursor): string[] => held.map((h) => h.at(c));
    const value = this.define(
      out.dtype,
      out.shape,
      (c) => {
        const all = texts(c);
        if (!constant) return make(all);
        const hidden = this.fresh(undefined, "c");
        this.lines.add(`let ${hidden} = ${all[0]};`);
        return make([hidden, ...all.slice(1)]);
      },
      this.fresh(out.name),
    );
    const again =
      out.shape.length > 0 &&
      !constant &&
      CHEAP.has(prim) &&
      held.every((h) => h.anywhere) &&
      args.every((a) => a.kind !== "tilevar" || !a.mutable);
    if (!again) {
      this.#set(out, value);
      return;
    }
    const anywhere = (e: string): string => make(held.map((h) => h.anywhere?.(e) ?? internal("no element")));
    this.#set(out, anywhere("element").length <= LONGEST ? { ...value, anywhere } : value);
  }

  #broadcast(out: TileVar, atom: TileAtom, dims: readonly number[]): void {
    const arg = this.#frozen(atom);
    const { shape } = arg;
    if (elements(shape) === 1 && arg.anywhere) {
      const text = arg.anywhere("0");
      this.#set(out, { dtype: out.dtype, shape: out.shape, at: () => text, anywhere: () => text });
      return;
    }
    if (elements(shape) === elements(out.shape)) {
      this.#set(out, this.#reshaped(arg, out.shape));
      return;
    }
    const strides = rowMajor(shape);
    const from = ({ element }: Cursor): string =>
      plus(...dims.map((d, i) => (shape[i] === 1 ? "0" : times(coordinate(element, out.shape, d), strides[i]))));
    this.#set(out, this.#rearranged(arg, out.shape, from));
  }
  /** The same elements in the same order. */
  #reshaped(arg: Held, shape: readonly number[]): Held {
    const { dtype } = arg;
    if (shape.length === 0 && arg.shape.length > 0) {
      if (arg.anywhere) {
        const text = arg.anywhere("0");
        return { dtype, shape, at: () => text, anywhere: () => text };
      }
      this.close();
      const text = this.#exchange.scalar(arg, "0");
      return { dtype, shape, at: () => text, anywhere: () => text };
    }
    return { ...arg, shape };
  }
  /** out[e] = arg[from(e)]; `again`: from of any element, where it is not only known for the slots at hand. */
  #rearranged(
    arg: Held,
    shape: readonly number[],
    from: (c: Cursor) => string,
    again: ((e: string) => string) | null = (e) => from({ slot: e, element: e }),
  ): Held {
    const known = arg.anywhere;
    if (known) {
      const anywhere = again && ((e: string): string => known(again(e)));
      if (anywhere && anywhere("element").length <= LONGEST)
        return { dtype: arg.dtype, shape, at: (c) => anywhere(c.element), anywhere };
      return this.define(arg.dtype, shape, (c) => known(from(c)));
    }
    this.close();
    return this.#exchange.move(arg, shape, from);
  }

  /** In log₂ n steps, each of which adds what lies 1, 2, 4… places before. */
  #scan(out: TileVar, op: TileReduceOp, arg: Held, axis: number, reverse: boolean): void {
    const { shape, dtype } = arg;
    const n = shape[axis];
    const stride = rowMajor(shape)[axis];
    let current = arg;
    for (let d = 1; d < n; d *= 2) {
      const distance = d * stride;
      const from = (e: string): string => `(${e} ${reverse ? "+" : "-"} ${distance})`;
      const has = (e: string): string => {
        const at = coordinate(e, shape, axis);
        return reverse ? `${at} < ${n - d}` : `${at} >= ${d}`;
      };
      const last = current;
      const safe = ({ element }: Cursor): string => `select(0, ${from(element)}, ${has(element)})`;
      const moved = this.#rearranged(last, shape, safe);
      current = this.define(dtype, shape, (c) => {
        const [x, y] = [moved.at(c), last.at(c)];
        const pair = reverse ? [y, x] : [x, y];
        return `select(${y}, ${this.combine(op, dtype, pair[0], pair[1])}, ${has(c.element)})`;
      });
    }
    this.#set(out, current);
  }
  combine(op: TileReduceOp, dtype: DType, a: string, b: string): string {
    return this.setting.arithmetic.op(
      COMBINE[op],
      dtype,
      [
        { text: a, dtype },
        { text: b, dtype },
      ],
      {},
    );
  }

  // memory

  /** Runs `body` for each element of a block that is put into memory; a scalar is put there once. */
  #perElement(shape: readonly number[], body: (c: Cursor) => void, mask: Held | null = null): void {
    if (shape.length === 0) {
      this.close();
      const tests = [this.lanes > 1 ? "lane == 0" : "", mask ? mask.at({ slot: "0", element: "0" }) : ""].filter(
        (t) => t !== "",
      );
      const one = (): void => body({ slot: "0", element: "0" });
      if (tests.length === 0) one();
      else this.lines.block(`if (${tests.join(" && ")}) {`, one);
      return;
    }
    this.each(shape, (c) => this.inside(shape, c, () => body(c), mask ? mask.at(c) : ""));
  }
  #load(out: TileVar, ref: TileRef, base: string, strides: readonly Dim[]): void {
    this.#order(ref, "read");
    const array = this.setting.array(ref);
    const { shape, dtype } = out;
    const name = this.fresh(out.name);
    if (shape.length === 0) {
      this.close();
      const text = array.load(base);
      if (array.written && this.lanes > 1) {
        const shared = this.#exchange.shared(text, dtype);
        this.#set(out, { dtype, shape, at: () => shared, anywhere: () => shared });
        return;
      }
      this.#set(
        out,
        this.define(dtype, [], () => text, name),
      );
      return;
    }
    const read = (c: Cursor): string => array.load(plus(base, this.offset(shape, strides, c.element)));
    if (this.isFull(shape)) {
      this.#set(out, this.define(dtype, shape, read, name));
      this.#touch(ref, "read");
      return;
    }
    const held = this.declare(dtype, shape, name);
    this.variable(held);
    this.each(shape, (c) => this.inside(shape, c, () => this.lines.add(`${held.at(c)} = ${read(c)};`)));
    this.#touch(ref, "read");
    this.#set(out, held);
  }
  #loadAt({ out, ref, index, mask, other }: TileStmt & { readonly kind: "load_at" }): void {
    this.#order(ref, "read");
    const array = this.setting.array(ref);
    const { shape, dtype } = out;
    const at = this.held(index);
    const on = mask && this.held(mask);
    const spare = other ? this.held(other) : null;
    const name = this.fresh(out.name);
    if (shape.length === 0) {
      // every invocation has it, not only that of element 0
      this.close();
      const text = array.load(this.scalar(index));
      const value = on ? this.masked(on.at(ZERO), text, dtype, spare?.at(ZERO) ?? null) : text;
      const isOne = array.written && this.lanes > 1;
      const scalar = isOne ? this.#exchange.shared(value, dtype) : value;
      this.#set(out, on || isOne ? { dtype, shape, at: () => scalar, anywhere: () => scalar } : this.define(dtype, shape, () => scalar, name)); // biome-ignore format: one line
      return;
    }
    if (!on && this.isFull(shape)) {
      this.#set(
        out,
        this.define(dtype, shape, (c) => array.load(at.at(c)), name),
      );
      this.#touch(ref, "read");
      return;
    }
    const held = this.declare(dtype, shape, name);
    this.variable(held);
    this.each(shape, (c) => {
      if (spare) this.lines.add(`${held.at(c)} = ${spare.at(c)};`);
      this.inside(shape, c, () => this.lines.add(`${held.at(c)} = ${array.load(at.at(c))};`), on ? on.at(c) : "");
    });
    this.#touch(ref, "read");
    this.#set(out, held);
  }
  /** A scalar that is read only where it may be. */
  masked(test: string, text: string, dtype: DType, other: string | null): string {
    const name = this.fresh();
    this.lines.add(`var ${name} = ${other ?? `${registerType(dtype)}()`};`);
    this.lines.add(`if (${test}) { ${name} = ${text}; }`);
    return name;
  }
  #atomic(s: TileStmt & { readonly kind: "atomic" | "atomic_cas" }): void {
    this.#order(s.ref, "write");
    const array = this.setting.array(s.ref);
    const { shape, dtype } = s.out;
    const [index, value] = [this.held(s.index), this.held(s.value)];
    const compare = s.kind === "atomic_cas" ? this.held(s.compare) : null;
    const mask = s.mask && this.held(s.mask);
    const name = this.fresh(s.out.name);
    const held = this.declare(dtype, shape, name);
    this.close();
    this.variable(held);
    this.#perElement(
      shape,
      (c) => {
        const { library } = this.setting.arithmetic;
        const text =
          s.kind === "atomic"
            ? atomicText(library, array, s.op, index.at(c), value.at(c))
            : atomicCasText(library, array, index.at(c), compare?.at(c) ?? "", value.at(c));
        this.lines.add(`${held.at(c)} = ${text};`);
      },
      mask,
    );
    if (shape.length > 0 || this.lanes === 1) {
      this.#set(s.out, held);
      return;
    }
    const shared = this.#exchange.shared(name, dtype);
    this.#set(s.out, { dtype, shape, at: () => shared, anywhere: () => shared });
  }

  /** Invocations of one program wait before they read what another one wrote, or write what another one read. */
  #order(ref: TileRef, use: "read" | "write"): void {
    const open = this.#open;
    if (open && (open.written.has(ref) || (use === "write" && open.read.has(ref)))) this.close();
    if (this.lanes > 1 && (this.#written.has(ref) || (use === "write" && this.#read.has(ref)))) this.#wait();
    (use === "read" ? this.#read : this.#written).add(ref);
  }
  /** Notes that the open loop uses the ref. */
  #touch(ref: TileRef, use: "read" | "write"): void {
    (use === "read" ? this.#open?.read : this.#open?.written)?.add(ref);
  }
  #wait(): void {
    this.close();
    this.#exchange.barrier();
    this.#read.clear();
    this.#written.clear();
  }
  #nested(body: readonly TileStmt[], repeated: boolean, write = (): void => this.run(body)): void {
    const { read, written } = tileAccesses(body);
    // the next iteration uses what this one wrote
    if (this.lanes > 1 && repeated && written.size > 0) {
      this.close();
      this.#exchange.barrier();
    }
    write();
    for (const r of read) this.#read.add(r);
    for (const r of written) this.#written.add(r);
  }
}

const ZERO: Cursor = { slot: "0", element: "0" };
