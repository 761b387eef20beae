/**
 * Counter-based bits and keys from the Threefry-2x32 hash (Salmon et al. 2011), in the two orders of counters that JAX has.
 * Every function here works on any number of keys at once: words of shape K give results of shape [...K, ...shape].
 */
import { fail } from "../diagnostics/error.js";
import { type Dim, dimProduct, isStaticShape, type Shape } from "../ir/dim.js";
import * as lax from "../lax/index.js";
import { bind } from "../tracer/frame.js";
import type { Tensor } from "../tracer/tensor.js";
import { prod, range } from "../util/index.js";

/** The two u32 words of a key, or of an array of keys. */
export interface Words {
  readonly k0: Tensor;
  readonly k1: Tensor;
}
export type BitWidth = 8 | 16 | 32 | 64;
const UINT = { 8: "u8", 16: "u16", 32: "u32", 64: "u64" } as const;

/** How counters are laid out: what a stream of numbers looks like for a given key. */
export interface Engine {
  readonly name: string;
  /** New keys of shape [...K, ...shape]. */
  split(key: Words, shape: Shape): Words;
  /** Unsigned integers of shape [...K, ...shape]. */
  bits(key: Words, width: BitWidth, shape: Shape): Tensor;
}

/** The hash itself: two words for each key and counter, all u32 of one shape. */
export function threefry2x32(k0: Tensor, k1: Tensor, x0: Tensor, x1: Tensor): [Tensor, Tensor] {
  return bind("threefry2x32", [k0, k1, x0, x1], {}) as [Tensor, Tensor];
}

/** The hash of kernels' random numbers: four words for a counter of four and a key of two, all u32 of one shape. */
export function philox4x32(...words: readonly [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]): Tensor[] {
  return [...bind("philox4x32", words, {})];
}

/** The hash of every counter under every key. */
export function threefry(key: Words, c0: Tensor, c1: Tensor): [Tensor, Tensor] {
  const lead = key.k0.aval.shape;
  const own = c0.aval.shape;
  const shape = [...lead, ...own];
  const keyAxes = range(lead.length);
  const counterAxes = own.map((_, i) => i + lead.length);
  const spread = (x: Tensor, axes: readonly number[]): Tensor =>
    axes.length === shape.length ? x : lax.broadcastInDim(x, shape, axes);
  const operands = [spread(key.k0, keyAxes), spread(key.k1, keyAxes), spread(c0, counterAxes), spread(c1, counterAxes)];
  return bind("threefry2x32", operands, {}) as [Tensor, Tensor];
}

function countOf(what: string, shape: Shape): number {
  if (!isStaticShape(shape)) {
    fail("TW2014", `random: ${what} of shape [${shape.map(String).join(", ")}] need a size that is known`, {});
  }
  const n = prod(shape);
  if (n >= 2 ** 32) fail("TW2011", `random: ${n} ${what} at once`, { help: "draw fewer than 2³² at a time" });
  return n;
}
const cast = (x: Tensor, dtype: "u8" | "u16" | "u64"): Tensor => lax.convertElementType(x, dtype);
const join64 = (high: Tensor, low: Tensor): Tensor =>
  lax.bitwiseOr(lax.shiftLeft(cast(high, "u64"), 32n), cast(low, "u64"));

/** The position of each element as 64 bits, so that a part of an array can be drawn without the rest. */
function positions(shape: Shape): [high: Tensor, low: Tensor] {
  const n: Dim = dimProduct(shape);
  if (typeof n === "number") countOf("numbers", shape);
  const low = shape.length === 0 ? lax.full([], 0, "u32") : lax.reshape(lax.iota("u32", n), shape);
  return [lax.full(shape, 0, "u32"), low];
}

/** JAX's default since 2025 (`jax_threefry_partitionable=True`): element i is the hash of the 64-bit counter i. */
export const PARTITIONABLE: Engine = {
  name: "threefry2x32",
  split(key, shape) {
    const [k0, k1] = threefry(key, ...positions(shape));
    return { k0, k1 };
  },
  bits(key, width, shape) {
    const [a, b] = threefry(key, ...positions(shape));
    if (width === 64) return join64(a, b);
    const mixed = lax.bitwiseXor(a, b);
    return width === 32 ? mixed : cast(mixed, UINT[width]);
  },
};

const lastAxis = (x: Tensor): number => x.ndim - 1;
function firstOf(x: Tensor, n: number): Tensor {
  return x.shape[lastAxis(x)] === n ? x : lax.sliceInDim(x, 0, n, 1, lastAxis(x));
}

/** The hash of counters 0 … n-1, of which the first half are first words and the second half second words (padded with a 0). */
function hashHalves(key: Words, n: number): Tensor {
  const half = Math.ceil(n / 2);
  const first = lax.iota("u32", half);
  const next = lax.add(first, half);
  const second = n % 2 === 0 ? next : lax.select(lax.eq(first, half - 1), lax.full([half], 0, "u32"), next);
  const [a, b] = threefry(key, first, second);
  return firstOf(lax.concatenate([a, b], lastAxis(a)), n);
}

/** JAX's older order (`jax_threefry_partitionable=False`): bits depend on how many are drawn at once. */
export const LEGACY: Engine = {
  name: "threefry2x32, legacy",
  split(key, shape) {
    const n = countOf("keys", shape);
    const lead = key.k0.aval.shape;
    const words = lax.reshape(hashHalves(key, 2 * n), [...lead, ...shape, 2]);
    const word = (i: number): Tensor => lax.squeeze(lax.sliceInDim(words, i, i + 1, 1, lastAxis(words)), [-1]);
    return { k0: word(0), k1: word(1) };
  },
  bits(key, width, shape) {
    const size = countOf("numbers", shape);
    const lead = key.k0.aval.shape;
    const words = hashHalves(key, Math.ceil((size * width) / 32));
    const result = (x: Tensor): Tensor => lax.reshape(x, [...lead, ...shape]);
    if (width === 32) return result(words);
    const axis = lastAxis(words);
    if (width === 64) {
      return result(join64(lax.sliceInDim(words, 0, size, 1, axis), lax.sliceInDim(words, size, null, 1, axis)));
    }
    // each word holds several values, the lowest bits first
    const parts = 32 / width;
    const count = words.shape[axis];
    const spread = [...lead, count, parts];
    const all = lax.broadcastInDim(words, spread, range(words.shape.length));
    const shifts = lax.mul(lax.broadcastedIota("u32", spread, axis + 1), width);
    const values = cast(lax.shiftRightLogical(all, shifts), UINT[width]);
    return result(firstOf(lax.reshape(values, [...lead, count * parts]), size));
  },
};
