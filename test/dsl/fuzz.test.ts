/**
 * A few random functions each time, staged and as plain JavaScript; and again every one that the long run ever found at fault
 * (test/golden/capture-fuzz), for as long as its file is there.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { randomSource } from "./fuzz/generate.js";
import { type Case, check } from "./fuzz/laws.js";
import { plain, rounded } from "./fuzz/plain.js";
import { runBatch } from "./fuzz/runner.js";
import { shrinkText } from "./fuzz/shrink.js";

const folder = new URL("../golden/capture-fuzz/", import.meta.url);

it("48 random functions mean the same staged as in JavaScript", () => {
  const { failures, judged, refused } = runBatch({ first: 1_000_000, count: 48, shrinkFor: 4000 });
  expect(failures.join("\n\n")).toBe("");
  expect(judged).toBeGreaterThan(150);
  expect([...refused.values()].reduce((a, b) => a + b, 0)).toBeLessThan(3);
});

describe("functions that were at fault once", () => {
  const saved = existsSync(folder) ? readdirSync(folder) : [];
  it("are kept by their seed", () => {
    for (const f of saved) expect(f).toMatch(/^\d+\.json$/);
  });
  for (const f of saved) {
    it(f, () => {
      const { message, refused } = check(JSON.parse(readFileSync(new URL(f, folder), "utf8")) as Case);
      expect(message ?? refused).toBe(undefined);
    });
  }
});

describe("what the fuzzer stands on", () => {
  it("the oracle counts steps and rounds", () => {
    expect(plain("(x) => { let s = 0; for (const i of range(3)) s += i * x; return s; }")(0.1)).toBeCloseTo(0.3, 15);
    expect(rounded("(x) => 1 / x + Math.sqrt(x)")(3)).toBe(Math.fround(Math.fround(1 / 3) + Math.fround(Math.sqrt(3))));
    expect(() => plain("() => { while (true) {} }")()).toThrow("too many steps");
  });
  it("a wrong value and a wrong slope are seen", () => {
    const c: Case = { text: "(x) => x * x", integer: false, fixed: false, reverse: true, points: [[1], [2]] };
    expect(check(c).message).toBe(undefined);
    const staged = (text: string): string => `(x) => (typeof x === "number" ? x * x : ${text})`;
    expect(check({ ...c, text: staged("x * x + 1e-3") }).message).toMatch(/^jit: 1.00/);
    expect(check({ ...c, text: staged("lax.stopGradient(x * x)") }).message).toMatch(/^jvp: 0 for 2/);
    expect(check({ ...c, text: staged("Math.random()") }).refused).toContain("TW7015");
    expect(check({ ...c, text: "(x) => nobody" }).message).toContain("nobody");
  });
  it("programs come back from their seed, use the language, and shrink", () => {
    const all = Array.from({ length: 60 }, (_, seed) =>
      randomSource({ seed, unbounded: seed % 2 === 0, statements: 20 }),
    );
    expect(randomSource({ seed: 7 })).toBe(randomSource({ seed: 7 }));
    for (const word of [
      "while",
      "do {",
      "switch",
      "range(",
      "break",
      "continue",
      "...",
      "=>",
      "function",
      "return",
      "++",
    ])
      expect(all.join("\n")).toContain(word);
    const from = all.find((t) => t.includes("switch")) as string;
    const small = shrinkText(from, (t) => t.includes("switch") && !Number.isNaN(plain(t)(1, 2)), 2000);
    expect(small.length).toBeLessThan(120);
  });
});
