/** JavaScript's numbers on the way through a staged function: they take the type of the arrays they meet, whichever way they come. */
import { array, jit, type Tensor } from "tilework";
import { describe, expect, it } from "vitest";
import { captured } from "./captured.js";

const run = (text: string, x: number, dtype: string): Tensor =>
  jit(captured(text))(array(x, { dtype } as never)) as Tensor;

describe("a number takes the float type that it meets", () => {
  it.each([
    ["(x) => { let s; if (x > 1) s = 0.5; else s = 0.25; return s * x; }", 1],
    ["(x) => (x > 1 ? 0.5 : 0.25) * x", 1],
    ["(x) => { let s = 0; for (const i of range(4)) s = s + 0.25; return s * x; }", 2],
    ["(x) => { let s = 0; for (const i of range(4)) s = s + 0.25; if (x > 100) s = x; return s; }", 1],
    ["(x) => { if (x > 100) return x; return x > 1 ? 0.5 : 0.25; }", 0.5],
    ["(x) => { const k = x > 1 ? 0.5 : 0.25; return Math.max(k, x) + -k + Math.sqrt(k * k); }", 2],
    ["(x) => { for (const i of range(3)) { const k = [0.5, 1, 2][i]; if (k * x > 1) return k; } return x; }", 1],
    [
      "(x) => { const l = []; for (const i of range(3)) l.push(0.5); let y; if (x > 100) y = x; else y = l[1]; return y; }",
      0.5,
    ],
  ])("%s", (text, want) => {
    for (const dtype of ["f16", "f32", "f64"]) {
      const y = run(text, 2, dtype);
      expect(y.dtype).toBe(dtype);
      expect(y.item()).toBe(want);
    }
  });
});

describe("a whole number takes the integer type that it meets", () => {
  it.each([
    ["(n) => { if (n > 100) return n; return Math.min(n > 1 ? 1 : -4, n, 9); }", 1],
    ["(n) => { let k = 0; while (n > 0) { k++; if (k > 5) return k; n--; } return n; }", 0],
    ["(n) => { let k = 0; while (k < 4 && n) { k++; if (k > 1) n = Math.max(k, 0); } return n; }", 4],
    ["(n) => { for (const i of range(4)) n = [-3, 5, 7][i % 3]; return n; }", -3],
    ["(n) => { const k = n > 1 ? 3 : 4; if (n > 50) return n; return Math.abs(-k) + Math.sign(k); }", 4],
    ["(n) => { const l = []; for (const i of range(2)) l.push(-2); if (l[0] > n) return n; return l[0] + n; }", 1],
  ])("%s", (text, want) => {
    const y = run(text, 3, "i32");
    expect(y.dtype).toBe("i32");
    expect(y.item()).toBe(want);
  });
});

it("NaN is no truth", () => {
  const kinds =
    "(x) => { let k = x ? 1 : 2; if (x) k += 10; if (!x) k += 20; while (x) { k += 100; x = 0; } return k; }";
  expect(run(kinds, Number.NaN, "f32").item()).toBe(22);
  expect(run(kinds, 0, "f32").item()).toBe(22);
  expect(run(kinds, -0.5, "f32").item()).toBe(111);
  expect(run("(x) => (x || 5)", Number.NaN, "f32").item()).toBe(5);
});

it("a variable that only some traces of a step write is carried all the same", () => {
  const text =
    "(x) => { let v = 0; const l = []; for (const i of range(3)) l.push(4); for (const e of l) { switch (v) { case 0: { } default: { v--; } return e + x; } } return v; }";
  expect(run(text, 2, "f32").item()).toBe(6);
});

it("a loop ends where all ways leave it", () => {
  const text =
    "(x) => { let k = 0; a: while (k < 3) { k++; switch (0) { case 0: { if (x > 1) break a; } return -x; } x = 7; } return x; }";
  expect(run(text, 2, "f32").item()).toBe(2);
  expect(run(text, 0.5, "f32").item()).toBe(-0.5);
});
