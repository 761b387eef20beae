/** Products, windows, reductions, orders, indices and factorisations. */
import { grad, lax, nn, numpy as np, type Tensor } from "tilework";
import type { Rng } from "../../laws/random.js";
import { after, type Case, data, type F, floating, type Kind, numeric, sizeUpTo } from "./cases.js";

const square = (x: Tensor): Tensor => np.sum(x.mul(x));

function einsum(rng: Rng): Case {
  const letters = [..."abcdefgh"];
  const take = (n: number): string[] => letters.splice(0, n);
  const [batch, rows, columns] = [take(rng.int(0, 1)), take(rng.int(0, 2)), take(rng.int(1, 2))];
  const summed = take(rng.int(1, 3));
  const outer = new Set([...rows, ...columns]);
  const sizes = new Map(
    [...batch, ...rows, ...columns, ...summed].map((l) => [
      l,
      sizeUpTo(rng, summed.length > 2 ? 9 : outer.has(l) ? 40 : 17),
    ]),
  );
  const [a, b] = [rng.shuffle([...batch, ...rows, ...summed]), rng.shuffle([...batch, ...summed, ...columns])];
  const plain = [...batch, ...rows, ...columns];
  const out = rng.chance(0.7) ? plain : rng.shuffle(plain);
  const spec = `${a.join("")},${b.join("")}->${out.join("")}`;
  const shape = (of: readonly string[]): number[] => of.map((l) => sizes.get(l) ?? 1);
  const dtype = floating(rng);
  const biased = rng.chance(0.5);
  const then = after(rng);
  return {
    label: `${spec} ${[...sizes].map((s) => s.join("=")).join(" ")} ${dtype}`,
    f: (x, w, c) => {
      const y = np.einsum(spec, x, w);
      return then(biased ? y.add(c) : y, x);
    },
    args: [data(rng, shape(a), dtype), data(rng, shape(b), dtype), data(rng, shape(out.slice(-1)), dtype)],
  };
}

function namedProduct(rng: Rng): Case {
  const [m, k, n] = [sizeUpTo(rng, 65), sizeUpTo(rng, 65), sizeUpTo(rng, 65)];
  const then = after(rng);
  return {
    label: `${m}x${k} by ${k}x${n}, rows named`,
    f: (x, w) => then(np.dot(x, w), x),
    args: [data(rng, [m + 2, k]), data(rng, [k, n])],
    dynamic: [{ 0: "rows" }, null],
  };
}

function convolution(rng: Rng): Case {
  const dtype = floating(rng);
  const grouped = rng.chance(0.25);
  const c = sizeUpTo(rng, 17);
  const o = grouped ? c : rng.pick([1, 3, 5, 9, 12, 13, 17, 20, 24, 28, 36]);
  const [kh, kw] = [rng.int(1, 3), rng.int(1, 3)];
  const stride = rng.pick([1, 1, 2]);
  const options = {
    padding: rng.pick(["SAME", "VALID"] as const),
    windowStrides: [stride, stride],
    dimensionNumbers: ["NHWC", "HWIO", "NHWC"] as const,
    featureGroupCount: grouped ? c : 1,
  };
  const conv = (x: Tensor, w: Tensor): Tensor => lax.convGeneralDilated(x, w, options as never);
  const f = rng.pick<F>([
    (x, w) => conv(x, w),
    (x, w, b) => nn.relu(conv(x, w).add(b)),
    (x, w) => grad((v: Tensor) => square(conv(x, v)))(w) as Tensor,
    (x, w) => grad((v: Tensor) => square(conv(v, w)))(x) as Tensor,
    (x, w, b) => {
      const y = nn.relu(conv(x, w).add(b));
      return [y, np.max(y, 1), np.sum(y, 2)];
    },
  ]);
  const input = [rng.int(1, 2), rng.int(3, 10), rng.int(3, 12), c];
  const window = [kh, kw, grouped ? 1 : c, o];
  return {
    label: `convolution [${input.join()}] [${window.join()}] ${options.padding} ${stride} ${dtype}`,
    f,
    args: [data(rng, input, dtype), data(rng, window, dtype), data(rng, [o], dtype)],
  };
}

