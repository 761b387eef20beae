/**
 * One program per workgroup: elements move between invocations through memory that they share, in rounds where a block is larger than it.
 * Control flow around this is the same for all invocations: scalars are.
 */
import { internal } from "../../diagnostics/error.js";
import type { DType } from "../../ir/dtype.js";
import { identityOf } from "../../ir/reduce-op.js";
import type { TileReduceOp } from "../../ir/tile.js";
import type { Body } from "./body.js";
import { type Cursor, coordinate, divide, elements, type Held, plus, rowMajor, times } from "./held.js";
import { sortsBefore } from "./private.js";
import type { Exchange } from "./setting.js";
import { fromWord, registerType, toWord } from "./types.js";

export class WorkgroupExchange implements Exchange {
  /** Shared words that are in use. */
  words = 0;
  constructor(
    readonly body: Body,
    readonly lanes: number,
    /** Words that a workgroup may share. */
    readonly capacity: number,
  ) {}

  #need(words: number): void {
    if (words > this.capacity) internal("more shared memory than there is");
    this.words = Math.max(this.words, words);
  }
  barrier(): void {
    this.body.lines.add("storageBarrier();");
  }
  #sync(): void {
    this.body.close();
    this.body.lines.add("workgroupBarrier();");
  }
  /** Puts elements lo … lo + count of a block at `base` of the shared words. */
  #put(arg: Held, lo: string, count: number, base: number): void {
    const { body } = this;
    if (registerType(arg.dtype) === "vec2u") internal("keys are not moved between invocations");
    const whole = count >= elements(arg.shape);
    body.each(arg.shape, (c) => {
      const at = lo === "0" ? c.element : `(${c.element} - ${lo})`;
      const within = whole ? "" : `${c.element} >= ${lo} && ${c.element} < ${lo} + ${count}`;
      body.inside(
        arg.shape,
        c,
        () => body.lines.add(`words[${plus(String(base), at)}] = ${toWord(arg.at(c), arg.dtype)};`),
        within,
      );
    });
    body.close();
  }
  /** Runs `round` with the block's elements in shared memory, as many at a time as there is room for. */
  #rounds(arg: Held, round: (lo: string, count: number) => void): void {
    const { body } = this;
    const n = elements(arg.shape);
    const count = Math.min(n, this.capacity);
    this.#need(count);
    const one = (lo: string): void => {
      this.#sync();
      this.#put(arg, lo, count, 0);
      this.#sync();
      round(lo, count);
      body.close();
    };
    if (count === n) one("0");
    else {
      const lo = body.fresh("lo");
      body.lines.block(`for (var ${lo} = 0; ${lo} < ${n}; ${lo} += ${count}) {`, () => one(lo));
    }
  }

  move(arg: Held, shape: readonly number[], from: (c: Cursor) => string): Held {
    const { body } = this;
    const held = body.declare(arg.dtype, shape, body.fresh());
    body.variable(held);
    this.#rounds(arg, (lo, count) => {
      const whole = count === elements(arg.shape);
      body.each(shape, (c) =>
        body.inside(shape, c, () => {
          if (whole) {
            body.lines.add(`${held.at(c)} = ${fromWord(`words[${from(c)}]`, arg.dtype)};`);
            return;
          }
          const at = body.fresh("at");
          body.lines.add(`let ${at} = ${from(c)} - ${lo};`);
          const value = fromWord(`words[${at}]`, arg.dtype);
          body.lines.add(`if (${at} >= 0 && ${at} < ${count}) { ${held.at(c)} = ${value}; }`);
        }),
      );
    });
    return held;
  }
  scalar(arg: Held, element: string): string {
    const { body } = this;
    this.#need(1);
    this.#sync();
    body.each(arg.shape, (c) =>
      body.lines.add(`if (${c.element} == ${element}) { words[0] = ${toWord(arg.at(c), arg.dtype)}; }`),
    );
    body.close();
    return this.#first(arg.dtype);
  }
  shared(text: string, dtype: DType): string {
    const { body } = this;
    if (registerType(dtype) === "vec2u") internal("keys are not moved between invocations");
    this.#need(1);
    this.#sync();
    body.lines.add(`if (lane == 0) { words[0] = ${toWord(text, dtype)}; }`);
    return this.#first(dtype);
  }
  /** The first shared word, the same for all (with a barrier before and after). */
  #first(dtype: DType): string {
    const name = this.body.fresh();
    this.body.lines.add(`let ${name} = ${fromWord("workgroupUniformLoad(&words[0])", dtype)};`);
    return name;
  }

  reduce(op: TileReduceOp, arg: Held, axis: number): Held {
    const { shape } = arg;
    const out = shape.filter((_, i) => i !== axis);
    return elements(out) === 1 ? this.#reduceAll(op, arg, out) : this.#reduceRows(op, arg, axis, out);
  }
  /** Each invocation its own elements, then pairs of invocations. */
  #reduceAll(op: TileReduceOp, arg: Held, out: readonly number[]): Held {
    const { body, lanes } = this;
    const { dtype, shape } = arg;
    const acc = body.fresh("acc");
    body.lines.add(
      `var ${acc}: ${registerType(dtype)} = ${body.setting.arithmetic.constant(identityOf(op, dtype), dtype)};`,
    );
    body.each(shape, (c) =>
      body.inside(shape, c, () => body.lines.add(`${acc} = ${body.combine(op, dtype, acc, arg.at(c))};`)),
    );
    body.close();
    this.#need(lanes);
    this.#sync();
    body.lines.add(`words[lane] = ${toWord(acc, dtype)};`);
    const d = body.fresh("d");
    body.lines.block(`for (var ${d} = ${lanes / 2}; ${d} > 0; ${d} /= 2) {`, () => {
      this.#sync();
      const pair = body.combine(op, dtype, fromWord("words[lane]", dtype), fromWord(`words[lane + ${d}]`, dtype));
      body.lines.add(`if (lane < ${d}) { words[lane] = ${toWord(pair, dtype)}; }`);
    });
    const text = this.#first(dtype);
    return { dtype, shape: out, at: () => text, anywhere: () => text };
  }
  /** Each invocation the elements of its results, one after the other. */
  #reduceRows(op: TileReduceOp, arg: Held, axis: number, out: readonly number[]): Held {
    const { body } = this;
    const { dtype, shape } = arg;
    const inner = rowMajor(shape)[axis];
    const n = shape[axis];
    const held = body.declare(dtype, out, body.fresh());
    body.variable(held);
    const identity = body.setting.arithmetic.constant(identityOf(op, dtype), dtype);
    body.each(out, (c) => body.lines.add(`${held.at(c)} = ${identity};`));
    body.close();
    if (n === 0) return held;
    this.#rounds(arg, (lo, count) => {
      const whole = count === elements(shape);
      body.each(out, (c) =>
        body.inside(out, c, () => {
          const row = plus(times(divide(c.element, inner), n * inner), inner === 1 ? "0" : `${c.element} % ${inner}`);
          const k = body.fresh("k");
          body.lines.block(`for (var ${k} = 0; ${k} < ${n}; ${k}++) {`, () => {
            const at = plus(row, times(k, inner));
            const add = (text: string): string =>
              `${held.at(c)} = ${body.combine(op, dtype, held.at(c), fromWord(`words[${text}]`, dtype))};`;
            if (whole) body.lines.add(add(at));
            else {
              const from = body.fresh("at");
              body.lines.add(`let ${from} = ${at} - ${lo};`);
              body.lines.add(`if (${from} >= 0 && ${from} < ${count}) { ${add(from)} }`);
            }
          });
        }),
      );
    });
    return held;
  }

  /** Both sides are shared, in parts of the sum where they are large; each invocation sums its results. */
  dot(lhs: Held, rhs: Held, acc: Held | null, dtype: DType): Held {
    const { body } = this;
    const { arithmetic } = body.setting;
    const depth = lhs.shape[lhs.shape.length - 1];
    const [rows, columns] = [lhs.shape[lhs.shape.length - 2], rhs.shape[rhs.shape.length - 1]];
    const batch = elements(lhs.shape.slice(0, -2));
    const out = [...lhs.shape.slice(0, -1), columns];
    const held = body.declare(dtype, out, body.fresh());
    body.variable(held);
    body.each(out, (c) =>
      body.lines.add(`${held.at(c)} = ${acc ? acc.at(c) : arithmetic.constant(identityOf("sum", dtype), dtype)};`),
    );
    body.close();
    if (depth === 0) return held;
    const perStep = batch * (rows + columns);
    const part = Math.min(depth, Math.floor(this.capacity / perStep));
    if (part === 0) return this.#dotOfColumns(lhs, rhs, held, dtype);
    this.#need(part * perStep);
    const right = batch * rows * part;
    const share = (
      arg: Held,
      base: number,
      position: (c: Cursor) => string,
      k: (c: Cursor) => string,
      lo: string,
    ): void => {
      body.each(arg.shape, (c) =>
        body.inside(
          arg.shape,
          c,
          () => body.lines.add(`words[${plus(String(base), position(c))}] = ${toWord(arg.at(c), arg.dtype)};`),
          part === depth ? "" : `${k(c)} >= ${lo} && ${k(c)} < ${lo} + ${part}`,
        ),
      );
      body.close();
    };
    const step = (lo: string): void => {
      this.#sync();
      const less = lo === "0" ? "" : ` - ${lo}`;
      const lk = (c: Cursor): string => coordinate(c.element, [batch * rows, depth], 1);
      share(lhs, 0, (c) => plus(times(divide(c.element, depth), part), `(${lk(c)}${less})`), lk, lo);
      const rk = (c: Cursor): string => coordinate(c.element, [batch, depth, columns], 1);
      const rj = (c: Cursor): string => coordinate(c.element, [batch, depth, columns], 2);
      const rb = (c: Cursor): string => (batch === 1 ? "0" : divide(c.element, depth * columns));
      share(rhs, right, (c) => plus(times(rb(c), part * columns), `(${rk(c)}${less}) * ${columns}`, rj(c)), rk, lo);
      this.#sync();
      body.each(out, (c) =>
        body.inside(out, c, () => {
          const k = body.fresh("k");
          const b = batch === 1 ? "0" : divide(c.element, rows * columns);
          const count = part === depth || depth % part === 0 ? String(part) : `min(${part}, ${depth} - ${lo})`;
          body.lines.block(`for (var ${k} = 0; ${k} < ${count}; ${k}++) {`, () => {
            const x = `words[${plus(times(divide(c.element, columns), part), k)}]`;
            const y = `words[${plus(String(right), times(b, part * columns), times(k, columns), coordinate(c.element, [batch * rows, columns], 1))}]`;
            const [u, v] = [
              arithmetic.convert(fromWord(x, lhs.dtype), lhs.dtype, dtype),
              arithmetic.convert(fromWord(y, rhs.dtype), rhs.dtype, dtype),
            ];
            body.lines.add(`${held.at(c)} += ${u} * ${v};`);
          });
        }),
      );
      body.close();
    };
    if (part === depth) step("0");
    else {
      const lo = body.fresh("lo");
      body.lines.block(`for (var ${lo} = 0; ${lo} < ${depth}; ${lo} += ${part}) {`, () => step(lo));
    }
    if (registerType(dtype) !== "f32" || dtype === "f32") return held;
    return body.define(dtype, out, (c) => arithmetic.normalize(held.at(c), dtype));
  }

  /** One step of the sum at a time, where not even the operands of one fit at once: a column of one side, then a row of the other. */
  #dotOfColumns(lhs: Held, rhs: Held, held: Held, dtype: DType): Held {
    const { body } = this;
    const { arithmetic } = body.setting;
    const out = held.shape;
    const depth = lhs.shape[lhs.shape.length - 1];
    const columns = rhs.shape[rhs.shape.length - 1];
    const rows = lhs.shape[lhs.shape.length - 2];
    const batch = elements(lhs.shape.slice(0, -2));
    const k = body.fresh("k");
    const [x, y] = [lhs, rhs].map((side) => body.declare(side.dtype, out, body.fresh()));
    body.variable(x);
    body.variable(y);
    body.close();
    body.lines.block(`for (var ${k} = 0; ${k} < ${depth}; ${k}++) {`, () => {
      const lineOf = (c: Cursor): string => divide(c.element, depth);
      const isColumn = (c: Cursor): string => `${coordinate(c.element, [batch * rows, depth], 1)} == ${k}`;
      this.#spread(lhs, batch * rows, lineOf, isColumn, x, (c) => divide(c.element, columns));
      const places = [batch, depth, columns];
      const of = (c: Cursor): string =>
        plus(times(coordinate(c.element, places, 0), columns), coordinate(c.element, places, 2));
      const isRow = (c: Cursor): string => `${coordinate(c.element, places, 1)} == ${k}`;
      const results = [batch, rows, columns];
      this.#spread(rhs, batch * columns, of, isRow, y, (c) =>
        plus(times(coordinate(c.element, results, 0), columns), coordinate(c.element, results, 2)),
      );
      body.each(out, (c) => {
        const [u, v] = [x, y].map((side) => arithmetic.convert(side.at(c), side.dtype, dtype));
        body.lines.add(`${held.at(c)} += ${u} * ${v};`);
      });
      body.close();
    });
    if (registerType(dtype) !== "f32" || dtype === "f32") return held;
    return body.define(dtype, out, (c) => arithmetic.normalize(held.at(c), dtype));
  }
  /** `to` = what lies at `from` among the `size` elements that `chosen` picks of a block, each at its `place`. */
  #spread(
    arg: Held,
    size: number,
    place: (c: Cursor) => string,
    chosen: (c: Cursor) => string,
    to: Held,
    from: (c: Cursor) => string,
  ): void {
    const { body } = this;
    const count = Math.min(size, this.capacity);
    this.#need(count);
    const lo = body.fresh("lo");
    body.lines.block(`for (var ${lo} = 0; ${lo} < ${size}; ${lo} += ${count}) {`, () => {
      const within = (at: string): string => `${at} >= 0 && ${at} < ${count}`;
      this.#sync();
      body.each(arg.shape, (c) => {
        const at = body.fresh("at");
        body.lines.add(`let ${at} = ${place(c)} - ${lo};`);
        const put = (): void => body.lines.add(`words[${at}] = ${toWord(arg.at(c), arg.dtype)};`);
        body.inside(arg.shape, c, put, `${chosen(c)} && ${within(at)}`);
      });
      this.#sync();
      body.each(to.shape, (c) => {
        const at = body.fresh("at");
        body.lines.add(`let ${at} = ${from(c)} - ${lo};`);
        body.inside(to.shape, c, () => body.lines.add(`${to.at(c)} = ${fromWord(`words[${at}]`, arg.dtype)};`), within(at)); // biome-ignore format: one line
      });
      body.close();
    });
  }

  /** An element's place is the number of those that are sorted before it. */
  sort(args: readonly Held[], axis: number, keys: number): Held[] {
    const { body } = this;
    const { shape } = args[0];
    const n = shape[axis];
    const stride = rowMajor(shape)[axis];
    const total = elements(shape);
    const first = (c: Cursor): string => `(${c.element} - ${times(coordinate(c.element, shape, axis), stride)})`;
    const rank = body.declare("i32", shape, body.fresh("rank"));
    body.variable(rank);
    body.close();
    this.#windows(total, Math.floor(this.capacity / keys), keys, (lo, count) => {
      this.#sync();
      args.slice(0, keys).forEach((a, i) => {
        this.#put(a, lo, count, i * count);
      });
      this.#sync();
      body.each(shape, (c) =>
        body.inside(shape, c, () => {
          const own = coordinate(c.element, shape, axis);
          const j = body.fresh("j");
          body.lines.block(`for (var ${j} = 0; ${j} < ${n}; ${j}++) {`, () => {
            const at = body.fresh("at");
            body.lines.add(`let ${at} = ${plus(first(c), times(j, stride))}${lo === "0" ? "" : ` - ${lo}`};`);
            const list = args.slice(0, keys).map((a, i) => ({
              dtype: a.dtype,
              x: fromWord(`words[${plus(String(i * count), at)}]`, a.dtype),
              y: a.at(c),
            }));
            const isHere = count === total ? "" : `${at} >= 0 && ${at} < ${count}`;
            const rise = (): void =>
              body.lines.add(`if (${sortsBefore(body, list, `${j} < ${own}`)}) { ${rank.at(c)}++; }`);
            if (isHere === "") rise();
            else body.lines.block(`if (${isHere}) {`, rise);
          });
        }),
      );
      body.close();
    });
    return args.map((a) => {
      const held = body.declare(a.dtype, shape, body.fresh());
      body.variable(held);
      body.close();
      this.#windows(total, this.capacity, 1, (lo, count) => {
        const less = lo === "0" ? "" : ` - ${lo}`;
        const isHere = (at: string): string => (count === total ? "" : `${at} >= 0 && ${at} < ${count}`);
        this.#sync();
        body.each(shape, (c) => {
          const at = body.fresh("at");
          body.lines.add(`let ${at} = ${plus(first(c), times(rank.at(c), stride))}${less};`);
          const put = (): void => body.lines.add(`words[${at}] = ${toWord(a.at(c), a.dtype)};`);
          body.inside(shape, c, put, isHere(at));
        });
        this.#sync();
        body.each(shape, (c) => {
          const at = body.fresh("at");
          body.lines.add(`let ${at} = ${c.element}${less};`);
          const take = (): void => body.lines.add(`${held.at(c)} = ${fromWord(`words[${at}]`, a.dtype)};`);
          body.inside(shape, c, take, isHere(at));
        });
        body.close();
      });
      return held;
    });
  }
  /** Runs `body` for so many of `size` elements at a time as `most` allows, each of which takes `words` words. */
  #windows(size: number, most: number, words: number, body: (lo: string, count: number) => void): void {
    const count = Math.min(size, most);
    this.#need(count * words);
    if (count === size) {
      body("0", count);
      return;
    }
    const lo = this.body.fresh("lo");
    this.body.lines.block(`for (var ${lo} = 0; ${lo} < ${size}; ${lo} += ${count}) {`, () => body(lo, count));
  }
}
