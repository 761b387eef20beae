/**
 * 5. Layer normalisation with a backward pass by hand: y = (x − mean) / √(var + eps) · weight + bias. The gradient of the input is a
 * program for each row; those of weight and bias are sums over all rows, which each program makes of its own rows first.
 */
import { customVjp, kernel, numpy as np, range, type Tensor } from "tilework";
import {
  arange,
  cdiv,
  type constexpr,
  load,
  type Out,
  programId,
  type Ref,
  rsqrt,
  store,
  sum,
  zeros,
} from "tilework/kernels";

export const forward = kernel(
  function layerNorm(
    x: Ref<"f32", ["rows", "cols"]>,
    weight: Ref<"f32", ["cols"]>,
    bias: Ref<"f32", ["cols"]>,
    y: Out<"f32", ["rows", "cols"]>,
    mean: Out<"f32", ["rows"]>,
    rstd: Out<"f32", ["rows"]>,
    BLOCK: constexpr,
    EPS: constexpr,
  ) {
    const row = programId(0);
    const col = arange(BLOCK);
    const n = x.shape[1];
    const inside = col < n;
    const v = load(x, [row, col], { mask: inside });
    const center = sum(v) / n;
    const d = inside ? v - center : 0;
    const scale = rsqrt(sum(d * d) / n + EPS);
    store(mean, [row], center);
    store(rstd, [row], scale);
    const w = load(weight, [col], { mask: inside });
    store(y, [row, col], d * scale * w + load(bias, [col], { mask: inside }), { mask: inside });
  },
  {
    out: (x) => [x, { shape: [x.shape[0]], dtype: "f32" }, { shape: [x.shape[0]], dtype: "f32" }],
    grid: (x) => [x.shape[0]],
  },
);

/** dx for each row; partial sums of dweight and dbias for each group of rows. */
export const backward = kernel(
  function layerNormBackward(
    dy: Ref<"f32", ["rows", "cols"]>,
    x: Ref<"f32", ["rows", "cols"]>,
    weight: Ref<"f32", ["cols"]>,
    mean: Ref<"f32", ["rows"]>,
    rstd: Ref<"f32", ["rows"]>,
    dx: Out<"f32", ["rows", "cols"]>,
    dweight: Out<"f32", ["groups", "cols"]>,
    dbias: Out<"f32", ["groups", "cols"]>,
    BLOCK: constexpr,
    ROWS: constexpr,
  ) {
    const group = programId(0);
    const col = arange(BLOCK);
    const [rows, n] = x.shape;
    const inside = col < n;
    const w = load(weight, [col], { mask: inside });
    let dw = zeros([BLOCK], "f32");
    let db = zeros([BLOCK], "f32");
    for (const k of range(ROWS)) {
      const row = group * ROWS + k;
      const both = inside && row < rows;
      const scale = load(rstd, [row], { mask: row < rows });
      const normal = (load(x, [row, col], { mask: both }) - load(mean, [row], { mask: row < rows })) * scale;
      const g = load(dy, [row, col], { mask: both });
      const along = both ? normal : 0;
      const wg = w * g;
      const c1 = sum(along * wg) / n;
      const c2 = sum(wg) / n;
      store(dx, [row, col], (wg - (along * c1 + c2)) * scale, { mask: both });
      dw += g * along;
      db += g;
    }
    store(dweight, [group, col], dw, { mask: inside });
    store(dbias, [group, col], db, { mask: inside });
  },
  {
    out: (dy, _x, _w, _m, _r, { ROWS }) => {
      const partial = { shape: [cdiv(dy.shape[0], ROWS), dy.shape[1]], dtype: "f32" as const };
      return [dy, partial, partial];
    },
    grid: (dy, _x, _w, _m, _r, { ROWS }) => [cdiv(dy.shape[0], ROWS)],
  },
);

const EPS = 1e-5;

/** Layer normalisation over the last axis of a matrix, differentiated by `backward`. */
export const layerNorm = customVjp((x: Tensor, weight: Tensor, bias: Tensor): Tensor => {
  const [y] = forward(x, weight, bias, { BLOCK: x.shape[1], EPS });
  return y;
});
layerNorm.defvjp(
  (x: Tensor, weight: Tensor, bias: Tensor) => {
    const [y, mean, rstd] = forward(x, weight, bias, { BLOCK: x.shape[1], EPS });
    return [y, { x, weight, mean, rstd }] as const;
  },
  ({ x, weight, mean, rstd }, dy: Tensor) => {
    const ROWS = Math.max(1, cdiv(x.shape[0], 64));
    const [dx, dweight, dbias] = backward(dy, x, weight, mean, rstd, { BLOCK: x.shape[1], ROWS });
    return [dx, np.sum(dweight, 0), np.sum(dbias, 0)];
  },
);
