import { array, grad, jit, jvp, numpy as np, type Tensor, vmap } from "tilework";
import { expect, it } from "vitest";
import { captured } from "./captured.js";

const js = (x: unknown): unknown => (x as Tensor).js();

it("operators, if, early return", () => {
  const f = captured("(x) => { if (x > 2) return x * x; const y = -x + 1; return y / 2; }");
  for (const v of [3, 1, -4]) expect(js(jit(f as (x: number) => Tensor)(v))).toBeCloseTo(v > 2 ? v * v : (1 - v) / 2);
  expect(js(grad(f)(array(3)))).toBe(6);
  expect(js(grad(f)(array(1)))).toBe(-0.5);
  expect(js(vmap(f)(array([3, 1])))).toEqual([9, 0]);
  expect(js(jit(vmap(grad(f)) as never)(array([3, 1])))).toEqual([6, -0.5]);
});

it("newton by while", () => {
  const f = captured("(a) => { let x = a; while (np.abs(x * x - a) > 1e-4) x = 0.5 * (x + a / x); return x; }");
  expect(js(jit(f)(array(2)))).toBeCloseTo(Math.SQRT2, 3);
  expect(js(jvp(f, [array(2)], [array(1)])[1])).toBeCloseTo(0.35355, 3);
});

it("scan with range, push, break", () => {
  const f = captured(
    `(x) => { let h = 0; const ys = []; for (const i of range(5)) { h = h + x * i; ys.push(h); } return [h, np.stack(ys)]; }`,
  );
  const [h, ys] = jit(f)(array(2)) as Tensor[];
  expect(js(h)).toBe(20);
  expect(js(ys)).toEqual([0, 2, 6, 12, 20]);
  const g = captured(`(x) => { let s = x; for (const i of range(10)) { if (s > 20) break; s = s * 2; } return s; }`);
  expect(js(jit(g)(array(3)))).toBe(24);
  expect(js(grad(g)(array(3)))).toBe(8);
  expect(js(vmap(g)(array([3, 30])))).toEqual([24, 30]);
  expect(js(jit(vmap(grad(g)) as never)(array([3, 30])))).toEqual([8, 1]);
});

it("binary search", () => {
  const f = captured(
    `(xs, t) => { let lo = 0, hi = xs.shape[0]; while (lo < hi) { const mid = (lo + hi) >> 1; if (xs[mid] < t) lo = mid + 1; else hi = mid; } return lo; }`,
  );
  expect(js(jit(f)(array([1, 3, 5, 7, 9]), array(6)))).toBe(3);
  void np;
});

it("switch, functions, closures, return inside a loop", () => {
  const f = captured(
    `(k, x) => { switch (k) { case 0: return x; case 1: x = x * 2; case 2: x = x + 1; break; default: x = 0 } return x; }`,
  );
  for (const [k, want] of [
    [0, 5],
    [1, 11],
    [2, 6],
    [7, 0],
  ])
    expect(js(jit(f)(array(k, { dtype: "i32" }), array(5)))).toBe(want);
  const g = captured(
    `(xs) => { const sq = (x) => x * x; for (const i of range(xs.shape[0])) { if (xs[i] > 3) return sq(xs[i]); } return -1; }`,
  );
  expect(js(jit(g)(array([1, 2, 5, 7])))).toBe(25);
  expect(js(jit(g)(array([1, 2])))).toBe(-1);
});
