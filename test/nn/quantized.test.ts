/** Weights of few bits, rotary embedding and attention within lengths, held against the same by plain means. */
import { explain, grad, jit, nn, numpy as np, random, type Tensor, vmap } from "tilework";
import { library } from "tilework/kernels";
import { describe, expect, it } from "vitest";
import { codeOf, errorOf } from "../api/helpers.js";

const normal = (seed: number, shape: readonly number[]): Tensor => random.normal(random.key(seed), shape);
const furthest = (a: Tensor, b: Tensor): number => np.max(np.abs(np.subtract(a, b))).item() as number;

describe("quantised weights", () => {
  const KINDS: [string, nn.QuantizeOptions, number][] = [
    ["8 bits", {}, 127],
    ["8 bits in groups", { group: 16 }, 127],
    ["4 bits", { bits: 4 }, 7],
    ["4 bits, groups of an odd size", { bits: 4, group: 3 }, 7],
  ];
  it.each(KINDS)("%s: rounded to half a step, and products are those of what they stand for", (_, options, most) => {
    const w = normal(1, [96, 20]);
    const q = nn.quantize(w, options);
    const steps = np.repeat(q.scale, 96 / q.scale.shape[0], 0);
    expect(np.max(np.abs(nn.dequantize(q).sub(w)).div(steps)).item()).toBeLessThan(0.5001);
    expect(np.max(np.abs(nn.dequantize(q).div(steps))).item()).toBeCloseTo(most, 3);
    const plain = (x: Tensor): Tensor => np.dot(x, nn.dequantize(q));
    const product = (x: Tensor): Tensor => nn.quantizedDot(x, q);
    for (const shape of [[96], [1, 96], [5, 96], [2, 3, 96]]) {
      const x = normal(2, shape);
      expect(furthest(jit(product)(x), plain(x))).toBeLessThan(2e-5);
      expect(furthest(product(x), plain(x))).toBeLessThan(2e-5);
      const total = (f: typeof plain) => (t: Tensor) => np.sum(np.sin(f(t)));
      expect(furthest(jit(grad(total(product)))(x), grad(total(plain))(x))).toBeLessThan(5e-5);
    }
    const many = normal(3, [4, 5, 96]);
    expect(furthest(jit(vmap(product))(many), plain(many))).toBeLessThan(2e-5);
  });
  it("are the numbers of the kernels' weights", () => {
    const w = normal(1, [64, 33]);
    expect(nn.quantize(w).values.js()).toEqual(library.quantizeInt8(w)[0].js());
    expect(nn.quantize(w, { bits: 4 }).values.js()).toEqual(library.quantizeInt4(w)[0].js());
  });
  it("make a layer of a trained one, over any number of rows", () => {
    const p = nn.linear.init(random.key(0), 64, 8);
    const q = nn.quantizedLinear.from(p, { bits: 4 });
    const layer = jit((x: Tensor) => nn.quantizedLinear(q, x));
    for (const rows of [3, 5, 8, 9]) {
      const x = normal(rows, [rows, 64]);
      expect(furthest(layer(x), nn.linear({ ...p, w: nn.dequantize(q.w) }, x))).toBeLessThan(1e-5);
    }
  });
  it.each([4, 8] as const)("of %i bits are not kept as floats of all layers for the gradient", (bits) => {
    const n = 64;
    const memory = (layers: number): number => {
      const p = nn.quantizedLinear.from(nn.linear.init(random.key(0), n, n), { bits, group: 32 });
      const net = (x: Tensor, ps: (typeof p)[]) => np.sum(ps.reduce((y, q) => np.tanh(nn.quantizedLinear(q, y)), x));
      return explain(jit(grad(net)))(normal(1, [n]), Array<typeof p>(layers).fill(p)).arenaBytes;
    };
    expect(memory(5) - memory(2)).toBeLessThan(4 * n * n);
  });
  it("say what does not fit", () => {
    const w = normal(1, [10, 4]);
    expect(codeOf(() => nn.quantize(w, { bits: 4 }))).toBe("TW2011");
    expect(codeOf(() => nn.quantize(np.ones([4]) as Tensor))).toBe("TW2005");
    expect(codeOf(() => nn.quantizedDot(normal(2, [3, 9]), nn.quantize(w)))).toBe("TW2001");
  });
});

