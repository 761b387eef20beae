/** Reductions, scans and windows. Sums of floats accumulate in f64 and round once at the end. */
import { isFloat } from "../ir/dtype.js";
import type { ReductionOps, Window, WindowOp } from "../ir/ops/index.js";
import type { Rules } from "../ir/rules.js";
import { type Element, flatIndex, forEachIndex, isBig, type NDArray, roundTo, sizeOfShape, zeros } from "./array.js";
import { extreme, maxOf, minOf, multiply } from "./arithmetic.js";
import { elementFromBits, elementToBits } from "./bits.js";
import type { InterpretContext, InterpretKind } from "./rule.js";
import type { DType } from "../ir/dtype.js";
import { otherAxes, stridesOf } from "../util/index.js";

interface Monoid {
  readonly init: (d: DType) => Element;
  readonly combine: (x: Element, y: Element, d: DType) => Element;
}

const one = (d: DType): Element => (isBig(d) ? 1n : 1);
const zero = (d: DType): Element => (isBig(d) ? 0n : 0);
/** Floats are left unrounded while they accumulate; integers wrap at every step so that numbers stay exact. */
const settle = (d: DType, v: Element): Element => (isFloat(d) ? v : roundTo(d, v));

function plus(x: Element, y: Element, d: DType): Element {
  return settle(d, typeof x === "bigint" ? x + (y as bigint) : x + (y as number));
}
function times(x: Element, y: Element, d: DType): Element {
  return settle(d, typeof x === "bigint" ? x * (y as bigint) : multiply(x, y as number, d));
}
const bits = (f: (x: bigint, y: bigint) => bigint) => (x: Element, y: Element, d: DType) =>
  elementFromBits(d, f(elementToBits(d, x), elementToBits(d, y)));
const allOnes = (d: DType): Element => (d === "bool" ? 1 : elementFromBits(d, elementToBits(d, isBig(d) ? -1n : -1)));

/** log(e^x + e^y) without overflow; -inf is neutral. */
function logAddExp(x: Element, y: Element): Element {
  const a = Number(x);
  const b = Number(y);
  const m = Math.max(a, b);
  if (Number.isNaN(m) || Math.abs(m) === Number.POSITIVE_INFINITY) return m;
  return m + Math.log1p(Math.exp(Math.min(a, b) - m));
}

const SUM: Monoid = { init: zero, combine: plus };
const PROD: Monoid = { init: one, combine: times };
const MAX: Monoid = { init: (d) => extreme(d, "least"), combine: maxOf };
const MIN: Monoid = { init: (d) => extreme(d, "greatest"), combine: minOf };
const AND: Monoid = { init: allOnes, combine: bits((x, y) => x & y) };
const OR: Monoid = { init: zero, combine: bits((x, y) => x | y) };
const XOR: Monoid = { init: zero, combine: bits((x, y) => x ^ y) };
const LOGSUMEXP: Monoid = { init: () => Number.NEGATIVE_INFINITY, combine: logAddExp };
const WINDOW: Record<WindowOp, Monoid> = { sum: SUM, prod: PROD, max: MAX, min: MIN };

function reduce(x: NDArray, axes: readonly number[], { init, combine }: Monoid): NDArray {
  const kept = otherAxes(x.shape.length, axes);
  const shape = kept.map((a) => x.shape[a]);
  const strides = stridesOf(shape);
  const acc = new Array<Element>(sizeOfShape(shape)).fill(init(x.dtype));
  forEachIndex(x.shape, (index, i) => {
    const o = flatIndex(
      kept.map((a) => index[a]),
      strides,
    );
    acc[o] = combine(acc[o], x.data[i], x.dtype);
  });
  return rounded(shape, x.dtype, acc);
}

function rounded(shape: readonly number[], dtype: DType, values: readonly Element[]): NDArray {
  const out = zeros(shape, dtype);
  values.forEach((v, i) => {
    out.data[i] = roundTo(dtype, v) as never;
  });
  return out;
}

type AxesRule = (
  ctx: InterpretContext,
  inputs: readonly NDArray[],
  params: { readonly axes: readonly number[] },
) => readonly NDArray[];
const reducer =
  (m: Monoid): AxesRule =>
  (_ctx, [x], { axes }) => [reduce(x, axes, m)];

/** Calls `visit` with the flat position of the first element and the stride of every line along `axis`. */
export function forEachLine(
  shape: readonly number[],
  axis: number,
  visit: (first: number, stride: number) => void,
): void {
  const strides = stridesOf(shape);
  forEachIndex(
    shape.map((d, a) => (a === axis ? 1 : d)),
    (index) => visit(flatIndex(index, strides), strides[axis]),
  );
}

type CumulativeRule = (
  ctx: InterpretContext,
  inputs: readonly NDArray[],
  params: { readonly axis: number; readonly reverse: boolean },
) => readonly NDArray[];
const cumulative =
  ({ init, combine }: Monoid): CumulativeRule =>
  (_ctx, [x], { axis, reverse }) => {
    const out = zeros(x.shape, x.dtype);
    const n = x.shape[axis];
    if (n === 0) return [out];
    forEachLine(x.shape, axis, (first, stride) => {
      let acc = init(x.dtype);
      for (let k = 0; k < n; k++) {
        const i = first + (reverse ? n - 1 - k : k) * stride;
        acc = combine(acc, x.data[i], x.dtype);
        out.data[i] = roundTo(x.dtype, acc) as never;
      }
    });
    return [out];
  };

