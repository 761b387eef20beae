/** Programs of some size in staged source, against plain JavaScript or results that are known. */
import { array, grad, isTileworkError, jit, numpy as np, type Tensor, vmap } from "tilework";
import { expect, it } from "vitest";
import { captured } from "./captured.js";

const js = (x: unknown): number | number[] => (x as Tensor).js() as number;

it("Collatz: the number of steps, in whole numbers", () => {
  const f = captured(
    `(n) => { let steps = 0; while (n !== 1) { if (n % 2 === 0) n = n >> 1; else n = 3 * n + 1; steps++; } return steps; }`,
  );
  const n = array([1, 6, 7, 27], { dtype: "i32" });
  expect(js(jit(vmap(f) as never)(n))).toEqual([0, 8, 16, 111]);
});

it("an LSTM by for over time, with stacked outputs", () => {
  const f = captured(`function lstm(p, xs) {
    let { h, c } = { h: np.zeros([3]), c: np.zeros([3]) };
    const hs = [];
    for (const x of xs) {
      const z = np.dot(x, p.wx) + np.dot(h, p.wh) + p.b;
      const [i, f, g, o] = np.split(z, 4);
      const s = (v) => 1 / (1 + np.exp(-v));
      c = s(f) * c + s(i) * np.tanh(g);
      h = s(o) * np.tanh(c);
      hs.push(h);
    }
    return np.sum(np.stack(hs) ** 2) + np.sum(h);
  }`);
  const arange = (shape: number[], by: number): Tensor =>
    np
      .sin(
        np
          .arange(shape.reduce((a, b) => a * b))
          .astype("f32")
          .mul(by),
      )
      .reshape(shape);
  const p = { wx: arange([2, 12], 0.3), wh: arange([3, 12], 0.7), b: arange([12], 1.1) };
  const xs = arange([5, 2], 0.9);
  const value = js(jit(f)(p, xs)) as number;
  const g = (jit(grad(f) as never)(p, xs) as unknown as { b: Tensor }).b.js() as number[];
  const e = 1e-2;
  const at = (d: number): number => js(jit(f)({ ...p, b: p.b.at(1).add(d) }, xs)) as number;
  expect(Math.abs((at(e) - at(-e)) / (2 * e) - g[1])).toBeLessThan(1e-2);
  expect(value).toBeGreaterThan(0);
});

it("Mandelbrot with an early break, and its batch", () => {
  const f = captured(
    `(cr, ci) => { let zr = 0, zi = 0, n = 0; for (const i of range(50)) { [zr, zi] = [zr * zr - zi * zi + cr, 2 * zr * zi + ci]; if (zr * zr + zi * zi > 4) break; n = n + 1; } return n; }`,
  );
  const plain = (cr: number, ci: number): number => {
    let [zr, zi, n] = [0, 0, 0];
    for (let i = 0; i < 50; i++) {
      [zr, zi] = [zr * zr - zi * zi + cr, 2 * zr * zi + ci];
      if (zr * zr + zi * zi > 4) break;
      n++;
    }
    return n;
  };
  const cr = [-1, 0.3, 0.5, 2];
  const ci = [0.1, 0.6, 0.5, 0];
  expect(js(jit(vmap(f) as never)(array(cr), array(ci)))).toEqual(cr.map((r, i) => plain(r, ci[i])));
});

it("PPO's clipped loss with if", () => {
  const f = captured(
    `(ratio, adv) => { const clipped = Math.min(Math.max(ratio, 0.8), 1.2); if (adv >= 0) return -Math.min(ratio * adv, clipped * adv); return -Math.min(ratio * adv, clipped * adv); }`,
  );
  const g = jit(vmap(grad(f)) as never) as (...x: Tensor[]) => Tensor;
  const got = js(g(array([1.1, 1.5, 0.5, 0.5]), array([2, 2, -1, 1]))) as number[];
  got.forEach((v, i) => expect(v).toBeCloseTo([-2, 0, 0, -1][i]));
});

it("k-means until converged", () => {
  const f = captured(`(xs, centres) => {
    let moved = true;
    while (moved) {
      const d = np.sum((np.expandDims(xs, 1) - np.expandDims(centres, 0)) ** 2, 2);
      const one = np.equal(np.expandDims(np.argmin(d, 1), 1), np.arange(2)).astype("f32");
      const next = np.dot(one.T, xs) / np.expandDims(np.sum(one, 0), 1);
      moved = np.max(np.abs(next - centres)) > 1e-6;
      centres = next;
    }
    return centres;
  }`);
  const xs = array([
    [0, 0],
    [0, 1],
    [10, 10],
    [10, 11],
  ]);
  expect(
    js(
      jit(f)(
        xs,
        array([
          [0, 0],
          [1, 1],
        ]),
      ),
    ),
  ).toEqual([
    [0, 0.5],
    [10, 10.5],
  ]);
});

it("a state machine over a text", () => {
  const f = captured(`(text) => {
    let state = 0, count = 0, deepest = 0;
    for (const c of text) {
      switch (state) {
        case 0:
          if (c === 40) { count++; deepest = Math.max(deepest, count); }
          else if (c === 41) { count--; if (count < 0) state = 2; }
          else if (c === 34) state = 1;
          break;
        case 1:
          if (c === 34) state = 0;
          break;
      }
    }
    return state === 0 && count === 0 ? deepest : -1;
  }`);
  const text = (s: string): Tensor =>
    array(
      [...s.padEnd(12)].map((c) => c.charCodeAt(0)),
      { dtype: "i32" },
    );
  const run = jit(f);
  expect(["((a)())", '(")))")', "())(", "(("].map((s) => js(run(text(s))))).toEqual([2, 1, -1, -1]);
});

it("an ODE solver with steps of its own size", () => {
  const f = captured(`(y0, k) => {
    let t = 0, y = y0, h = 0.1;
    const slope = (y) => -k * y;
    for (const i of range(400)) {
      if (t >= 1) break;
      if (t + h > 1) h = 1 - t;
      const k1 = slope(y), k2 = slope(y + h * k1);
      const error = Math.abs(h * (k2 - k1) / 2);
      if (error < 1e-4) { y = y + h * (k1 + k2) / 2; t = t + h; h = h * 1.5; }
      else h = h * 0.5;
    }
    return y;
  }`);
  expect(js(jit(f)(array(2), array(1)))).toBeCloseTo(2 * Math.exp(-1), 3);
  expect(js(jit(grad(f) as never)(array(2), array(1)))).toBeCloseTo(Math.exp(-1), 3);
});

it("a class with layers in a list", () => {
  const net = captured(`new (class Net {
    layers = [{ w: 2, b: 1 }, { w: 3, b: -1 }];
    layer(p, x) { return np.tanh(x * p.w + p.b); }
    forward(x) { let h = x; for (const p of this.layers) h = this.layer(p, h); return h; }
  })()`);
  const y = jit(captured("(x) => net.forward(x)", { net }))(array(0.1));
  expect(js(y)).toBeCloseTo(Math.tanh(3 * Math.tanh(1.2) - 1));
});

it("every mistake of a function is told", () => {
  const f = captured("(x) => { var y = x; try { y = 2; } catch {} return y; }");
  try {
    jit(f)(array(1));
    expect.unreachable();
  } catch (e) {
    if (!isTileworkError(e)) throw e;
    expect(e.code).toBe("TW7003");
    expect(e.diagnostic.notes?.join()).toMatch(/TW7002 at model.ts:2/);
  }
});