describe("rotary embedding", () => {
  it("is the kernel's, with its gradient, batched, over any number of positions", () => {
    const f = jit((x: Tensor, cos: Tensor, sin: Tensor) => nn.rotary(x, cos, sin));
    for (const t of [1, 5, 7, 16]) {
      const [x, g] = [normal(t, [2, t, 3, 8]), normal(9, [2, t, 3, 8])];
      const [cos, sin] = nn.rotaryTables(t, 8);
      expect(furthest(f(x, cos, sin), library.rotary(x, cos, sin))).toBeLessThan(1e-6);
      const slope = (of: (x: Tensor, cos: Tensor, sin: Tensor) => Tensor) =>
        grad((y: Tensor) => np.sum(of(y, cos, sin).mul(g)))(x);
      expect(furthest(slope(nn.rotary), slope(library.rotary))).toBeLessThan(1e-6);
      expect(furthest(vmap((y: Tensor) => nn.rotary(y, cos, sin))(x), nn.rotary(x, cos, sin))).toBe(0);
    }
  });
  it("takes one position, and names tables that do not fit", () => {
    const [cos, sin] = nn.rotaryTables(4, 8);
    const x = normal(1, [4, 3, 8]);
    expect(furthest(nn.rotary(x.index(2), cos.index(2), sin.index(2)), nn.rotary(x, cos, sin).index(2))).toBe(0);
    expect(codeOf(() => nn.rotary(normal(1, [4, 3, 6]), cos, sin))).toBe("TW2001");
  });
});

