/**
 * What staged source means: the result is that of the same JavaScript on numbers, whether it is compiled, batched or
 * differentiated. Each program is run as plain JavaScript, too.
 */
import { array, grad, jit, type Tensor, vmap } from "tilework";
import { describe, expect, it } from "vitest";
import { captured } from "./captured.js";

type Plain = (...xs: number[]) => number;
const js = (x: unknown): number[] => [(x as Tensor).js()].flat(9) as number[];

interface Case {
  readonly name: string;
  readonly text: string;
  readonly at: readonly number[];
  /** Reverse mode is for loops that are bounded, and for what has a slope. */
  readonly smooth?: boolean;
  /** Takes a whole number. */
  readonly integer?: boolean;
}

const CASES: readonly Case[] = [
  { name: "arithmetic", text: "(x) => -x + 2 * x ** 3 - x / 4 + 7 % 4 + (+x)", at: [0.5, -2], smooth: true },
  { name: "remainder has the sign of the first", text: "(x) => x % 3", at: [7.5, -7.5, -1] },
  { name: "bits", text: "(n) => ((n & 6) | (n ^ 3)) + (n << 2) - (n >> 1) + ~n", at: [5, 12, -9], integer: true },
  { name: "unsigned shift", text: "(n) => n >>> 3", at: [5, 120], integer: true },
  {
    name: "comparisons and ?:",
    text: "(x) => (x > 1 && x <= 3 ? x * 2 : x < 0 || x === 5 ? -x : !(x !== 7) ? 1 : 0)",
    at: [2, -1, 5, 7, 0.5],
  },
  {
    name: "truths count as 1 and 0",
    text: "(x) => (x > 1) - (x < -1) + ((x > 0) + (x > 2)) * 10 + (x > 1) * x + -(x > 3) + +(x < 5) + ((x > 1) - true) * 7",
    at: [2, 0, -3, 4],
  },
  { name: "&& and || give values", text: "(x) => (x && 3) + (x || 5)", at: [0, 2] },
  {
    name: "Math",
    text: "(x) => Math.sqrt(Math.abs(x)) + Math.max(x, 1, 2) + Math.floor(x) + Math.round(x) + Math.sign(x) + Math.hypot(x, 3) + Math.trunc(x) + Math.atan2(x, 2) + Math.min(x) + Math.log1p(x * x)",
    at: [2.5, -2.5, 0.3],
  },
  {
    name: "if, else if, else",
    text: "(x) => { let y; if (x > 2) y = x * x; else if (x > 0) y = 3 * x; else { const z = -x; y = z + 1; } return y * 2; }",
    at: [3, 1, -2],
    smooth: true,
  },
  {
    name: "early returns",
    text: "(x) => { if (x > 10) return 1; if (x > 5) { if (x > 7) return x; x = x * 2; } else if (x < 0) return -x; return x * 3; }",
    at: [11, 8, 6, 3, -4],
    smooth: true,
  },
  {
    name: "returns on both sides",
    text: "(x) => { if (x > 0) { return x * x; } else { return -3 * x; } }",
    at: [3, -2],
    smooth: true,
  },
  {
    name: "a return deep inside",
    text: "(x) => { let y = 1; for (let i = 0; i < 4; i++) { if (x * i > 5) { y = y + x; if (y > 6) return y * x; } y = y * 2; } return y; }",
    at: [1, 2, 3, 6],
    smooth: true,
  },
  {
    name: "numbers of JavaScript become arrays where ways meet",
    text: "(x) => { let n = 0; let up = false; if (x > 1) { n = 2; up = true; } return up ? n * x : n - x; }",
    at: [3, 0.5],
    smooth: true,
  },
  {
    name: "while",
    text: "(x) => { let n = 0; while (x > 1) { x = x / 2; n++; } return n * 100 + x; }",
    at: [9, 1, 0.25],
  },
  { name: "do", text: "(x) => { do { x = x * 2; } while (x < 50); return x; }", at: [3, 40, 100] },
  {
    name: "for with a traced bound",
    text: "(n) => { let s = 0; for (let i = 0; i < n; i += 2) s += i; return s; }",
    at: [7, 0, -2],
  },
  {
    name: "a counted loop",
    text: "(x) => { let s = 0; for (let i = 1; i <= 5; i++) { if (i === 3) continue; s += x ** i; } return s; }",
    at: [0.5, 2],
    smooth: true,
  },
  {
    name: "for … of range",
    text: "(x) => { let s = x; for (const i of range(2, 12, 3)) s = s * 0.5 + i; return s; }",
    at: [1, 4],
    smooth: true,
  },
  {
    name: "range downwards",
    text: "(x) => { let s = x; for (const i of range(5, 0, -2)) s = s * 2 - i; return s; }",
    at: [1, 4],
    smooth: true,
  },
  {
    name: "range with a traced bound",
    text: "(n) => { let s = 0; for (const i of range(n)) s = s + i * i; return s; }",
    at: [4, 0],
    integer: true,
  },
  {
    name: "break in a range",
    text: "(x) => { let s = x; for (const i of range(20)) { if (s > 30) break; s = s * 2 + i; } return s; }",
    at: [1, 31, 7],
    smooth: true,
  },
  {
    name: "continue in a range",
    text: "(x) => { let s = x; for (const i of range(6)) { if (i % 2 === 0) continue; s = s + x * i; } return s; }",
    at: [1, 3],
    smooth: true,
  },
  {
    name: "return from a range",
    text: "(x) => { for (const i of range(20)) { x = x + i; if (x > 12) return x * 2; } return -x; }",
    at: [1, 40, -300],
    smooth: true,
  },
  {
    name: "break out of two",
    text: "(x) => { let s = 0; outer: for (const i of range(4)) { for (const j of range(4)) { if (i * j > x) break outer; if (j > i) continue outer; s = s + i + j; } } return s + x; }",
    at: [0.5, 3.2, 100],
    smooth: true,
  },
  {
    name: "while (true)",
    text: "(x) => { let n = 0; while (true) { x = x * 2; n += 1; if (x > 100) break; } return n + x; }",
    at: [3, 60],
  },
  {
    name: "for (;;) with a return",
    text: "(x) => { for (let i = 0; ; i++) { if (x > 10) return x + i; x = x * 3; } }",
    at: [1, 11],
  },
  {
    name: "a loop over a list",
    text: "(x) => { let s = 0; for (const [k, v] of [[1, 2], [3, 4]]) { if (x > k) s = s + v * x; } return s; }",
    at: [0, 2, 5],
    smooth: true,
  },
  {
    name: "break in a loop over a list",
    text: "(x) => { for (const k of [1, 2, 3]) { if (x * k > 4) break; x = x + k; } return x; }",
    at: [0.1, 1.2, 2.3, 5],
    smooth: true,
  },
  {
    name: "switch on a number",
    text: "(n) => { let y = 0; switch (n) { case 1: y = 10; break; case 2: y += 1; case 3: y += 5; break; default: y = -1; } return y; }",
    at: [1, 2, 3, 4],
    integer: true,
  },
  {
    name: "switch that returns",
    text: "(n) => { switch (n) { case 0: return 5; case 1: { const k = n + 1; return k; } } return n * n; }",
    at: [0, 1, 6],
    integer: true,
  },
  {
    name: "static switch",
    text: "(x) => { const f = (kind, v) => { switch (kind) { case 'a': return v * 2; default: return v; case 'b': v = v + 1; } return v * 10; }; return f('a', x) + f('b', x) + f('c', x); }",
    at: [2],
    smooth: true,
  },
  {
    name: "destructuring",
    text: "(x) => { const { a, b: [c, d = 4], ...rest } = { a: x, b: [2 * x], e: 5, f: x }; let [p, , ...q] = [1, 2, x, 4]; [p, q] = [q, p]; return a + c * d + rest.e + rest.f + p[0] * p[1] + q; }",
    at: [3],
    smooth: true,
  },
  {
    name: "spread, trees, template strings",
    text: "(x) => { const t = { w: x, b: [x, 1] }; const u = { ...t, [`${'w'}2`]: 3 * x }; const s = [...u.b, ...[x]]; return u.w2 + s.length + s[2] + Math.max(...s); }",
    at: [2, 0.5],
  },
  {
    name: "functions and closures",
    text: "(x) => { let calls = 0; function square(v) { calls++; return v * v; } const twice = (f) => (v) => f(f(v)); const y = twice(square)(x); if (x > 1) { square(x); } return y + calls; }",
    at: [2, 0.5],
    smooth: true,
  },
  {
    name: "each step of a for has its own variables",
    text: "(x) => { const fs = []; for (let i = 0; i < 3; i++) { fs.push(() => i * x); i += 0; } let s = 0; for (const f of fs) s = s * 10 + f(); return s; }",
    at: [2, -1],
    smooth: true,
  },
  {
    name: "recursion that JavaScript ends",
    text: "(x) => { const power = (v, n) => (n === 0 ? 1 : v * power(v, n - 1)); return power(x, 5); }",
    at: [2, -1],
    smooth: true,
  },
  {
    name: "methods, this, defaults and rests",
    text: "(x) => { const o = { k: 3, scale(v, by = this.k, ...more) { return v * by + more.length; } }; return o.scale(x) + o.scale(x, 2, 1, 1) + o?.scale?.(x) + (o.missing?.deep.er(x) ?? 7); }",
    at: [2, 5],
    smooth: true,
  },
  {
    name: "lists of JavaScript",
    text: "(x) => [1, 2, 3].map((k) => k * x).filter((_, i) => i !== 1).reduce((a, b) => a + b, 0)",
    at: [2],
    smooth: true,
  },
  {
    name: "an index into a list of numbers",
    text: "(n) => { let s = 0; for (const i of range(3)) s = s + [10, 20, 30][i] * n; return s; }",
    at: [2],
    smooth: true,
  },
  {
    name: "logical assignment and updates",
    text: "(x) => { let a = null; a ??= x; let b = x; b *= 2; b -= 1; b **= 2; const c = b++ + --a; return a + b + c; }",
    at: [3],
    smooth: true,
  },
  {
    name: "a variable first set in a loop",
    text: "(x) => { let last; for (const i of range(4)) last = x * i; return last; }",
    at: [3],
    smooth: true,
  },
  {
    name: "nested loops with a branch",
    text: "(x) => { let s = 0; for (const i of range(3)) { let t = x; for (const j of range(2)) { if (t > 2) t = t * 0.5; else t = t + j + i; } s = s + t; } return s; }",
    at: [0.7, 5.3],
    smooth: true,
  },
  {
    name: "sequence, void, typeof, in, instanceof",
    text: "(x) => { const o = { k: 1 }; return ((void 0, typeof o === 'object') && 'k' in o && [] instanceof Array ? x : 0) + (1, 2); }",
    at: [3],
    smooth: true,
  },
];