function pool(rng: Rng): Case {
  const dtype = floating(rng);
  const shape = [rng.int(1, 2), rng.int(3, 12), rng.int(3, 12), rng.pick([3, 5, 9, 12, 20, 28])];
  const [k, s] = [rng.int(2, 3), rng.int(1, 2)];
  const options = { strides: [s, s], padding: "SAME" } as never;
  const f = rng.pick<F>([
    (x) => nn.maxPool(x, [k, k], options),
    (x) => nn.avgPool(x, [k, k], options),
    (x) => grad((v: Tensor) => square(nn.maxPool(v, [k, k], options)))(x) as Tensor,
    (x) => grad((v: Tensor) => square(nn.avgPool(v, [k, k], options)))(x) as Tensor,
  ]);
  return { label: `pool [${shape.join()}] ${k} ${s} ${dtype}`, f, args: [data(rng, shape, dtype)] };
}

function reduction(rng: Rng): Case {
  const dtype = numeric(rng);
  const rank = rng.int(1, 4);
  const shape = Array.from({ length: rank }, () => sizeUpTo(rng, rank > 2 ? 20 : 65));
  const parts = Array.from({ length: rng.int(1, 3) }, () => ({
    name: rng.pick(["sum", "max", "min", "prod", "mean", "argmax", "std", "any", "logsumexp", "countNonzero"] as const),
    axes: shape.map((_, i) => i).filter(() => rng.chance(0.5)),
  }));
  const reduced = (x: Tensor, { name, axes }: (typeof parts)[number]): Tensor => {
    if (name === "argmax") return np.argmax(x, axes[0] ?? 0);
    const of = name === "logsumexp" || name === "std" || name === "mean" ? x.astype("f32") : x;
    return np[name](of, (axes.length > 0 ? axes : null) as never);
  };
  return {
    label: `${parts.map((p) => `${p.name}(${p.axes.join()})`).join(" ")} ${dtype}[${shape.join()}]`,
    f: (x) => parts.map((p) => reduced(x, p)),
    args: [data(rng, shape, dtype)],
  };
}

function normalisation(rng: Rng): Case {
  const dtype = floating(rng);
  const shape = [sizeUpTo(rng, 24), sizeUpTo(rng, 40), sizeUpTo(rng, 65)].slice(rng.int(0, 1));
  const axis = rng.int(0, shape.length - 1);
  const f = rng.pick<F>([
    (x) => nn.softmax(x, axis),
    (x) => grad((v: Tensor) => np.sum(nn.logSoftmax(v, axis).mul(v)))(x) as Tensor,
    (x) => {
      const d = x.sub(np.mean(x, axis, { keepdims: true }));
      return d.div(np.sqrt(np.mean(d.mul(d), axis, { keepdims: true }).add(1e-5)));
    },
    (x) => [np.sum(np.exp(x), axis), np.max(x, axis), np.min(x, axis)],
    (x) => [np.std(x, axis), nn.logsumexp(x, axis), x],
  ]);
  return { label: `normalisation [${shape.join()}] ${axis} ${dtype}`, f, args: [data(rng, shape, dtype)] };
}

function cumulative(rng: Rng): Case {
  const dtype = numeric(rng);
  const shape = [sizeUpTo(rng, 9), sizeUpTo(rng, 40), rng.pick([1, 4, 7, 20, 65, 300])].slice(rng.int(0, 2));
  const axis = rng.int(0, shape.length - 1);
  const f = rng.pick<F>([
    (x) => np.cumsum(x, axis),
    (x) => [np.cumprod(x, axis), x.add(1)],
    (x) => [np.cummax(x, axis), np.cummin(x, axis)],
    (x) => [lax.cumsum(x, axis, { reverse: true } as never), np.sum(x, axis)],
    (x) => [np.cumsum(x.astype("f32"), axis), lax.cumlogsumexp(x.astype("f32"), axis)],
    (x) => grad((v: Tensor) => square(np.cumsum(np.sin(v), axis)))(x.astype("f32")) as Tensor,
  ]);
  return { label: `cumulative [${shape.join()}] ${axis} ${dtype}`, f, args: [data(rng, shape, dtype)] };
}

function order(rng: Rng): Case {
  const dtype = numeric(rng);
  const shape = [sizeUpTo(rng, 20), rng.pick([1, 5, 16, 40, 300, 2000])].slice(rng.int(0, 1));
  const axis = rng.int(0, shape.length - 1);
  const k = Math.min(shape[shape.length - 1], rng.pick([1, 3, 8, 20]));
  const f = rng.pick<F>([
    (x) => np.sort(x, axis),
    (x) => [np.argsort(x, axis), x],
    (x) => [np.sort(x, axis), np.argsort(x, axis)],
    (x) => lax.topK(x, k),
    (x) => [np.median(x.astype("f32"), axis), np.sort(x, axis)],
    (x) =>
      grad((v: Tensor) => square(np.sort(v, axis).mul(np.arange(shape[shape.length - 1]))))(x.astype("f32")) as Tensor,
    (x) => np.searchsorted(np.sort(np.ravel(x)), np.ravel(x)),
  ]);
  return { label: `order [${shape.join()}] ${axis} ${dtype}`, f, args: [data(rng, shape, dtype)] };
}

