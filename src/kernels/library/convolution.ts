/** Convolution and pooling of images [n, h, w, channels]: each result reads its window by an index; no array of windows is made. */
import { kernel } from "../../dsl/kernel/own.js";
import * as np from "../../numpy/index.js";
import { pad } from "../../lax/structure.js";
import { customVjp } from "../../tracer/custom.js";
import type { Tensor } from "../../tracer/tensor.js";
import {
  arange,
  type constexpr,
  dot,
  expandDims,
  load,
  max,
  programId,
  type Ref,
  range,
  store,
  sum,
  trans,
  zeros,
} from "../../dsl/kernel/index.js";

export interface WindowOptions {
  readonly stride?: number;
  /** Zeros (for maxima: nothing) on each side. */
  readonly padding?: number;
}
interface Constants {
  readonly STRIDE: number;
  readonly PAD: number;
}
const outSize = (n: number, window: number, { STRIDE, PAD }: Constants): number =>
  Math.floor((n + 2 * PAD - window) / STRIDE) + 1;
const rowGrid = (x: Tensor, w: Tensor, meta: Constants): number[] => [
  x.shape[0],
  outSize(x.shape[1], w.shape[0], meta),
];
const ofImage = (x: Tensor, w: Tensor, meta: Constants) => ({
  shape: [x.shape[0], outSize(x.shape[1], w.shape[0], meta), outSize(x.shape[2], w.shape[1], meta), w.shape[3]],
  dtype: x.dtype,
});

/** Axes of the block: [x, ky, kx, channel, filter]. */
export const convDirectKernel = kernel(
  function convDirect(input: Ref, w: Ref, out: Ref, STRIDE: constexpr, PAD: constexpr) {
    const [n, y, x] = [programId(0), programId(1), expandDims(arange(out.shape[2]), [1, 2, 3, 4])];
    const [ky, kx] = [expandDims(arange(w.shape[0]), [1, 2, 3]), expandDims(arange(w.shape[1]), [1, 2])];
    const [c, f] = [expandDims(arange(w.shape[2]), 1), arange(w.shape[3])];
    const [row, col] = [y * STRIDE + ky - PAD, x * STRIDE + kx - PAD];
    const inside = row >= 0 && row < input.shape[1] && col >= 0 && col < input.shape[2];
    const products = load(input, [n, row, col, c], { mask: inside }) * load(w, [ky, kx, c, f]);
    store(out, [n, y, expandDims(arange(out.shape[2]), 1), f], sum(products, { axis: [1, 2, 3] }));
  },
  { out: ofImage, grid: rowGrid },
);

/** A row of results is a sum over taps of products: pixels [x, channel] by filters [channel, f]. */
export const convKernel = kernel(
  function convImplicit(input: Ref, w: Ref, out: Ref, STRIDE: constexpr, PAD: constexpr) {
    const [n, y, x] = [programId(0), programId(1), expandDims(arange(out.shape[2]), 1)];
    let acc = zeros([out.shape[2], w.shape[3]], input.dtype);
    for (const ky of range(w.shape[0])) {
      for (const kx of range(w.shape[1])) {
        const [row, col] = [y * STRIDE + ky - PAD, x * STRIDE + kx - PAD];
        const inside = row >= 0 && row < input.shape[1] && col >= 0 && col < input.shape[2];
        acc =
          acc +
          dot(load(input, [n, row, col, arange(input.shape[3])], { mask: inside }), load(w, [ky, kx, null, null]));
      }
    }
    store(out, [n, y, null, null], acc);
  },
  { out: ofImage, grid: rowGrid },
);

/** dw: each tap is a sum over rows of results of products, pixels [channel, x] by cotangents [x, f]. */
const filterBackward = kernel(
  function convFilterBackward(input: Ref, g: Ref, w: Ref, out: Ref, STRIDE: constexpr) {
    const [ky, kx] = [programId(0), programId(1)];
    const col = expandDims(arange(g.shape[2]), 1) * STRIDE + kx;
    let acc = zeros([w.shape[2], w.shape[3]], input.dtype);
    for (const n of range(g.shape[0])) {
      for (const y of range(g.shape[1])) {
        const pixels = load(input, [n, y * STRIDE + ky, col, arange(input.shape[3])]);
        acc = acc + dot(trans(pixels), load(g, [n, y, null, null]));
      }
    }
    store(out, [ky, kx, null, null], acc);
  },
  { out: (_x: Tensor, _g: Tensor, w: Tensor) => w, grid: (_x: Tensor, _g: Tensor, w: Tensor) => w.shape.slice(0, 2) },
);