/** The function as plain JavaScript, with range. */
function plain(text: string): Plain {
  const range = function* (a: number, b?: number, step = 1): Generator<number> {
    const [from, to] = b === undefined ? [0, a] : [a, b];
    for (let i = from; step > 0 ? i < to : i > to; i += step) yield i;
  };
  return new Function("range", `return ${text}`)(range) as Plain;
}

describe.each(CASES)("$name", ({ text, at, smooth, integer }) => {
  const f = captured(text);
  const g = plain(text);
  const dtype = integer ? "i32" : "f32";
  const want = at.map((x) => g(x));
  const close = (got: number[], expected: number[], tolerance = 1e-4): void => {
    expect(got.length).toBe(expected.length);
    got.forEach((v, i) => {
      expect(Math.abs(Number(v) - expected[i]), `${v} for ${expected[i]} at ${at[i]}`).toBeLessThan(
        tolerance * Math.max(1, Math.abs(expected[i])),
      );
    });
  };

  it("is what JavaScript gives", () => {
    const compiled = jit(f);
    close(
      at.flatMap((x) => js(compiled(array(x, { dtype })))),
      want,
    );
  });
  it("batched, too", () => close(js(jit(vmap(f) as never)(array([...at], { dtype }))), want));
  if (!smooth) return;
  it("and its slope", () => {
    const h = 1e-3;
    const slopes = at.map((x) => (g(x + h) - g(x - h)) / (2 * h));
    close(
      at.flatMap((x) => js(grad(f)(array(x)))),
      slopes,
      1e-2,
    );
    close(js(jit(vmap(grad(f)) as never)(array([...at]))), slopes, 1e-2);
  });
});