/** True when `y` beats the best so far: greater (or less), or the first NaN. */
function beats(y: Element, best: Element, greatest: boolean): boolean {
  if (best !== best) return false;
  return y !== y || (greatest ? y > best : y < best);
}

type ArgRule = (
  ctx: InterpretContext,
  inputs: readonly NDArray[],
  params: { readonly axis: number; readonly dtype: DType },
) => readonly NDArray[];
const argReduce =
  (greatest: boolean): ArgRule =>
  (_ctx, [x], { axis, dtype }) => {
    const out = zeros(
      x.shape.filter((_, a) => a !== axis),
      dtype,
    );
    let o = 0;
    forEachLine(x.shape, axis, (first, stride) => {
      let best = 0;
      for (let k = 1; k < x.shape[axis]; k++) {
        if (beats(x.data[first + k * stride], x.data[first + best * stride], greatest)) best = k;
      }
      out.data[o++] = roundTo(dtype, isBig(dtype) ? BigInt(best) : best) as never;
    });
    return [out];
  };

/** Sizes of the result of sliding a window over `shape`. */
function windowShape(shape: readonly number[], w: Window): number[] {
  return shape.map((d, a) => {
    const base = d === 0 ? 0 : (d - 1) * w.baseDilation[a] + 1;
    const padded = base + w.padding[a][0] + w.padding[a][1];
    const window = w.windowDims[a] === 0 ? 0 : (w.windowDims[a] - 1) * w.windowDilation[a] + 1;
    return padded < window ? 0 : Math.floor((padded - window) / w.strides[a]) + 1;
  });
}

/** Calls `visit` with each window's flat number and the flat positions of the elements inside it, in row-major order. */
function forEachWindow(shape: readonly number[], w: Window, visit: (window: number, elements: number[]) => void): void {
  const strides = stridesOf(shape);
  forEachIndex(windowShape(shape, w), (at, window) => {
    const elements: number[] = [];
    forEachIndex(w.windowDims, (offset) => {
      let flat = 0;
      for (let a = 0; a < shape.length; a++) {
        const position = at[a] * w.strides[a] + offset[a] * w.windowDilation[a] - w.padding[a][0];
        // between dilated elements lie holes that hold the neutral element, as padding does
        if (position % w.baseDilation[a] !== 0) return;
        const i = position / w.baseDilation[a];
        if (i < 0 || i >= shape[a]) return;
        flat += i * strides[a];
      }
      elements.push(flat);
    });
    visit(window, elements);
  });
}

/** The element that a pooling window selects: the first greatest (ge) or least (le); the first NaN wins over all. */
function selected(x: NDArray, elements: readonly number[], select: "ge" | "le"): number | undefined {
  let best: number | undefined;
  for (const i of elements) if (best === undefined || beats(x.data[i], x.data[best], select === "ge")) best = i;
  return best;
}

export const reduction = {
  reduce_sum: reducer(SUM),
  reduce_prod: reducer(PROD),
  reduce_max: reducer(MAX),
  reduce_min: reducer(MIN),
  reduce_and: reducer(AND),
  reduce_or: reducer(OR),
  reduce_xor: reducer(XOR),
  argmax: argReduce(true),
  argmin: argReduce(false),
  cumsum: cumulative(SUM),
  cumprod: cumulative(PROD),
  cummax: cumulative(MAX),
  cummin: cumulative(MIN),
  cumlogsumexp: cumulative(LOGSUMEXP),
  reduce_window: (_ctx, [x], params) => {
    const { init, combine } = WINDOW[params.op];
    const out = zeros(windowShape(x.shape, params), x.dtype);
    forEachWindow(x.shape, params, (window, elements) => {
      let acc = init(x.dtype);
      for (const i of elements) acc = combine(acc, x.data[i], x.dtype);
      out.data[window] = roundTo(x.dtype, acc) as never;
    });
    return [out];
  },
  select_and_scatter_add: (_ctx, [source, operand], params) => {
    const acc = new Array<Element>(operand.data.length).fill(zero(operand.dtype));
    const ones = operand.shape.map(() => 1);
    forEachWindow(operand.shape, { ...params, baseDilation: ones, windowDilation: ones }, (window, elements) => {
      const best = selected(operand, elements, params.select);
      if (best !== undefined) acc[best] = plus(acc[best], source.data[window], operand.dtype);
    });
    return [rounded(operand.shape, operand.dtype, acc)];
  },
  select_and_gather_add: (_ctx, [tangents, operand], params) => {
    const out = zeros(windowShape(operand.shape, params), tangents.dtype);
    forEachWindow(operand.shape, params, (window, elements) => {
      const best = selected(operand, elements, params.select);
      if (best !== undefined) out.data[window] = tangents.data[best] as never;
    });
    return [out];
  },
} satisfies Rules<ReductionOps, InterpretKind>;
