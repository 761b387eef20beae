/** Attention of long sequences: the same as of short ones, in memory that grows as the length. */
import { explain, grad, jit, jvp, nn, numpy as np, random, type Tensor, vjp, vmap } from "tilework";
import { describe, expect, it } from "vitest";
import { codeOf } from "../api/helpers.js";

const normal = (seed: number, shape: readonly number[], dtype: "f32" | "f64" = "f32"): Tensor =>
  random.normal(random.key(seed), shape, dtype);

/** Every score at once. */
function plain(q: Tensor, k: Tensor, v: Tensor, o: nn.AttentionOptions): Tensor {
  const [, t, h, d] = q.shape;
  const [, s, kv] = k.shape;
  const [keys, values] = [np.repeat(k, h / kv, 2), np.repeat(v, h / kv, 2)];
  let scores = np.einsum("bthd,bshd->bhts", q, keys).mul(o.scale ?? 1 / Math.sqrt(d));
  if (o.bias) scores = np.add(scores, o.bias);
  const hidden = -0.7 * 3.4e38;
  if (o.mask) scores = np.where(o.mask, scores, hidden);
  if (o.causal) scores = np.where(np.tril(np.ones([t, s], "bool"), s - t), scores, hidden);
  return np.einsum("bhts,bshd->bthd", nn.softmax(scores, -1), values);
}
const furthest = (a: Tensor, b: Tensor): number => np.max(np.abs(a.sub(b))).item();
const attend = (o: nn.AttentionOptions) => jit((q: Tensor, k: Tensor, v: Tensor) => nn.dotProductAttention(q, k, v, o));
type Attend = (q: Tensor, k: Tensor, v: Tensor) => Tensor;
const gradients = (f: Attend, weight: Tensor) => jit((q: Tensor, k: Tensor, v: Tensor) => vjp(f, q, k, v)[1](weight));

type Sizes = [b: number, t: number, s: number, h: number, kv: number, d: number, e: number];
const bool = (seed: number, shape: readonly number[]): Tensor => random.bernoulli(random.key(seed), 0.7, shape);
const CASES: [string, Sizes, (...n: Sizes) => nn.AttentionOptions][] = [
  ["everything", [2, 512, 512, 2, 1, 16, 20], () => ({})],
  ["causal", [2, 512, 512, 2, 2, 16, 3], () => ({ causal: true })],
  ["causal, an odd length, shared keys", [1, 611, 611, 4, 2, 4, 4], () => ({ causal: true, scale: 0.3 })],
  ["causal with more keys", [1, 300, 999, 2, 1, 4, 2], () => ({ causal: true })],
  ["causal with fewer keys", [1, 600, 450, 1, 1, 4, 4], () => ({ causal: true })],
  ["a mask for all heads", [2, 513, 520, 2, 1, 4, 4], (b, t, s) => ({ mask: bool(7, [b, 1, t, s]) })],
  ["a mask of keys, causal", [1, 512, 512, 2, 2, 16, 16], (b, _, s) => ({ mask: bool(7, [b, 1, 1, s]), causal: true })],
  ["a bias of each head", [2, 512, 512, 4, 2, 4, 4], (_, t, s, h) => ({ bias: normal(8, [h, t, s]), causal: true })],
  ["mask and bias", [1, 512, 513, 2, 2, 2, 4], (_, t, s) => ({ mask: bool(7, [t, 1]), bias: normal(8, [s]) })],
];

