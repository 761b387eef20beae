/** Dropout (Srivastava et al. 2014): which elements stay is told by Philox from a seed and their place, so backward makes it again. */
import { fail } from "../../diagnostics/error.js";
import { printAval } from "../../ir/aval.js";
import { isInt } from "../../ir/dtype.js";
import { scalar } from "../../tracer/frame.js";
import { describeValue } from "../../tracer/leaf.js";
import { kernel } from "../../dsl/kernel/own.js";
import { reshape } from "../../lax/structure.js";
import { customVjp } from "../../tracer/custom.js";
import { isTensor, type Tensor } from "../../tracer/tensor.js";
import { arange, type constexpr, load, programId, type Ref, rand4x, store, where } from "../../dsl/kernel/index.js";
import { ceilDiv } from "./rows.js";

/** x [n], seed (a whole number): each element stays with probability KEEP, and is divided by it. Four numbers of each run of Philox. */
export const dropoutKernel = kernel(
  function dropout(x: Ref, seed: Ref, out: Ref, KEEP: constexpr, QUARTER: constexpr) {
    const lane = arange(QUARTER);
    const bits = rand4x(load(seed, []), programId(0) * QUARTER + lane);
    for (let part = 0; part < 4; part++) {
      const i = programId(0) * (4 * QUARTER) + part * QUARTER + lane;
      const mask = i < x.shape[0];
      store(out, [i], where(bits[part] < KEEP, load(x, [i], { mask }) * (1 / KEEP), 0), { mask });
    }
  },
  {
    out: (x: Tensor) => x,
    grid: (x: Tensor, _seed: Tensor, { QUARTER }: { QUARTER: number }) => ceilDiv(x.shape[0], 4 * QUARTER),
  },
);
const QUARTER = 256;

function keeping(KEEP: number) {
  const run = (x: Tensor, seed: Tensor): Tensor => dropoutKernel(x, seed, { KEEP, QUARTER });
  // linear in x, and its own transpose
  return customVjp(run).defvjp(
    (x, seed) => [run(x, seed), seed],
    (seed: Tensor, g) => [run(g, seed), null],
  );
}
const known = new Map<number, ReturnType<typeof keeping>>();

/**
 * Each element becomes 0 with probability `rate`, and is divided by 1 - rate otherwise. The same seed (a whole number, or
 * an array of one of rank 0) leaves the same elements.
 */
export function dropout(x: Tensor, seed: Tensor | number, { rate = 0.5 }: { readonly rate?: number } = {}): Tensor {
  if (!(rate >= 0 && rate < 1)) {
    return fail("TW2003", `dropout: the rate is ${rate}`, {
      help: "0 ≤ rate < 1 is the share of elements that become 0",
    });
  }
  const whole = wholeSeed(seed);
  let f = known.get(rate);
  if (!f) known.set(rate, (f = keeping(1 - rate)));
  if (x.size === 0) return x;
  return x.ndim === 1 ? f(x, whole) : reshape(f(reshape(x, [x.size]), whole), x.shape);
}

function wholeSeed(seed: Tensor | number): Tensor {
  if (typeof seed === "number" && Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32) return scalar(seed, "u32");
  if (typeof seed !== "number" && isTensor(seed) && seed.ndim === 0 && isInt(seed.aval.dtype)) return seed;
  return fail("TW2005", `dropout: the seed is ${isTensor(seed) ? printAval(seed.aval) : describeValue(seed)}`, {
    help: "give a whole number from 0 to 2 ** 32 - 1, or an array of whole numbers of rank 0",
  });
}
