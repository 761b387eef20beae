/** Keys: made from seeds, split, folded. A key is a value: drawing from it changes nothing, and the same key gives the same numbers. */
import type { TensorLike } from "../lax/operand.js";
import type { Like, Num } from "../tracer/num.js";
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import { isInt, isWide } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import { astype, isTensor } from "../lax/operand.js";
import { bind1, fromElements, isTracing, scalar } from "../tracer/frame.js";
import { describeValue } from "../tracer/leaf.js";
import type { Tensor } from "../tracer/tensor.js";
import { type ShapeLike, shapeOf } from "./parameters.js";
import { Source, sampler, wordsOf } from "./source.js";
import { PARTITIONABLE, threefry, type Words } from "./threefry.js";

export interface KeyOptions {
  /** Only "threefry2x32" is there. For JAX's older order of counters use the functions of `random.legacy`. */
  impl?: string;
}

function checkImpl(what: string, options: KeyOptions): void {
  if (options.impl === undefined || options.impl === "threefry2x32") return;
  fail("TW2011", `random.${what}: there is no implementation ${JSON.stringify(options.impl)}`, {
    help: options.impl.includes("legacy")
      ? "keys are the same in both orders of counters: draw with random.legacy.normal and so on"
      : 'use "threefry2x32"',
  });
}

const MASK = 0xffffffffn;

/** Words of a seed: 32 bits fill the second word, more than 32 go into both. */
function seedWords(what: string, seed: number | bigint): [high: number, low: number] {
  if (typeof seed !== "bigint" && !Number.isSafeInteger(seed)) {
    const named = typeof seed === "number" ? `the seed ${seed} is not` : `the seed is ${describeValue(seed)}, not`;
    fail("TW2011", `random.${what}: ${named} a whole number`, {
      help: "use an integer, or a bigint of up to 64 bits",
    });
  }
  const s = BigInt(seed);
  if (s < -(2n ** 63n) || s >= 2n ** 64n)
    fail("TW2011", `random.${what}: the seed ${s} has more than 64 bits`, { help: "use a smaller seed" });
  const fits32 = s >= -(2n ** 31n) && s < 2n ** 32n;
  return [fits32 ? 0 : Number((s >> 32n) & MASK), Number(s & MASK)];
}

function tracedSeed(what: string, seed: Tensor): Words {
  if (seed.ndim !== 0 || !isInt(seed.aval.dtype)) {
    fail("TW2005", `random.${what}: the seed must be an integer scalar, not ${printAval(seed.aval)}`, {
      help: "use vmap to make several keys",
    });
  }
  const high = isWide(seed.aval.dtype)
    ? astype(lax.shiftRightLogical(astype(seed, "u64"), 32n), "u32")
    : scalar(0, "u32");
  return { k0: high, k1: astype(seed, "u32") };
}

function makeKey(what: string, seed: number | bigint | Tensor, raw: boolean): Tensor {
  if (isTensor(seed)) return new Source(PARTITIONABLE, tracedSeed(what, seed), raw).toKey();
  const [high, low] = seedWords(what, seed);
  if (isTracing()) {
    return new Source(PARTITIONABLE, { k0: scalar(high, "u32"), k1: scalar(low, "u32") }, raw).toKey();
  }
  if (raw) return fromElements(Uint32Array.of(high, low), [2], "u32");
  return fromElements(BigUint64Array.of(BigInt(high) | (BigInt(low) << 32n)), [], "key");
}

/**
 * A key from a seed: an integer of up to 32 bits gives the same key as JAX; more bits (also a bigint) as JAX with 64-bit types.
 *
 * @example const key = random.key(0); const x = random.normal(key, [3]);
 */
