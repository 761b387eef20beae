/** One program per invocation: a block is an array of its own, and every element is at hand. */
import type { DType } from "../../ir/dtype.js";
import { identityOf } from "../../ir/reduce-op.js";
import type { TileReduceOp } from "../../ir/tile.js";
import type { Body } from "./body.js";
import { type Cursor, coordinate, divide, type Held, plus, rowMajor, times } from "./held.js";
import type { Exchange } from "./setting.js";

export class PrivateExchange implements Exchange {
  readonly lanes = 1;
  constructor(readonly body: Body) {}

  #element(arg: Held, element: string): string {
    return arg.at({ slot: element, element });
  }
  move(arg: Held, shape: readonly number[], from: (c: Cursor) => string): Held {
    return this.body.define(arg.dtype, shape, (c) => this.#element(arg, from(c)));
  }
  scalar(arg: Held, element: string): string {
    const { body } = this;
    return body.define(arg.dtype, [], () => this.#element(arg, element)).name ?? "";
  }
  shared(text: string): string {
    return text;
  }
  barrier(): void {}

  reduce(op: TileReduceOp, arg: Held, axis: number): Held {
    const { body } = this;
    const { dtype, shape } = arg;
    const out = shape.filter((_, i) => i !== axis);
    const inner = rowMajor(shape)[axis];
    const n = shape[axis];
    const name = body.fresh();
    const held = body.declare(dtype, out, name);
    body.variable(held);
    body.each(out, (c) => {
      const row = plus(times(divide(c.element, inner), n * inner), inner === 1 ? "0" : `${c.element} % ${inner}`);
      const at = (k: string): string => this.#element(arg, plus(row, times(k, inner)));
      const identity = body.setting.arithmetic.constant(identityOf(op, dtype), dtype);
      if (n === 0) {
        body.lines.add(`${held.at(c)} = ${identity};`);
        return;
      }
      body.lines.add(`${held.at(c)} = ${at("0")};`);
      if (n === 1) return;
      const k = body.fresh("k");
      body.lines.block(`for (var ${k} = 1; ${k} < ${n}; ${k}++) {`, () =>
        body.lines.add(`${held.at(c)} = ${body.combine(op, dtype, held.at(c), at(k))};`),
      );
    });
    body.close();
    return held;
  }

  dot(lhs: Held, rhs: Held, acc: Held | null, dtype: DType): Held {
    const { body } = this;
    const depth = lhs.shape[lhs.shape.length - 1];
    const [rows, columns] = [lhs.shape[lhs.shape.length - 2], rhs.shape[rhs.shape.length - 1]];
    const out = [...lhs.shape.slice(0, -1), columns];
    const held = body.declare(dtype, out, body.fresh());
    body.variable(held);
    body.each(out, (c) => {
      const row = divide(c.element, columns);
      const j = coordinate(c.element, [rows, columns], 1);
      const batch = divide(c.element, rows * columns);
      const arithmetic = body.setting.arithmetic;
      body.lines.add(`${held.at(c)} = ${acc ? acc.at(c) : arithmetic.constant(identityOf("sum", dtype), dtype)};`);
      const k = body.fresh("k");
      body.lines.block(`for (var ${k} = 0; ${k} < ${depth}; ${k}++) {`, () => {
        const a = this.#element(lhs, plus(times(row, depth), k));
        const b = this.#element(rhs, plus(times(batch, depth * columns), times(k, columns), j));
        const product = `${arithmetic.convert(a, lhs.dtype, dtype)} * ${arithmetic.convert(b, rhs.dtype, dtype)}`;
        body.lines.add(`${held.at(c)} += ${product};`);
      });
    });
    body.close();
    return held;
  }

  sort(args: readonly Held[], axis: number, keys: number): Held[] {
    const { body } = this;
    const { shape } = args[0];
    const n = shape[axis];
    const stride = rowMajor(shape)[axis];
    const outs = args.map((a) => body.declare(a.dtype, shape, body.fresh()));
    for (const o of outs) body.variable(o);
    body.each(shape, (c) => {
      const own = coordinate(c.element, shape, axis);
      const first = `(${c.element} - ${times(own, stride)})`;
      const rank = body.fresh("rank");
      body.lines.add(`var ${rank} = 0;`);
      const j = body.fresh("j");
      body.lines.block(`for (var ${j} = 0; ${j} < ${n}; ${j}++) {`, () => {
        const other = plus(first, times(j, stride));
        const before = sortsBefore(
          body,
          args.slice(0, keys).map((a) => ({ dtype: a.dtype, x: this.#element(a, other), y: a.at(c) })),
          `${j} < ${own}`,
        );
        body.lines.add(`if (${before}) { ${rank}++; }`);
      });
      const to = plus(first, times(rank, stride));
      outs.forEach((o, i) => {
        body.lines.add(`${this.#element(o, to)} = ${args[i].at(c)};`);
      });
    });
    body.close();
    return outs;
  }
}

/** Whether x is sorted before y; `first`: x stands before y where they are equal. NaN is last, -0 equals 0. */
export function sortsBefore(
  body: Body,
  keys: readonly { readonly dtype: DType; readonly x: string; readonly y: string }[],
  first: string,
): string {
  const { arithmetic } = body.setting;
  return keys.reduceRight((rest, { dtype, x, y }) => {
    const op = (prim: "lt" | "eq", a: string, b: string): string =>
      arithmetic.op(
        prim,
        "bool",
        [
          { text: a, dtype },
          { text: b, dtype },
        ],
        {},
      );
    const float = dtype === "f32" || dtype === "f16" || dtype === "bf16";
    if (!float) return `(${op("lt", x, y)} || (${op("eq", x, y)} && ${rest}))`;
    const nan = arithmetic.library.use("is_nan");
    const less = `${op("lt", x, y)} || (!${nan}(${x}) && ${nan}(${y}))`;
    const same = `${op("eq", x, y)} || (${nan}(${x}) && ${nan}(${y}))`;
    return `(${less} || ((${same}) && ${rest}))`;
  }, first);
}
