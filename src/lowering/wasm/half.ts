/**
 * f16 and bf16 in registers are f32 values that are representable in the narrow type. Here they are rounded (to nearest
 * even, subnormals and infinities included) and turned into their 16 bits and back, in scalars or in four lanes.
 */
import type { Code } from "./assembler.js";
import type { PlainOp, ValueType } from "./opcodes.js";

type IntOp = "add" | "sub" | "and" | "or" | "shl" | "shr_u" | "shr_s" | "lt_s" | "ge_s" | "gt_s" | "eq" | "ne";
type FloatOp = "add" | "sub" | "mul" | "eq";

/** Instructions on f32 and i32, in one lane or in four. A value stays on the stack; conditions fit `select`. */
class Word32 {
  readonly type: ValueType;
  constructor(
    readonly c: Code,
    readonly lanes: number,
  ) {
    this.type = lanes === 1 ? "i32" : "v128";
  }
  int(op: IntOp): this {
    const bitwise = op === "and" || op === "or";
    this.c.op((this.lanes === 1 ? `i32.${op}` : bitwise ? `v128.${op}` : `i32x4.${op}`) as PlainOp);
    return this;
  }
  float(op: FloatOp): this {
    this.c.op((this.lanes === 1 ? `f32.${op}` : `f32x4.${op}`) as PlainOp);
    return this;
  }
  /** An integer constant. */
  k(x: number): this {
    if (this.lanes === 1) this.c.i32(x | 0);
    else this.c.v128(new Uint8Array(new Int32Array(4).fill(x | 0).buffer));
    return this;
  }
  /** A float constant. */
  kf(x: number): this {
    if (this.lanes === 1) this.c.f32(x);
    else this.c.v128(new Uint8Array(new Float32Array(4).fill(x).buffer));
    return this;
  }
  shift(op: "shl" | "shr_u" | "shr_s", by: number): this {
    this.c.i32(by);
    return this.int(op);
  }
  bits(): this {
    if (this.lanes === 1) this.c.op("i32.reinterpret_f32");
    return this;
  }
  value(): this {
    if (this.lanes === 1) this.c.op("f32.reinterpret_i32");
    return this;
  }
  get(local: number): this {
    this.c.get(local);
    return this;
  }
  set(local: number): this {
    this.c.set(local);
    return this;
  }
  /** (yes, no, condition) */
  select(): this {
    this.c.op(this.lanes === 1 ? "select" : "v128.bitselect");
    return this;
  }
  temp(use: (local: number) => void): void {
    this.c.temp(this.type, use);
  }
}

const INFINITY = 0x7f800000;

/** The f32 on the stack rounded to f16. */
export function roundF16(c: Code, lanes: number): void {
  const w = new Word32(c, lanes);
  w.temp((b) =>
    w.temp((a) => {
      w.bits().set(b);
      w.get(b).k(0x7fffffff).int("and").set(a);
      w.k(0x7fc00000);
      // below 2^-14 the spacing of f16 is that of f32 in [0.5, 1): adding 0.5 rounds
      w.get(a).value().kf(0.5).float("add").kf(0.5).float("sub").bits();
      // above, 13 bits of the mantissa go
      w.k(INFINITY);
      w.get(a).get(a).shift("shr_u", 13).k(1).int("and").int("add").k(0xfff).int("add").k(~0x1fff).int("and");
      w.get(a)
        .k(0x477ff000 - 1)
        .int("gt_s")
        .select();
      w.get(a).k(0x38800000).int("lt_s").select();
      w.get(a).k(INFINITY).int("gt_s").select();
      w.get(b).k(0x80000000).int("and").int("or").value();
    }),
  );
}

/** The f32 on the stack rounded to bf16. */
export function roundBf16(c: Code, lanes: number): void {
  const w = new Word32(c, lanes);
  w.temp((b) => {
    w.bits().set(b);
    w.get(b).get(b).shift("shr_u", 16).k(1).int("and").int("add").k(0x7fff).int("add").k(0xffff0000).int("and");
    w.get(b).k(0x400000).int("or").k(0xffff0000).int("and");
    w.get(b).value().get(b).value().float("eq").select().value();
  });
}

/** The 16 bits (as i32) of the f16 in an f32 register. */
export function f16Bits(c: Code, lanes: number): void {
  const w = new Word32(c, lanes);
  w.temp((b) =>
    w.temp((a) => {
      w.bits().set(b);
      w.get(b).k(0x7fffffff).int("and").set(a);
      // 2^-112 moves f16's exponents (subnormals too) to where f32 has the same bits, 13 places higher
      w.get(a)
        .value()
        .kf(2 ** -112)
        .float("mul")
        .bits()
        .shift("shr_u", 13);
      w.k(0x7c00).k(0x7e00).get(a).k(INFINITY).int("eq").select();
      w.get(a).k(INFINITY).int("lt_s").select();
      w.get(b).shift("shr_u", 16).k(0x8000).int("and").int("or");
    }),
  );
}

/** The f32 value of the f16 whose 16 bits are on the stack. */
export function f16Value(c: Code, lanes: number): void {
  const w = new Word32(c, lanes);
  w.temp((h) =>
    w.temp((a) => {
      w.set(h);
      w.get(h).k(0x7fff).int("and").shift("shl", 13).set(a);
      w.get(a)
        .value()
        .kf(2 ** 112)
        .float("mul")
        .bits();
      w.get(a).k(INFINITY).int("or");
      w.get(a).k(0x0f800000).int("lt_s").select();
      w.get(h).k(0x8000).int("and").shift("shl", 16).int("or").value();
    }),
  );
}

export function bf16Bits(c: Code, lanes: number): void {
  new Word32(c, lanes).bits().shift("shr_u", 16);
}
export function bf16Value(c: Code, lanes: number): void {
  new Word32(c, lanes).shift("shl", 16).value();
}

/**
 * The f64 on the stack to f16. Through f32 with rounding to odd: an inexact f32 gets an odd last bit, so that the second
 * rounding sees on which side the f64 lay.
 */
export function f16FromF64(c: Code): void {
  c.temp("f64", (x) =>
    c.temp("i32", (r) => {
      c.tee(x).op("f32.demote_f64").op("i32.reinterpret_f32").set(r);
      // one step towards zero where demotion went away from zero, then odd
      c.get(r);
      c.get(r)
        .op("f32.reinterpret_i32")
        .op("f64.promote_f32")
        .op("f64.abs")
        .get(x)
        .op("f64.abs")
        .op("f64.gt")
        .op("i32.sub");
      c.i32(1).op("i32.or");
      c.get(r);
      c.get(r).op("f32.reinterpret_i32").op("f64.promote_f32").get(x).op("f64.ne");
      // NaN differs from itself and must stay as demotion made it
      c.get(x).get(x).op("f64.eq").op("i32.and");
      c.op("select").op("f32.reinterpret_i32");
    }),
  );
  roundF16(c, 1);
}
