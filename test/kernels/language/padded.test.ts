/** Sums of products whose operand is read under a mask, as convolutions of users are written: a copy with zeros around it, and tiles. */
import { explain, jit, kernel, numpy as np, random, type Tensor } from "tilework";
import { expect, test } from "vitest";
import {
  arange,
  type constexpr,
  dot,
  expandDims,
  load,
  programId,
  range,
  type Ref,
  store,
  sum,
  zeros,
} from "tilework/kernels";
import { agree } from "../agree.js";

const after = (n: number, k: number, stride: number, pad: number): number => Math.floor((n + 2 * pad - k) / stride) + 1;
const shape = (x: Tensor, w: Tensor, stride: number, pad: number) => ({
  shape: [
    x.shape[0],
    after(x.shape[1], w.shape[0], stride, pad),
    after(x.shape[2], w.shape[1], stride, pad),
    w.shape[3],
  ],
  dtype: x.dtype,
});

/** Taps in loops of the kernel, a product of blocks for each. */
const inLoops = kernel(
  function inLoops(x: Ref, w: Ref, out: Ref, STRIDE: constexpr, PAD: constexpr) {
    const [n, y, j] = [programId(0), programId(1), expandDims(arange(out.shape[2]), 1)];
    let acc = zeros([out.shape[2], w.shape[3]], x.dtype);
    for (const ky of range(w.shape[0])) {
      for (const kx of range(w.shape[1])) {
        const [row, col] = [y * STRIDE + ky - PAD, j * STRIDE + kx - PAD];
        const inside = row >= 0 && row < x.shape[1] && col >= 0 && col < x.shape[2];
        const pixels = load(x, [n, row, col, arange(x.shape[3])], { mask: inside, other: 0 });
        acc = dot(pixels, load(w, [ky, kx, null, null]), { acc });
      }
    }
    store(out, [n, y, null, null], acc);
  },
  {
    out: (x, w, { STRIDE, PAD }) => shape(x, w, STRIDE, PAD),
    grid: (x, w, { STRIDE, PAD }) => shape(x, w, STRIDE, PAD).shape.slice(0, 2),
  },
);
/** Taps written out by JavaScript's loops. */
const writtenOut = kernel(
  function writtenOut(x: Ref, w: Ref, out: Ref, STRIDE: constexpr, PAD: constexpr) {
    const [n, y, j] = [programId(0), programId(1), expandDims(arange(out.shape[2]), 1)];
    let acc = zeros([out.shape[2], w.shape[3]], x.dtype);
    for (let ky = 0; ky < w.shape[0]; ky++) {
      for (let kx = 0; kx < w.shape[1]; kx++) {
        const [row, col] = [y * STRIDE + ky - PAD, j * STRIDE + kx - PAD];
        const inside = row >= 0 && row < x.shape[1] && col >= 0 && col < x.shape[2];
        acc = acc + dot(load(x, [n, row, col, arange(x.shape[3])], { mask: inside }), load(w, [ky, kx, null, null]));
      }
    }
    store(out, [n, y, null, null], acc);
  },
  {
    out: (x, w, { STRIDE, PAD }) => shape(x, w, STRIDE, PAD),
    grid: (x, w, { STRIDE, PAD }) => shape(x, w, STRIDE, PAD).shape.slice(0, 2),
  },
);
/** All taps as one block, and the sum over it; what is outside is taken out of the product. */
const asBlock = kernel(
  function asBlock(x: Ref, w: Ref, out: Ref, STRIDE: constexpr, PAD: constexpr) {
    const [n, y, j] = [programId(0), programId(1), expandDims(arange(out.shape[2]), [1, 2, 3, 4])];
    const [ky, kx] = [expandDims(arange(w.shape[0]), [1, 2, 3]), expandDims(arange(w.shape[1]), [1, 2])];
    const [c, f] = [expandDims(arange(w.shape[2]), 1), arange(w.shape[3])];
    const [row, col] = [y * STRIDE + ky - PAD, j * STRIDE + kx - PAD];
    const inside = !(row < 0 || row >= x.shape[1]) && 0 <= col && x.shape[2] > col;
    const products = load(x, [n, row, col, c], { mask: inside }) * load(w, [ky, kx, c, f]);
    store(out, [n, y, expandDims(arange(out.shape[2]), 1), f], sum(products, { axis: [1, 2, 3] }));
  },
  {
    out: (x, w, { STRIDE, PAD }) => shape(x, w, STRIDE, PAD),
    grid: (x, w, { STRIDE, PAD }) => shape(x, w, STRIDE, PAD).shape.slice(0, 2),
  },
);
/** Blocks that do not divide the sizes; filters come first in the product, and channels first in memory. */
const channelsFirst = kernel(
  function channelsFirst(x: Ref, w: Ref, out: Ref, BW: constexpr) {
    const [n, y, j] = [programId(0), programId(1), programId(2) * BW + arange(BW)];
    const c = arange(x.shape[1]);
    let acc = zeros([w.shape[0], BW], x.dtype);
    for (const ky of range(w.shape[2])) {
      for (const kx of range(w.shape[3])) {
        const [row, col] = [y + ky - 1, expandDims(j + kx - 1, 0)];
        const inside = row >= 0 && row < x.shape[2] && col >= 0 && col < x.shape[3];
        const pixels = load(x, [n, expandDims(c, 1), row, col], { mask: inside, other: 0 });
        acc = dot(load(w, [expandDims(arange(w.shape[0]), 1), c, ky, kx]), pixels, { acc });
      }
    }
    store(out, [n, expandDims(arange(w.shape[0]), 1), y, j], acc, { mask: expandDims(j < x.shape[3], 0) });
  },
  {
    out: (x, w) => ({ shape: [x.shape[0], w.shape[0], x.shape[2], x.shape[3]], dtype: x.dtype }),
    grid: (x, _w, { BW }) => [x.shape[0], x.shape[2], Math.ceil(x.shape[3] / BW)],
  },
);
/** Not zeros but ones around the image. */
const onesAround = kernel(
  function onesAround(x: Ref, w: Ref, out: Ref) {
    const [i, f] = [programId(0) * 8 + expandDims(arange(8), 1), arange(w.shape[2])];
    let acc = zeros([8, w.shape[2]], x.dtype);
    for (const k of range(w.shape[0])) {
      const at = i + k - 1;
      const row = load(x, [at, arange(x.shape[1])], { mask: at >= 0 && at < x.shape[0], other: 1 });
      acc = dot(row, load(w, [k, null, null]), { acc });
    }
    store(out, [i, f], acc, { mask: i < out.shape[0] });
  },
  {
    out: (x, w) => ({ shape: [x.shape[0], w.shape[2]], dtype: x.dtype }),
    grid: (x) => Math.ceil(x.shape[0] / 8),
  },
);