export function key(seed: number | bigint | Tensor, options: KeyOptions = {}): Tensor {
  checkImpl("key", options);
  return makeKey("key", seed, false);
}
/** A key as two u32 words, JAX's older form. All functions take both forms and give back keys of the form they got. */
export function PRNGKey(seed: number | bigint | Tensor, options: KeyOptions = {}): Tensor {
  checkImpl("PRNGKey", options);
  return makeKey("PRNGKey", seed, true);
}
/** The words of keys: u32 with a last axis of 2. */
export function keyData<X extends TensorLike>(keys: X): Like<X>;
export function keyData(keys: Tensor): Tensor {
  const { words } = wordsOf("keyData", keys);
  return new Source(PARTITIONABLE, words, true).toKey();
}
/** Keys from their words. */
export function wrapKeyData<X extends TensorLike>(words: X, options?: KeyOptions): Like<X>;
export function wrapKeyData(words: Tensor, options: KeyOptions = {}): Tensor {
  checkImpl("wrapKeyData", options);
  return bind1("random_wrap", [words], {});
}
/** The name of the generator that keys belong to. */
export function keyImpl(keys: Tensor): string {
  wordsOf("keyImpl", keys);
  return PARTITIONABLE.name;
}
/** The same key, for programs that mark where one is used on purpose again. */
export function clone<X extends TensorLike>(key: X): Like<X>;
export function clone(key: Tensor): Tensor {
  wordsOf("clone", key);
  return key;
}

type Count = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15 | 16;
type TupleOf<N extends number, T extends readonly unknown[] = []> = T["length"] extends N
  ? T
  : TupleOf<N, [...T, Tensor]>;
type Elements<N extends number> = { readonly [K in keyof TupleOf<N> as K extends `${number}` ? K : never]: Tensor };
/** Up to so many keys are also properties: `keys[1]`. */
const MOST_PROPERTIES = 16;

/**
 * Keys of one axis that can be taken apart: `const [a, b] = random.split(key)`. Where `N`, how many there are, is a literal
 * up to 16, each is a property too, so that none of them may be undefined to tsc.
 */
export type Keys<N extends number = number> = Tensor & Iterable<Tensor> & (N extends Count ? Elements<N> : unknown);

/** The same in staged code, for a key that is a `Num`. */
export type KeyNums<N extends number = number> = Num<[N], "key"> &
  Iterable<Num<[], "key">> &
  (N extends Count
    ? { readonly [K in keyof TupleOf<N> as K extends `${number}` ? K : never]: Num<[], "key"> }
    : unknown);

/** `random.split`. */
export interface Split {
  <N extends number = 2>(key: Num<[], "key">, num?: N): KeyNums<N>;
  <N extends number = 2>(key: Tensor, num?: N): Keys<N>;
  (key: Tensor, shape: ShapeLike): Keys;
  /** Under JAX's older order of counters. */
  readonly legacy: Split;
}

function iterable(keys: Tensor): Keys {
  const count = keys.shape[0];
  const rest = keys.shape.slice(1);
  const element = (i: number): Tensor => lax.reshape(lax.sliceInDim(keys, i, i + 1), rest);
  Object.defineProperty(keys, Symbol.iterator, {
    *value(): Generator<Tensor> {
      for (let i = 0; i < count; i++) yield element(i);
    },
    configurable: true,
  });
  for (let i = 0; i < Math.min(count, MOST_PROPERTIES); i++) {
    Object.defineProperty(keys, i, { get: () => element(i), configurable: true });
  }
  return keys as Keys;
}

/**
 * New keys from one, which should not be used again: `num` many, or an array of them of a shape.
 *
 * @example const [key2, sub] = random.split(key); const many = random.split(key, 10);
 */
export const split = sampler(
  "split",
  (source, num: ShapeLike = 2): Tensor => source.splitTo(shapeOf("split", num)).toKey(),
  iterable,
) as Split;

/** A new key from a key and a number: for the i-th step of a loop, say. */
export const foldIn = sampler("foldIn", (source, data: number | bigint | Tensor): Tensor => {
  if (isTensor(data) && (data.ndim !== 0 || !isInt(data.aval.dtype))) {
    fail("TW2005", `random.foldIn: the data must be an integer scalar, not ${printAval(data.aval)}`, {
      help: "use vmap to fold in several numbers",
    });
  }
  if (!isTensor(data) && typeof data !== "bigint" && !Number.isInteger(data)) {
    const named = typeof data === "number" ? `${data} is not` : `the data is ${describeValue(data)}, not`;
    fail("TW2011", `random.foldIn: ${named} a whole number`, { help: "fold in an integer" });
  }
  const low = isTensor(data) ? astype(data, "u32") : scalar(Number(BigInt(data) & MASK), "u32");
  const [k0, k1] = threefry(source.words, scalar(0, "u32"), low);
  return new Source(source.engine, { k0, k1 }, source.raw).toKey();
});
