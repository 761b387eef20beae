/** Convolution and pooling of images [n, h, w, channels]: each result reads its window by an index; no array of windows is made. */
import { kernel } from "../../dsl/kernel/own.js";
import { customVjp } from "../../tracer/custom.js";
import type { Tensor } from "../../tracer/tensor.js";
import {
  arange,
  type constexpr,
  dot,
  expandDims,
  floorDiv,
  load,
  max,
  programId,
  type Ref,
  range,
  reshape,
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

/** dx: each pixel from the results whose windows it lies in, which is a product of cotangents [x, taps] by filters [taps, channel]. */
const imageBackward = kernel(
  function convImageBackward(g: Ref, w: Ref, image: Ref, out: Ref, STRIDE: constexpr, PAD: constexpr) {
    const [KH, KW, C, F] = w.shape;
    const [n, x] = [programId(0), expandDims(arange(out.shape[2]), [1, 2, 3])];
    const row = programId(1) + PAD - expandDims(arange(KH), [1, 2]);
    const col = x + PAD - expandDims(arange(KW), 1);
    const [y, z] = [floorDiv(row, STRIDE), floorDiv(col, STRIDE)];
    const inside = row >= 0 && y < g.shape[1] && col >= 0 && z < g.shape[2];
    const hits = STRIDE === 1 ? inside : inside && row % STRIDE === 0 && col % STRIDE === 0;
    const cotangents = reshape(load(g, [n, y, z, arange(F)], { mask: hits }), [out.shape[2], KH * KW * F]);
    const filters = load(w, [
      expandDims(arange(KH), [1, 2, 3]),
      expandDims(arange(KW), [1, 2]),
      arange(C),
      expandDims(arange(F), 1),
    ]);
    store(out, [n, programId(1), null, null], dot(cotangents, reshape(filters, [KH * KW * F, C])));
  },
  {
    out: (_g: Tensor, _w: Tensor, x: Tensor) => x,
    grid: (_g: Tensor, _w: Tensor, x: Tensor) => [x.shape[0], x.shape[1]],
  },
);

/** dw: each tap from all results, a product of pixels [channel, results] by cotangents [results, f]. */
const filterBackward = kernel(
  function convFilterBackward(input: Ref, g: Ref, w: Ref, out: Ref, STRIDE: constexpr, PAD: constexpr) {
    const [N, OH, OW, F] = g.shape;
    const [ky, kx] = [programId(0), programId(1)];
    const row = expandDims(arange(OH), [1, 2]) * STRIDE + ky - PAD;
    const col = expandDims(arange(OW), 1) * STRIDE + kx - PAD;
    const inside = row >= 0 && row < input.shape[1] && col >= 0 && col < input.shape[2];
    const pixels = load(input, [expandDims(arange(N), [1, 2, 3]), row, col, arange(input.shape[3])], { mask: inside });
    const taps = trans(reshape(pixels, [N * OH * OW, input.shape[3]]));
    store(out, [ky, kx, null, null], dot(taps, reshape(load(g, [null, null, null, null]), [N * OH * OW, F])));
  },
  { out: (_x: Tensor, _g: Tensor, w: Tensor) => w, grid: (_x: Tensor, _g: Tensor, w: Tensor) => w.shape.slice(0, 2) },
);

function withConstants(meta: Constants) {
  return customVjp((x: Tensor, w: Tensor) => convKernel(x, w, { ...meta })).defvjp(
    (x, w) => [convKernel(x, w, { ...meta }), [x, w]],
    ([x, w]: Tensor[], g) => [imageBackward(g, w, x, { ...meta }), filterBackward(x, g, w, { ...meta })],
  );
}
const known = new Map<string, ReturnType<typeof withConstants>>();

/** Images [n, h, w, channels] by filters [kh, kw, channels, f]. */
export function conv2d(x: Tensor, w: Tensor, { stride = 1, padding = 0 }: WindowOptions = {}): Tensor {
  const key = `${stride} ${padding}`;
  let f = known.get(key);
  if (!f) known.set(key, (f = withConstants({ STRIDE: stride, PAD: padding })));
  return f(x, w);
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