/** Zeros around images. */
function padded(x: Tensor, high: number, wide: number): Tensor {
  if (high === 0 && wide === 0) return x;
  return np.pad(x, [
    [0, 0],
    [high, high],
    [wide, wide],
    [0, 0],
  ]);
}
/** dx is the convolution of the cotangents, zeros between and around them, by the turned filters. */
function imageGradient(g: Tensor, w: Tensor, x: Tensor, STRIDE: number): Tensor {
  const [kh, kw] = w.shape;
  const side = (axis: number, k: number): [number, number, number] => {
    const spread = (g.shape[axis] - 1) * STRIDE + 1;
    return [k - 1, x.shape[axis] - spread, STRIDE - 1];
  };
  const spread = pad(g, 0, [[0, 0, 0], side(1, kh), side(2, kw), [0, 0, 0]]);
  const turned = np.transpose(np.flip(w, [0, 1]), [0, 1, 3, 2]);
  return convKernel(spread, turned, { STRIDE: 1, PAD: 0 });
}
/** Images that have their zeros around them already: no element needs a mask, so products are those of plain arrays. */
function withStride(STRIDE: number) {
  const run = (x: Tensor, w: Tensor): Tensor => convKernel(x, w, { STRIDE, PAD: 0 });
  return customVjp(run).defvjp(
    (x, w) => [run(x, w), [x, w]],
    ([x, w]: Tensor[], g) => [imageGradient(g, w, x, STRIDE), filterBackward(x, g, w, { STRIDE })],
  );
}
const known = new Map<number, ReturnType<typeof withStride>>();

/** Images [n, h, w, channels] by filters [kh, kw, channels, f]. */
export function conv2d(x: Tensor, w: Tensor, { stride = 1, padding = 0 }: WindowOptions = {}): Tensor {
  let f = known.get(stride);
  if (!f) known.set(stride, (f = withStride(stride)));
  return f(padded(x, padding, padding), w);
}

interface Pool extends Constants {
  readonly SIZE: number;
}
const pooled = (x: Tensor, meta: Pool) => ({
  shape: [x.shape[0], outSize(x.shape[1], meta.SIZE, meta), outSize(x.shape[2], meta.SIZE, meta), x.shape[3]],
  dtype: x.dtype,
});
const poolGrid = (x: Tensor, meta: Pool): number[] => [x.shape[0], outSize(x.shape[1], meta.SIZE, meta)];

export const maxPoolKernel = kernel(
  function maxPool(input: Ref, out: Ref, SIZE: constexpr, STRIDE: constexpr, PAD: constexpr) {
    const [n, y] = [programId(0), programId(1)];
    const row = y * STRIDE + expandDims(arange(SIZE), [1, 2]) - PAD;
    const col = expandDims(arange(out.shape[2]), [1, 2, 3]) * STRIDE + expandDims(arange(SIZE), 1) - PAD;
    const inside = row >= 0 && row < input.shape[1] && col >= 0 && col < input.shape[2];
    const windows = load(input, [n, row, col, arange(input.shape[3])], { mask: inside, other: -Infinity });
    store(out, [n, y, null, null], max(windows, { axis: [1, 2] }));
  },
  { out: pooled, grid: poolGrid },
);
/** The mean of what lies in the image; zeros around it count, as in the convolution by equal weights. */
export const meanPoolKernel = kernel(
  function meanPool(input: Ref, out: Ref, SIZE: constexpr, STRIDE: constexpr, PAD: constexpr) {
    const [n, y] = [programId(0), programId(1)];
    const row = y * STRIDE + expandDims(arange(SIZE), [1, 2]) - PAD;
    const col = expandDims(arange(out.shape[2]), [1, 2, 3]) * STRIDE + expandDims(arange(SIZE), 1) - PAD;
    const inside = row >= 0 && row < input.shape[1] && col >= 0 && col < input.shape[2];
    const windows = load(input, [n, row, col, arange(input.shape[3])], { mask: inside });
    store(out, [n, y, null, null], sum(windows, { axis: [1, 2] }) / (SIZE * SIZE));
  },
  { out: pooled, grid: poolGrid },
);
type PoolOptions = WindowOptions & { readonly size: number };
const poolConstants = ({ size, stride = size, padding = 0 }: PoolOptions): Pool => ({
  SIZE: size,
  STRIDE: stride,
  PAD: padding,
});
/** The greatest of each window of size × size; the gradient is the generated one. */
export const maxPool = (x: Tensor, options: PoolOptions): Tensor => maxPoolKernel(x, { ...poolConstants(options) });
/** The mean of each window of size × size; the gradient is the generated one. */
export const meanPool = (x: Tensor, options: PoolOptions): Tensor => meanPoolKernel(x, { ...poolConstants(options) });
