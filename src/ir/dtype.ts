/** Element types, their sizes, and JAX's promotion lattice with one weak kind for JavaScript numbers. */

export const DTYPES = [
  "bool", "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "f16", "bf16", "f32", "f64", "key",
] as const; // biome-ignore format: one line reads as the table it is

/** An element type. `key` is an opaque PRNG key (two u32 words). */
export type DType = (typeof DTYPES)[number];

const BYTES: Record<DType, number> = {
  bool: 1, i8: 1, u8: 1, i16: 2, u16: 2, i32: 4, u32: 4, i64: 8, u64: 8, f16: 2, bf16: 2, f32: 4, f64: 8, key: 8,
}; // biome-ignore format: a table

/** Bytes of one element as stored in memory. */
export function byteSize(dtype: DType): number {
  return BYTES[dtype];
}

export function bitWidth(dtype: DType): number {
  return dtype === "bool" ? 1 : BYTES[dtype] * 8;
}

export function isDType(text: unknown): text is DType {
  return typeof text === "string" && Object.hasOwn(BYTES, text);
}
export function isFloat(d: DType): boolean {
  return d === "f16" || d === "bf16" || d === "f32" || d === "f64";
}
export function isSignedInt(d: DType): boolean {
  return d === "i8" || d === "i16" || d === "i32" || d === "i64";
}
export function isUnsignedInt(d: DType): boolean {
  return d === "u8" || d === "u16" || d === "u32" || d === "u64";
}
export function isInt(d: DType): boolean {
  return isSignedInt(d) || isUnsignedInt(d);
}
/** Bits of a float's significand, the leading one included: whole numbers of that many bits are exact. */
export function significandBits(d: DType): number {
  return d === "f16" ? 11 : d === "bf16" ? 8 : d === "f32" ? 24 : 53;
}
/** Held as bigint on the JavaScript side. */
export function isWide(d: DType): boolean {
  return d === "i64" || d === "u64";
}

/** The largest and smallest finite values of an integer or floating type (bigint for i64 and u64). */
export function limits(d: DType): { min: number | bigint; max: number | bigint } {
  switch (d) {
    case "bool":
      return { min: 0, max: 1 };
    case "i64":
      return { min: -(2n ** 63n), max: 2n ** 63n - 1n };
    case "u64":
      return { min: 0n, max: 2n ** 64n - 1n };
    case "f16":
      return { min: -65504, max: 65504 };
    case "bf16":
      return { min: -3.3895313892515355e38, max: 3.3895313892515355e38 };
    case "f32":
      return { min: -3.4028234663852886e38, max: 3.4028234663852886e38 };
    case "f64":
      return { min: -Number.MAX_VALUE, max: Number.MAX_VALUE };
    case "key":
      return { min: 0, max: 0 };
    default: {
      const bits = BYTES[d] * 8;
      return isSignedInt(d) ? { min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 } : { min: 0, max: 2 ** bits - 1 };
    }
  }
}

/** Each type's direct successors in JAX's promotion lattice (strong types). */
const ABOVE: Record<DType, readonly DType[]> = {
  bool: ["i8", "u8"],
  u8: ["i16", "u16"],
  i8: ["i16"],
  u16: ["i32", "u32"],
  i16: ["i32"],
  u32: ["i64", "u64"],
  i32: ["i64"],
  i64: ["f16", "bf16"],
  u64: ["f16", "bf16"],
  f16: ["f32"],
  bf16: ["f32"],
  f32: ["f64"],
  f64: [],
  key: [],
};

const upperSets = new Map<DType, ReadonlySet<DType>>();
function upperSet(d: DType): ReadonlySet<DType> {
  let set = upperSets.get(d);
  if (!set) {
    const all = new Set<DType>([d]);
    for (const above of ABOVE[d]) for (const x of upperSet(above)) all.add(x);
    set = all;
    upperSets.set(d, set);
  }
  return set;
}

export interface WeakDType {
  readonly dtype: DType;
  /** Came from a JavaScript number: yields to the other side's type where that keeps its kind. */
  readonly weak?: boolean | undefined;
}

/**
 * The type in which two operands meet: the least upper bound of the lattice. A weak float beside an integer type gives
 * f32; a weak number beside a float type takes that type. i64 or u64 with each other meet in f32 as JAX's `float*` does.
 */
export function promoteTypes(a: WeakDType, b: WeakDType): WeakDType {
  if (a.weak && b.weak) return a.dtype === b.dtype ? a : { dtype: strongJoin(a.dtype, b.dtype), weak: true };
  if (a.weak !== b.weak && a.dtype !== "key" && b.dtype !== "key") {
    const [weak, strong] = a.weak ? [a, b] : [b, a];
    if (weak.dtype === "bool") return { dtype: strong.dtype };
    if (isInt(weak.dtype)) return { dtype: strong.dtype === "bool" ? weak.dtype : strong.dtype };
    if (isFloat(weak.dtype)) return isFloat(strong.dtype) ? { dtype: strong.dtype } : { dtype: "f32", weak: true };
  }
  return { dtype: strongJoin(a.dtype, b.dtype) };
}