const normal = (seed: number, ...shape: number[]): Tensor => random.normal(random.key(seed), shape);
const COPIED = /a masked operand is copied with zeros around it, ([0-9×]+)/g;
/** The copies that a call makes. */
function copiesOf(f: (...args: Tensor[]) => Tensor, ...args: Tensor[]): string[] {
  const tile = String(explain(jit(f))(...args).stages.tile());
  return [...tile.matchAll(COPIED)].map((m) => m[1]);
}

/** The same in plain loops. */
function reference(x: Tensor, w: Tensor, stride: number, pad: number): number[] {
  const [[n, h, wide, channels], [kh, kw, , filters]] = [x.shape, w.shape];
  const [a, b] = [x.dataSync(), w.dataSync()].map((v) => Array.from(v as ArrayLike<number>));
  const { shape: size } = shape(x, w, stride, pad);
  const out = new Array<number>(size.reduce((p, m) => p * m, 1)).fill(0);
  for (let i = 0; i < n * size[1] * size[2]; i++) {
    const [y, col] = [Math.floor(i / size[2]) % size[1], i % size[2]];
    for (let t = 0; t < kh * kw * channels; t++) {
      const [ky, kx, c] = [Math.floor(t / (kw * channels)), Math.floor(t / channels) % kw, t % channels];
      const [r, s] = [y * stride + ky - pad, col * stride + kx - pad];
      if (r < 0 || r >= h || s < 0 || s >= wide) continue;
      const at = ((Math.floor(i / (size[1] * size[2])) * h + r) * wide + s) * channels + c;
      for (let f = 0; f < filters; f++) out[i * filters + f] += a[at] * b[t * filters + f];
    }
  }
  return out;
}