describe("attention in blocks", () => {
  it.each(CASES)("%s: results and gradients are those of all scores at once", (_, sizes, make) => {
    const [b, t, s, h, kv, d, e] = sizes;
    const o = make(...sizes);
    const xs = [normal(1, [b, t, h, d]), normal(2, [b, s, kv, d]), normal(3, [b, s, kv, e])] as const;
    const y = attend(o)(...xs);
    const expected = plain(...xs, o);
    expect(furthest(y, expected)).toBeLessThan(2e-6);
    const weight = normal(4, y.shape);
    const found = gradients(attend(o), weight)(...xs);
    gradients(
      (q, k, v) => plain(q, k, v, o),
      weight,
    )(...xs).forEach((g, i) => expect(furthest(found[i], g)).toBeLessThan(2e-5));
  });
  it("works without a batch", () => {
    const [q, k, v] = [0, 1, 2].map((n) => np.sin(np.arange(24, { dtype: "f32" }).add(n)).reshape([4, 2, 3]));
    const batched = nn.dotProductAttention(...([q, k, v].map((x) => np.expandDims(x, 0)) as [Tensor, Tensor, Tensor]), {
      causal: true,
    });
    expect(nn.dotProductAttention(q, k, v, { causal: true }).js()).toEqual(np.squeeze(batched, 0).js());
  });
  it("the gradient of a bias", () => {
    const xs = [normal(1, [1, 512, 2, 4]), normal(2, [1, 512, 2, 4]), normal(3, [1, 512, 2, 4])] as const;
    const total = (f: typeof plain) => (bias: Tensor) => np.sum(np.square(f(...xs, { bias, causal: true })));
    const bias = normal(5, [2, 1, 512]);
    const found = jit(grad(total(nn.dotProductAttention)))(bias);
    expect(furthest(found, jit(grad(total(plain)))(bias))).toBeLessThan(2e-5);
  });
  it("gradients are finite differences", () => {
    const f = jit((q: Tensor, k: Tensor, v: Tensor) =>
      np.sum(np.sin(nn.dotProductAttention(q, k, v, { causal: true }).mul(3))),
    );
    const xs = [1, 2, 3].map((i) => normal(i, [1, 520, 1, 4], "f64")) as [Tensor, Tensor, Tensor];
    const ds = [4, 5, 6].map((i) => normal(i, [1, 520, 1, 4], "f64"));
    const at = (h: number): number => f(...(xs.map((x, i) => x.add(ds[i].mul(h))) as typeof xs)).item();
    const slope = (at(1e-5) - at(-1e-5)) / 2e-5;
    const gs = jit(grad(f, { argnums: [0, 1, 2] }))(...xs);
    const along = gs.reduce((sum, g, i) => sum + np.sum(g.mul(ds[i])).item(), 0);
    expect(Math.abs(along - slope)).toBeLessThan(1e-6 * Math.max(1, Math.abs(slope)));
    const [, tangent] = jvp(f, xs, ds as typeof xs);
    expect(Math.abs(tangent.item() - slope)).toBeLessThan(1e-6 * Math.max(1, Math.abs(slope)));
  });
  it("is batched and differentiated like everything else", () => {
    const xs = [1, 2, 3].map((i) => normal(i, [2, 1, 512, 1, 4])) as [Tensor, Tensor, Tensor];
    const loss = (q: Tensor, k: Tensor, v: Tensor): Tensor =>
      np.sum(np.square(nn.dotProductAttention(q, k, v, { causal: true })));
    const all = jit(vmap(grad(loss)))(...xs);
    [0, 1].forEach((i) => {
      const one = jit(grad(loss))(...(xs.map((x) => x.index(i)) as typeof xs));
      expect(furthest(all.index(i), one)).toBeLessThan(2e-6);
    });
  });
  it.each([false, true])("memory grows as the length, forwards and backwards (causal: %s)", (causal) => {
    const bytes = (t: number, backwards: boolean): number => {
      const xs = [1, 2, 3].map((i) => normal(i, [1, t, 2, 8])) as [Tensor, Tensor, Tensor];
      const f = (q: Tensor, k: Tensor, v: Tensor): Tensor => nn.dotProductAttention(q, k, v, { causal });
      const loss = (q: Tensor, k: Tensor, v: Tensor): Tensor => np.sum(np.square(f(q, k, v)));
      return explain(backwards ? jit(grad(loss, { argnums: [0, 1, 2] })) : jit(f))(...xs).arenaBytes;
    };
    for (const backwards of [false, true]) {
      const [small, twice, four] = [1024, 2048, 4096].map((t) => bytes(t, backwards));
      expect(twice).toBeLessThan(2.1 * small);
      expect(four).toBeLessThan(4.2 * small);
    }
  });
  it("a mask that does not fit is named", () => {
    const x = np.zeros([1, 512, 1, 4]);
    expect(codeOf(() => nn.dotProductAttention(x, x, x, { mask: np.ones([512, 511], "bool") }))).toBe(
      codeOf(() => nn.dotProductAttention(x.index([], [0, 3]), x, x, { mask: np.ones([3, 511], "bool") })),
    );
  });
});