function strongJoin(a: DType, b: DType): DType {
  if (a === b) return a;
  if (isWide(a) && b === (a === "i64" ? "u64" : "i64")) return "f32";
  const ua = upperSet(a);
  const common = [...upperSet(b)].filter((d) => ua.has(d));
  const least = common.find((d) => common.every((e) => upperSet(d).has(e)));
  // signed and unsigned 64-bit, and i32/u64 style pairs, have no integer above them: JAX's float* is f32
  return least ?? "f32";
}

export type TypedArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

interface TypedArrayConstructor {
  new (length: number): TypedArray;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray;
  readonly BYTES_PER_ELEMENT: number;
}

/** The typed array that views a buffer of this type as stored (f16, bf16 as their bits; bool as 0/1 bytes; key as u32 pairs: 2 words an element). */
export const STORAGE: Record<DType, TypedArrayConstructor> = {
  bool: Uint8Array,
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
  f16: Uint16Array,
  bf16: Uint16Array,
  f32: Float32Array,
  f64: Float64Array,
  key: BigUint64Array,
};

const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);

/** Bits of the nearest bf16 (ties to even). */
export function toBf16Bits(x: number): number {
  f32[0] = x;
  const bits = u32[0];
  if (Number.isNaN(x)) return (bits >>> 16) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}
export function fromBf16Bits(bits: number): number {
  u32[0] = bits << 16;
  return f32[0];
}

/** Bits of the nearest f16 (ties to even), from a double without double rounding. */
export function toF16Bits(x: number): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const a = Math.abs(x);
  if (Number.isNaN(x)) return 0x7e00;
  if (a >= 65520) return sign | 0x7c00;
  if (a < 2 ** -14) return sign | roundHalfEven(a * 2 ** 24);
  const e = Math.floor(Math.log2(a));
  const exponent = a < 2 ** e ? e - 1 : a >= 2 ** (e + 1) ? e + 1 : e;
  const mantissa = roundHalfEven((a / 2 ** exponent - 1) * 1024);
  return sign | (((exponent + 15) << 10) + mantissa);
}
export function fromF16Bits(h: number): number {
  const sign = h & 0x8000 ? -1 : 1;
  const e = (h >> 10) & 31;
  const m = h & 1023;
  if (e === 0) return sign * m * 2 ** -24;
  if (e === 31) return m ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + m / 1024) * 2 ** (e - 15);
}
function roundHalfEven(x: number): number {
  const r = Math.round(x);
  return Math.abs(x % 1) === 0.5 && r % 2 !== 0 ? r - 1 : r;
}

/** Rounds or wraps a JavaScript number (or bigint) to what an element of this type can hold. */
export function castScalar(value: number | bigint | boolean, dtype: DType): number | bigint | boolean {
  switch (dtype) {
    case "bool":
      return Boolean(value);
    case "i64":
      return BigInt.asIntN(64, toBig(value));
    case "u64":
      return typeof value === "number" ? saturateU64(value) : BigInt.asUintN(64, toBig(value));
    case "f64":
      return Number(value);
    case "f32":
      return Math.fround(Number(value));
    case "f16":
      return fromF16Bits(toF16Bits(Number(value)));
    case "bf16":
      return fromBf16Bits(toBf16Bits(Number(value)));
    case "key":
      return value;
    default: {
      // float → int saturates and NaN → 0, as XLA and Wasm's trunc_sat do; int → int wraps
      const { min, max } = limits(dtype) as { min: number; max: number };
      if (typeof value === "bigint") {
        return Number(
          isSignedInt(dtype) ? BigInt.asIntN(bitWidth(dtype), value) : BigInt.asUintN(bitWidth(dtype), value),
        );
      }
      const n = Math.trunc(Number(value));
      if (Number.isNaN(n)) return 0;
      return Math.min(Math.max(n, min), max) + 0;
    }
  }
}
function saturateU64(x: number): bigint {
  if (!(x >= 1)) return 0n;
  return x >= 2 ** 64 ? 2n ** 64n - 1n : BigInt(Math.trunc(x));
}
function toBig(value: number | bigint | boolean): bigint {
  if (typeof value === "bigint") return value;
  const n = Math.trunc(Number(value));
  if (Number.isNaN(n)) return 0n;
  if (n >= 2 ** 63) return 2n ** 63n - 1n;
  if (n < -(2 ** 63)) return -(2n ** 63n);
  return BigInt(n);
}