describe("attention within lengths and windows", () => {
  const [b, t, s] = [2, 5, 7];
  const [q, k, v] = [normal(1, [b, t, 4, 8]), normal(2, [b, s, 2, 8]), normal(3, [b, s, 2, 8])];
  it("of keys is that of a mask", () => {
    const keyValueSeqLengths = np.array([3, 7], "i32");
    const mask = np.less(np.arange(s, { dtype: "i32" }), np.reshape(keyValueSeqLengths, [b, 1, 1, 1]));
    const [x, y] = [{ keyValueSeqLengths }, { mask }].map((o) => nn.dotProductAttention(q, k, v, o));
    expect(furthest(x, y)).toBe(0);
  });
  it("of queries leaves zeros behind them", () => {
    const y = nn.dotProductAttention(q, k, v, { querySeqLengths: np.array([5, 2], "i32") });
    const plain = nn.dotProductAttention(q, k, v);
    expect(furthest(y.index(0), plain.index(0))).toBe(0);
    expect(furthest(y.index(1, ":2"), plain.index(1, ":2"))).toBe(0);
    expect(np.max(np.abs(y.index(1, "2:"))).item()).toBe(0);
  });
  it("a window is a band of the mask, counted from the last key", () => {
    const place = np.expandDims(np.arange(t, { dtype: "i32" }).add(s - t), 1);
    const apart = np.arange(s, { dtype: "i32" }).sub(place);
    const mask = np.logicalAnd(np.greaterEqual(apart, -2), np.lessEqual(apart, 1));
    const y = nn.dotProductAttention(q, k, v, { localWindowSize: [2, 1] });
    expect(furthest(y, nn.dotProductAttention(q, k, v, { mask }))).toBe(0);
    const one = nn.dotProductAttention(q, k, v, { localWindowSize: 1, causal: true });
    expect(furthest(one, nn.dotProductAttention(q, k, v, { localWindowSize: [1, 0] }))).toBe(0);
  });
  it("one query of a long cache, filled more or less", () => {
    const size = 520;
    const [one, keys, values] = [normal(1, [b, 1, 4, 4]), normal(2, [b, size, 2, 4]), normal(3, [b, size, 2, 4])];
    type Attend = (x: Tensor, filled: Tensor) => Tensor;
    const f: Attend = (x, filled) => nn.dotProductAttention(x, keys, values, { keyValueSeqLengths: filled });
    const plain: Attend = (x, filled) => {
      const mask = np.less(np.arange(size, { dtype: "i32" }), np.reshape(filled, [b, 1, 1, 1]));
      return nn.dotProductAttention(x, keys, values, { mask });
    };
    const withSlope = (of: Attend) =>
      jit((x: Tensor, filled: Tensor) => [of(x, filled), grad((y: Tensor) => np.sum(np.sin(of(y, filled))))(x)]);
    const [ours, masked] = [withSlope(f), withSlope(plain)];
    const batched = jit(vmap(f, { inAxes: [0, null] }));
    for (const lengths of [
      [3, 100],
      [200, 4],
      [520, 512],
    ]) {
      const filled = np.array(lengths, "i32");
      const [y, slope] = ours(one, filled);
      const [want, wantSlope] = masked(one, filled);
      expect(furthest(y, want)).toBeLessThan(1e-6);
      expect(furthest(slope, wantSlope)).toBeLessThan(1e-6);
      const kernel = library.decodeAttention(np.squeeze(one, 1), keys, values, filled);
      expect(furthest(np.squeeze(y, 1), kernel)).toBeLessThan(1e-6);
      const many = batched(np.stack([one, one.mul(2)]), filled);
      expect(furthest(many, np.stack([y, masked(one.mul(2), filled)[0]]))).toBeLessThan(1e-6);
    }
    // lengths of few bits, and a sequence without keys beside others
    const bytes = np.array([200, 100], "u8");
    expect(furthest(f(one, bytes), plain(one, bytes.astype("i32")))).toBeLessThan(1e-6);
    const none = np.array([0, 5], "i32");
    expect(furthest(f(one, none), plain(one, none))).toBeLessThan(1e-6);
  });
  it("a layer of them, quantised, is one program over named sizes", () => {
    const p = nn.quantizedLinear.from(nn.linear.init(random.key(0), 8, 8), { bits: 4, group: 8 });
    const layer = (x: Tensor, cos: Tensor, sin: Tensor, keyValueSeqLengths: Tensor): Tensor => {
      const heads = np.reshape(nn.quantizedLinear(p, x), [...x.shape.slice(0, 2), 2, 4]);
      const turned = nn.rotary(heads, cos, sin);
      return nn.dotProductAttention(turned, turned, heads, { keyValueSeqLengths, localWindowSize: [3, 0] });
    };
    const sizes = { 0: "batch", 1: "time" };
    const f = jit(layer, { dynamic: [sizes, { 0: "time" }, { 0: "time" }, { 0: "batch" }] });
    for (const [batch, time] of [
      [2, 5],
      [3, 9],
      [7, 4],
    ]) {
      const x = normal(batch, [batch, time, 8]);
      const lengths = np.arange(batch, { dtype: "i32" }).add(1);
      expect(
        furthest(f(x, ...nn.rotaryTables(time, 4), lengths), layer(x, ...nn.rotaryTables(time, 4), lengths)),
      ).toBeLessThan(1e-5);
    }
    expect(f.entries().map((e) => e.refusal)).toEqual([""]);
  });
  it("names lengths that do not fit", () => {
    const attend = (o: nn.AttentionOptions) => codeOf(() => nn.dotProductAttention(q, k, v, o));
    expect(attend({ keyValueSeqLengths: np.array([1, 2, 3], "i32") })).toBe("TW2001");
    expect(attend({ querySeqLengths: np.array([1, 2]) })).toBe("TW2001");
    expect(attend({ localWindowSize: -1 })).toBe("TW2011");
  });
  it("names options and dtypes that do not fit", () => {
    const attend = (o: object) => errorOf(() => nn.dotProductAttention(q, k, v, o)).message;
    expect(attend({ localWindowSize: 1.5 })).toMatch(
      /TW2011: dotProductAttention: localWindowSize is a number \(1.5\)/,
    );
    expect(attend({ localWindowSize: [1] })).toMatch(/TW2011: dotProductAttention: localWindowSize is \[1\]/);
    expect(attend({ scale: "a" })).toMatch(/TW1003: dotProductAttention: the scale is a string \(a\), not a number/);
    const whole = np.ones([1, 4, 2, 8], "i32");
    expect(errorOf(() => nn.dotProductAttention(whole, whole, whole)).message).toMatch(
      /TW2005: dotProductAttention: needs floats, got i32\[1,4,2,8\]/,
    );
  });
});
