/** A readable way to write arithmetic on loop expressions: values with methods; JavaScript numbers become constants. */
import type { DType } from "../../../ir/dtype.js";
import type { LoopExpr } from "../../../ir/loop.js";
import type { ElementwisePrim } from "../../../ir/tile.js";

/** What a method takes beside a value: a constant of the value's own type. */
export type Operand = Value | number | bigint;

const BITS = { f32: "i32", f64: "i64" } as const;

/**
 * A loop expression of one type and number of lanes. A value that is used twice is the same object twice, and code
 * generation computes equal objects once.
 */
export class Value {
  constructor(readonly expr: LoopExpr) {}

  get dtype(): DType {
    return this.expr.dtype;
  }
  get lanes(): number {
    return this.expr.lanes;
  }
  /** A constant of another type with this value's lanes. */
  constant(value: number | bigint | boolean, dtype: DType = this.dtype): Value {
    return new Value({ kind: "const", dtype, lanes: this.lanes, value });
  }
  #value(x: Operand): Value {
    if (x instanceof Value) return x;
    const wide = this.dtype === "i64" || this.dtype === "u64";
    return this.constant(wide ? BigInt(x) : Number(x));
  }
  #op(prim: ElementwisePrim, args: readonly Value[], dtype: DType = this.dtype, params: object = {}): Value {
    const { lanes } = this;
    return new Value({ kind: "op", prim, dtype, lanes, args: args.map((a) => a.expr), params });
  }
  #binary(prim: ElementwisePrim, x: Operand, dtype?: DType): Value {
    return this.#op(prim, [this, this.#value(x)], dtype);
  }

  add(x: Operand): Value {
    return this.#binary("add", x);
  }
  sub(x: Operand): Value {
    return this.#binary("sub", x);
  }
  /** x - this. */
  rsub(x: Operand): Value {
    return this.#value(x).sub(this);
  }
  mul(x: Operand): Value {
    return this.#binary("mul", x);
  }
  div(x: Operand): Value {
    return this.#binary("div", x);
  }
  /** x / this. */
  rdiv(x: Operand): Value {
    return this.#value(x).div(this);
  }
  rem(x: Operand): Value {
    return this.#binary("rem", x);
  }
  max(x: Operand): Value {
    return this.#binary("max", x);
  }
  min(x: Operand): Value {
    return this.#binary("min", x);
  }
  neg(): Value {
    return this.#op("neg", [this]);
  }
  abs(): Value {
    return this.#op("abs", [this]);
  }
  floor(): Value {
    return this.#op("floor", [this]);
  }
  /** To the nearest integer, ties to even. */
  round(): Value {
    return this.#op("round", [this], this.dtype, { method: "even" });
  }
  sqrt(): Value {
    return this.#op("sqrt", [this]);
  }
  square(): Value {
    return this.mul(this);
  }
  /** this·x + y with one or two roundings: for polynomials, never where the exact rounding matters. */
  fma(x: Operand, y: Operand): Value {
    const { dtype, lanes } = this;
    return new Value({ kind: "fma", dtype, lanes, args: [this.expr, this.#value(x).expr, this.#value(y).expr] });
  }

  and(x: Operand): Value {
    return this.#binary("and", x);
  }
  or(x: Operand): Value {
    return this.#binary("or", x);
  }
  xor(x: Operand): Value {
    return this.#binary("xor", x);
  }
  not(): Value {
    return this.#op("not", [this]);
  }
  #shift(prim: ElementwisePrim, by: number): Value {
    const wide = this.dtype === "i64" || this.dtype === "u64";
    const amount: LoopExpr = { kind: "const", dtype: this.dtype, lanes: 1, value: wide ? BigInt(by) : by };
    return this.#op(prim, [this, new Value(amount)]);
  }
  /** By a constant number of bits. */
  shl(by: number): Value {
    return this.#shift("shift_left", by);
  }
  shr(by: number): Value {
    return this.#shift("shift_right_logical", by);
  }
  sar(by: number): Value {
    return this.#shift("shift_right_arithmetic", by);
  }
  /** By a number of bits that is computed; scalars only. */
  shlBy(by: Value): Value {
    return this.#op("shift_left", [this, by]);
  }
  shrBy(by: Value): Value {
    return this.#op("shift_right_logical", [this, by]);
  }

  eq(x: Operand): Value {
    return this.#binary("eq", x, "bool");
  }
  ne(x: Operand): Value {
    return this.#binary("ne", x, "bool");
  }
  lt(x: Operand): Value {
    return this.#binary("lt", x, "bool");
  }
  le(x: Operand): Value {
    return this.#binary("le", x, "bool");
  }
  gt(x: Operand): Value {
    return this.#binary("gt", x, "bool");
  }
  ge(x: Operand): Value {
    return this.#binary("ge", x, "bool");
  }
  /** Whether any lane of a mask is set. */
  any(): Value {
    return new Value({ kind: "reduce_lanes", dtype: "bool", lanes: 1, op: "or", arg: this.expr });
  }
  isNaN(): Value {
    return this.ne(this);
  }
  /** This bool chooses; one of the two is a value. */
  select(yes: Operand, no: Operand): Value {
    const like = yes instanceof Value ? yes : no instanceof Value ? no : undefined;
    if (!like) throw new TypeError("select between two plain numbers has no type");
    const [a, b] = [yes, no].map((x) => (x instanceof Value ? x : like.#value(x)));
    return new Value({
      kind: "op",
      prim: "select",
      dtype: like.dtype,
      lanes: like.lanes,
      args: [this.expr, a.expr, b.expr],
      params: {},
    });
  }

  to(dtype: DType): Value {
    return dtype === this.dtype ? this : this.#op("convert_element_type", [this], dtype, { dtype });
  }
  bitcast(dtype: DType): Value {
    return dtype === this.dtype ? this : this.#op("bitcast_convert_type", [this], dtype, { dtype });
  }
  /** The bits of a float as a signed integer of its size. */
  bits(): Value {
    return this.bitcast(this.dtype === "f64" ? BITS.f64 : BITS.f32);
  }
  /** The float with these bits. */
  float(): Value {
    return this.bitcast(this.dtype === "i64" || this.dtype === "u64" ? "f64" : "f32");
  }
  /** This magnitude (≥ 0) with the sign of x. */
  withSignOf(x: Value): Value {
    const signBit = this.dtype === "f64" ? -(2n ** 63n) : -(2 ** 31);
    return this.bits().or(x.bits().and(signBit)).float();
  }
  /** Whether the sign bit is set (also of -0). */
  signBit(): Value {
    return this.bits().lt(0);
  }
  /** f of this and other f32 values computed in f64. */
  withDouble(more: readonly Value[], f: (xs: readonly Value[]) => Value): Value {
    return inDouble([this, ...more], f);
  }
}

/** f of f32 values computed in f64; four lanes are done as two pairs and joined. */
export function inDouble(xs: readonly Value[], f: (xs: readonly Value[]) => Value): Value {
  return inDoubleMany(xs, (ys) => [f(ys)])[0];
}
export function inDoubleMany(xs: readonly Value[], f: (xs: readonly Value[]) => readonly Value[]): Value[] {
  const half = (high: boolean) =>
    f(xs.map((x) => new Value({ kind: "widen", dtype: "f64", lanes: 2, arg: x.expr, high })));
  if (xs[0].lanes === 1) return f(xs.map((x) => x.to("f64"))).map((y) => y.to("f32"));
  const [low, high] = [half(false), half(true)];
  return low.map((l, i) => new Value({ kind: "narrow", dtype: "f32", lanes: 4, low: l.expr, high: high[i].expr }));
}

/** c[0] + c[1]·x + c[2]·x² + …, by Horner's rule. */
export function polynomial(x: Value, coefficients: readonly number[]): Value {
  const last = coefficients.length - 1;
  let sum = x.constant(coefficients[last]);
  for (let i = last - 1; i >= 0; i--) sum = sum.fma(x, coefficients[i]);
  return sum;
}
