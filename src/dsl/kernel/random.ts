/**
 * Random numbers of kernels: Philox-4x32-10 (Salmon et al. 2011) of a seed and a block of offsets. An element depends on nothing but its
 * seed and its offset, so programs and gradients make the same numbers again. The counter is (offset, 0, 0, 0), the key the seed's 64 bits.
 */
import { fail } from "../../diagnostics/error.js";
import { printAval } from "../../ir/aval.js";
import { isInt } from "../../ir/dtype.js";
import { broadcastTo } from "../../lax/operand.js";
import * as np from "../../numpy/index.js";
import { convertTo } from "../../tracer/control.js";
import { bind, scalar } from "../../tracer/frame.js";
import { describeValue } from "../../tracer/leaf.js";
import { isTensor, type Tensor } from "../../tracer/tensor.js";
import { toInteger } from "../interpret/values.js";
import type { Block } from "./types.js";
import { asBlock } from "./values.js";

type Four = [Block, Block, Block, Block];
type Words = [Tensor, Tensor, Tensor, Tensor];

function integers(what: string, called: string, x: unknown): Tensor {
  if (typeof x === "number" && Number.isInteger(x)) return scalar(x >>> 0, "u32");
  if (isTensor(x)) {
    const t = toInteger(x);
    if (isInt(t.aval.dtype)) return t;
    return fail("TW8003", `${what}: ${called} is ${printAval(t.aval)}`, { help: "give integers: arange(BLOCK)" });
  }
  return fail("TW8003", `${what}: ${called} is ${describeValue(x)}`, { help: "give a whole number or integers" });
}
/** The lower and the upper 32 bits. */
function words(what: string, called: string, x: unknown): readonly [Tensor, Tensor] {
  if (typeof x === "number" && Number.isInteger(x)) {
    return [scalar(x >>> 0, "u32"), scalar(Math.floor(x / 2 ** 32) >>> 0, "u32")];
  }
  const t = integers(what, called, x);
  const zero = np.zerosLike(t, { dtype: "u32" });
  if (t.aval.dtype !== "i64" && t.aval.dtype !== "u64") return [convertTo(t, "u32"), zero];
  return [convertTo(t, "u32"), convertTo(np.rightShift(convertTo(t, "u64"), 32), "u32")];
}

function hash(counter: readonly Block[], key: readonly Block[]): Words {
  if (counter.length !== 4 || key.length !== 2)
    fail("TW8003", "philox: takes four words of a counter and two of a key", {
      help: "philox([c0, c1, c2, c3], [k0, k1])",
    });
  return meet([...counter, ...key].map((x, i) => convertTo(integers("philox", `word ${i}`, x), "u32")));
}
function meet(all: readonly Tensor[]): Words {
  const shape = np.broadcastShapes(...all.map((t) => t.shape));
  return [
    ...bind(
      "philox4x32",
      all.map((t) => broadcastTo("philox", t, shape)),
      {},
    ),
  ] as Words;
}
function bits(what: string, seed: unknown, offsets: unknown): Words {
  const [low, high] = words(what, "the offsets", offsets);
  const zero = scalar(0, "u32");
  return meet([low, high, zero, zero, ...words(what, "the seed", seed)]);
}
const four = (x: Words): Four => x.map(asBlock) as Four;

/** The hash itself: four words of a counter under two of a key; u32 blocks, which meet by NumPy's rules. */
export function philox(counter: readonly Block[], key: readonly Block[]): Four {
  return four(hash(counter, key));
}
/** Four independent blocks of 32 random bits, u32. */
export function randint4x(seed: Block, offsets: Block): Four {
  return four(bits("randint4x", seed, offsets));
}
/** A block of 32 random bits, u32: one for each offset. */
export function randint(seed: Block, offsets: Block): Block {
  return asBlock(bits("randint", seed, offsets)[0]);
}

/**
 * Uniform in [0, 1): bits as a signed number, of which what is negative is mirrored, times a little less than 2^-31, so that what is
 * rounded up to 2^31 stays below 1. The same numbers as Triton's.
 */
function uniform(word: Tensor): Tensor {
  const signed = bind("bitcast_convert_type", [word], { dtype: "i32" })[0];
  const mirrored = np.where(np.less(signed, 0), np.bitwiseInvert(signed), signed);
  return np.multiply(convertTo(mirrored, "f32"), 4.6566127342e-10);
}
/** f32, uniform in [0, 1). */
export function rand(seed: Block, offsets: Block): Block {
  return asBlock(uniform(bits("rand", seed, offsets)[0]));
}
/** Four independent blocks of `rand`. */
export function rand4x(seed: Block, offsets: Block): Four {
  return four(bits("rand4x", seed, offsets).map(uniform) as Words);
}
/** f32, standard normal (Box and Muller 1958). */
export function randn(seed: Block, offsets: Block): Block {
  const [a, b] = bits("randn", seed, offsets).map(uniform);
  const radius = np.sqrt(np.multiply(np.log(np.maximum(a, 1e-7)), -2));
  return asBlock(np.multiply(radius, np.cos(np.multiply(b, 2 * Math.PI))));
}