function indices(rng: Rng): Case {
  const dtype = numeric(rng);
  const [n, d, count] = [sizeUpTo(rng, 40), sizeUpTo(rng, 40), sizeUpTo(rng, 65)];
  const at = np.array(
    Array.from({ length: count }, () => rng.int(0, n - 1)),
    { dtype: "i32" },
  );
  const f = rng.pick<F>([
    (x, i) => np.take(x, i, 0),
    (x, i) => [np.take(x, i, 0).mul(2), x],
    (x, i, v) => x.at(i).add(v),
    (x, i, v) => x.at(i).set(v.mul(2)),
    (x, i, v) => [x.at(i).max(v), np.sum(v, 0)],
    (x, i) => np.take(np.transpose(x), i, 1),
    (x, i) => grad((v: Tensor) => square(np.take(v, i, 0)))(x.astype("f32")) as Tensor,
    (x, i) => [np.roll(x, 3, 0), np.flip(x, 1), np.concatenate([x, x], 1), np.take(x, i, 0)],
    (x) => [
      np.pad(x, [
        [1, 2],
        [0, 3],
      ]),
      np.tile(x, [1, 2]),
      np.transpose(x),
    ],
    (x) => [np.tril(x), np.where(np.greater(x, 0), x, 1), np.diff(x.astype("f32"), 1, 0)],
  ]);
  return {
    label: `indices [${n},${d}] at ${count} ${dtype}`,
    f,
    args: [data(rng, [n, d], dtype), at, data(rng, [count, d], dtype)],
  };
}

function factorisation(rng: Rng): Case {
  const dtype = floating(rng);
  const n = rng.pick([1, 2, 3, 5, 8, 13, 16, 17, 24, 33, 40, 70]);
  const m = rng.pick([n, n, n + 3, n + 16]);
  const batch = n < 20 && rng.chance(0.3) ? [3] : [];
  const spd = (x: Tensor): Tensor => np.matmul(x, np.swapaxes(x, -1, -2)).add(np.multiply(np.eye(n), n));
  const { linalg } = np;
  const regular = (x: Tensor): Tensor => x.add(np.multiply(np.eye(n), n));
  const [name, f] = rng.pick<[string, F]>([
    ["cholesky", (x) => linalg.cholesky(spd(x))],
    ["solve", (x, b) => linalg.solve(regular(x), b)],
    ["inverse", (x) => [linalg.inv(regular(x)), x]],
    ["determinant", (x) => linalg.slogdet(x) as unknown as Tensor[]],
    ["qr", (_x, b) => linalg.qr(b) as unknown as Tensor[]],
    ["eigh", (x) => linalg.eigh(x.add(np.swapaxes(x, -1, -2))) as unknown as Tensor[]],
    ["eigenvalues", (x) => linalg.eigvalsh(spd(x))],
    ["svd", (_x, b) => linalg.svd(b, { fullMatrices: false } as never) as unknown as Tensor[]],
    ["singular values", (_x, b) => linalg.svdvals(b)],
    ["triangular", (x, b) => linalg.solveTriangular(np.tril(regular(x)), b, { lower: true } as never)],
    ["upper triangular", (x, b) => linalg.solveTriangular(np.triu(regular(x)), b, { lower: false } as never)],
    ["gradient of cholesky", (x) => grad((v: Tensor) => square(linalg.cholesky(spd(v))))(x) as Tensor],
    ["gradient of solve", (x, b) => grad((v: Tensor) => square(linalg.solve(regular(v), b)))(x) as Tensor],
    ["least squares", (_x, b) => linalg.pinv(b)],
  ]);
  const width = name === "svd" || name === "qr" ? m : rng.pick([1, 3, 8, 17, 40]);
  return {
    label: `${name} [${[...batch, n, n].join()}] with [${[...batch, n, width].join()}] ${dtype}`,
    f,
    args: [data(rng, [...batch, n, n], dtype), data(rng, [...batch, n, width], dtype)],
  };
}

export const ARRAYS: Readonly<Record<string, Kind>> = {
  einsum,
  namedProduct,
  convolution,
  pool,
  reduction,
  normalisation,
  cumulative,
  order,
  indices,
  factorisation,
};
