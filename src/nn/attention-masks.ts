/** What queries may see, as the options of attention say it without a mask: lengths of padded sequences and a window of keys. */
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import { type Dim, dimSub } from "../ir/dim.js";
import { isInt } from "../ir/dtype.js";
import * as lax from "../lax/index.js";
import { broadcastTo } from "../lax/operand.js";
import * as np from "../numpy/index.js";
import { describeValue } from "../tracer/leaf.js";
import type { Tensor } from "../tracer/tensor.js";

/** Full sizes of the scores: batch, heads, queries, keys. */
export type ScoreSizes = readonly [b: Dim, h: Dim, t: Dim, s: Dim];
export interface Limits {
  readonly querySeqLengths?: Tensor;
  readonly keyValueSeqLengths?: Tensor;
  readonly localWindowSize?: number | readonly [before: number, after: number];
}

function checkLengths(name: string, lengths: Tensor, batch: Dim): void {
  if (isInt(lengths.aval.dtype) && lengths.ndim === 1 && lengths.aval.shape[0] === batch) return;
  fail("TW2001", `dotProductAttention: ${name} must be integers [batch], not ${printAval(lengths.aval)}`, {
    help: "give the length of each sequence, for example np.array([7, 12], 'i32')",
  });
}

/** Bools [batch or 1, 1, queries or 1, keys], true where a key may be seen; undefined where nothing limits that. */
export function maskOfLimits(
  { querySeqLengths, keyValueSeqLengths, localWindowSize }: Limits,
  [b, , t, s]: ScoreSizes,
) {
  const masks: Tensor[] = [];
  if (querySeqLengths) checkLengths("querySeqLengths", querySeqLengths, b);
  if (keyValueSeqLengths) {
    checkLengths("keyValueSeqLengths", keyValueSeqLengths, b);
    masks.push(before(keyValueSeqLengths, [b, 1, 1, s], 3));
  }
  if (localWindowSize !== undefined) {
    const given: unknown = localWindowSize;
    const sizes: readonly unknown[] = Array.isArray(given) ? given : [given, given];
    if (sizes.length !== 2 || !sizes.every((n) => Number.isInteger(n) && (n as number) >= 0)) {
      const shown = Array.isArray(given) ? `[${given.map(String).join(", ")}]` : describeValue(given);
      fail("TW2011", `dotProductAttention: localWindowSize is ${shown}`, {
        help: "give one whole number, or two: how many keys before and after its own place a query sees",
      });
    }
    const [back, ahead] = sizes as readonly [number, number];
    const shape = [1, 1, t, s];
    const own = lax.add(
      lax.broadcastedIota("i32", shape, 2),
      broadcastTo("attention", lax.dimensionValue(dimSub(s, t)), shape),
    );
    const key = lax.broadcastedIota("i32", shape, 3);
    masks.push(lax.bitwiseAnd(lax.ge(key, lax.sub(own, back)), lax.le(key, lax.add(own, ahead))));
  }
  return masks.reduce<Tensor | undefined>((all, m) => (all ? both(all, m) : m), undefined);
}
/** Positions along `axis` that lie before the length of their sequence. */
function before(lengths: Tensor, shape: readonly Dim[], axis: number): Tensor {
  // a dtype of few bits does not hold the positions, nor i32 what 64 bits may say
  const wide = ["i64", "u64", "u32"].includes(lengths.dtype) ? lengths : lengths.astype("i32");
  const position = lax.broadcastedIota(wide.dtype, shape, axis);
  return lax.lt(position, broadcastTo("attention", lax.expandDims(wide, [1, 2, 3]), shape));
}
/** And, of masks that broadcast. */
export function both(x: Tensor, y: Tensor): Tensor {
  const rank = Math.max(x.ndim, y.ndim);
  const [a, b] = [x, y].map((m) => [...Array<Dim>(rank - m.ndim).fill(1), ...m.aval.shape]);
  const shape = a.map((n, i) => (n === 1 ? b[i] : n));
  return lax.bitwiseAnd(broadcastTo("dotProductAttention", x, shape), broadcastTo("dotProductAttention", y, shape));
}
/** Zero where a query stands behind the end of its sequence. */
export function withoutPadding(y: Tensor, lengths: Tensor): Tensor {
  const inside = before(lengths, y.aval.shape, 1);
  return lax.select(inside, y, np.zerosLike(y));
}