const CASES = [
  { image: [2, 9, 11, 8], taps: [3, 3], filters: 8, STRIDE: 1, PAD: 1 },
  { image: [1, 10, 9, 5], taps: [3, 2], filters: 7, STRIDE: 2, PAD: 1 },
  { image: [2, 12, 13, 4], taps: [5, 5], filters: 6, STRIDE: 1, PAD: 3 },
  { image: [1, 31, 32, 16], taps: [1, 1], filters: 16, STRIDE: 3, PAD: 2 },
];

test.each(CASES)("convolutions of $image by $taps, stride $STRIDE, padding $PAD", (c) => {
  for (const dtype of ["f32", "f64", "i32"] as const) {
    const some = (seed: number, ...sizes: number[]): Tensor =>
      dtype === "i32" ? random.randint(random.key(seed), sizes, -9, 9) : normal(seed, ...sizes).astype(dtype);
    const [x, w] = [some(1, ...c.image), some(2, ...c.taps, c.image[3], c.filters)];
    const want = reference(x, w, c.STRIDE, c.PAD);
    for (const f of dtype === "f64"
      ? [asBlock]
      : dtype === "i32"
        ? [inLoops]
        : [inLoops, asBlock, ...(c.PAD === 2 ? [writtenOut] : [])]) {
      const got = Array.from(f(x, w, { STRIDE: c.STRIDE, PAD: c.PAD }).dataSync() as ArrayLike<number>);
      const error = Math.max(...want.map((v, i) => Math.abs(v - got[i])));
      expect(got.length).toBe(want.length);
      expect(error).toBeLessThan({ f32: 3e-5, f64: 1e-12, i32: 0.5 }[dtype]);
    }
  }
});

test("the copy is an image with zeros around it, not one of its windows", () => {
  const [x, w] = [normal(3, 2, 16, 20, 8), normal(4, 3, 3, 8, 8)];
  for (const f of [inLoops, asBlock]) {
    expect(copiesOf((a, b) => f(a, b, { STRIDE: 1, PAD: 1 }), x, w)).toEqual(["2×18×22×8"]);
    // where nothing is masked nothing is copied
    expect(copiesOf((a, b) => f(a, b, { STRIDE: 1, PAD: 0 }), x, w)).toEqual([]);
  }
});

test("channels first, blocks that do not divide the image", () => {
  const [x, w] = [normal(5, 1, 8, 7, 19), normal(6, 12, 8, 3, 3)];
  agree(channelsFirst, [x, w, { BW: 8 }], { orders: ["forward"] });
  expect(copiesOf((a, b) => channelsFirst(a, b, { BW: 8 }), x, w)).toEqual(["8×9×21"]);
});

test("what is not zero beyond the mask is not taken for zero, and infinite weights meet the zeros", () => {
  const [x, w] = [normal(7, 40, 16), normal(8, 3, 16, 16)];
  agree(onesAround, [x, w], { orders: ["forward"] });
  expect(copiesOf((a, b) => onesAround(a, b), x, w)).toEqual([]);
  const [image, taps] = [normal(9, 1, 8, 8, 8), normal(10, 3, 3, 8, 8)];
  const infinite = np.where(np.greater(taps, 2), Number.POSITIVE_INFINITY, taps);
  agree(inLoops, [image, infinite, { STRIDE: 1, PAD: 1 }], { orders: ["forward"] });
});
