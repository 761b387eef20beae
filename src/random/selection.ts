/** Random order and random choice of elements. */
import { fail } from "../diagnostics/error.js";
import { isFloat } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import { astype, canonicalAxis, isTensor } from "../lax/operand.js";
import * as np from "../numpy/index.js";
import type { Tensor } from "../tracer/tensor.js";
import { drawGumbel, requireNumber } from "./continuous.js";
import { type ShapeLike, shapeOf } from "./parameters.js";
import { type Source, sampler } from "./source.js";
import { drawInteger, drawUniform } from "./uniform.js";
import { prod } from "../util/index.js";

/**
 * Sorts by random 32-bit keys, as often as it takes to make ties improbable: the strings of successive keys of two
 * elements are then different but for a chance of about n^-3.
 */
function shuffle(source: Source, x: Tensor, axis: number): Tensor {
  const rounds = Math.ceil((3 * Math.log(Math.max(1, x.size))) / Math.log(2 ** 32 - 1));
  let rest = source;
  for (let i = 0; i < rounds; i++) {
    const [next, own] = rest.split(2);
    rest = next;
    x = lax.sort([own.bits(32, x.aval.shape), x], { axis, numKeys: 1, stable: true })[1];
  }
  return x;
}

function permute(source: Source, x: number | Tensor, axis: number, independent: boolean): Tensor {
  if (!isTensor(x)) return shuffle(source, lax.iota("i32", requireNumber("permutation", x, 0)), 0);
  if (x.ndim === 0)
    fail("TW2007", "random.permutation: a scalar array has no order", {
      help: "give a plain number n for the numbers 0 … n-1",
    });
  const a = canonicalAxis("permutation", axis, x.ndim);
  if (independent || x.ndim === 1) return shuffle(source, x, a);
  return np.take(x, shuffle(source, lax.iota("i32", x.shape[a]), 0), a, { mode: "promise" });
}

export interface PermutationOptions {
  readonly axis?: number;
  /** Each line along the axis gets an order of its own. */
  readonly independent?: boolean;
}
/**
 * An array with its elements along an axis in random order, or the numbers 0 … x-1 in random order.
 *
 * @example random.permutation(key, 10)
 */
export const permutation = sampler(
  "permutation",
  (source, x: number | Tensor, axis: number | PermutationOptions = 0, independent: boolean = false): Tensor =>
    typeof axis === "number"
      ? permute(source, x, axis, independent)
      : permute(source, x, axis.axis ?? 0, axis.independent ?? independent),
);

export interface ChoiceOptions {
  /** False: no element twice. */
  readonly replace?: boolean;
  /** Probabilities of the elements; they need not sum to 1. */
  readonly p?: Tensor | null;
  readonly axis?: number;
}
/**
 * Elements of an array (or of 0 … a-1) at random.
 *
 * @example random.choice(key, 10, [3], { replace: false })
 */
export const choice = sampler(
  "choice",
  (
    source,
    a: number | Tensor,
    shape: ShapeLike = [],
    replace: boolean | ChoiceOptions = true,
    p: Tensor | null = null,
    axis: number = 0,
  ): Tensor => {
    const o: ChoiceOptions = typeof replace === "boolean" ? { replace, p, axis } : replace;
    const s = shapeOf("choice", shape) as readonly number[];
    const at = isTensor(a) ? canonicalAxis("choice", o.axis ?? 0, a.ndim) : 0;
    const n = isTensor(a) ? a.shape[at] : requireNumber("choice", a, 0);
    const draws = prod(s);
    const whole = isTensor(a) ? [...a.shape.slice(0, at), ...s, ...a.shape.slice(at + 1)] : s;
    if (draws === 0) return np.zeros(whole, isTensor(a) ? a.aval.dtype : "i32");
    if (n <= 0) fail("TW2011", "random.choice: there is nothing to choose from", { help: "give at least one element" });
    const withReplacement = o.replace ?? true;
    if (!withReplacement && draws > n) {
      fail("TW2011", `random.choice: ${draws} draws without replacement of ${n} elements`, {
        help: "draw fewer, or with replacement",
      });
    }
    const weights = o.p ?? null;
    if (weights === null && !withReplacement) {
      const ordered = permute(source, a, at, false);
      return lax.reshape(lax.sliceInDim(ordered, 0, draws, 1, at), whole);
    }
    const positions =
      weights === null ? drawInteger(source, s, 0, n, "i32") : weighted(source, weights, n, s, withReplacement);
    if (!isTensor(a)) return lax.reshape(positions, s);
    return lax.reshape(np.take(a, positions, at, { mode: "clip" }), whole);
  },
);

function weighted(source: Source, p: Tensor, n: number, shape: readonly number[], replace: boolean): Tensor {
  if (p.ndim !== 1 || p.shape[0] !== n) {
    fail("TW2001", `random.choice: the probabilities have shape [${p.shape.join(", ")}], there are ${n} elements`, {
      help: "give one probability for each element",
    });
  }
  const weights = isFloat(p.aval.dtype) ? p : astype(p, "f32");
  const d = weights.aval.dtype;
  const draws = prod(shape);
  if (!replace) {
    // Gumbel top-k: the greatest of log p + noise come out as draws without replacement would (Vieira 2014)
    const noisy = lax.add(drawGumbel(source, [n], d, "low"), lax.log(weights));
    return lax.reshape(lax.topK(noisy, draws)[1], shape);
  }
  const sums = lax.cumsum(weights, 0);
  const total = lax.reshape(lax.sliceInDim(sums, n - 1, n), []);
  const u = np.multiply(total, lax.sub(1, drawUniform(source, shape, d)));
  return np.searchsorted(sums, u);
}
