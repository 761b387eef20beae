/** The JavaScript that functions are stepped through in means what the functions mean. */
import { array, numpy as np, type Tensor } from "tilework";
import { describe, expect, it } from "vitest";
import { Functions } from "../../src/debugger/compile.js";
import { Session } from "../../src/debugger/session.js";
import { currentEvaluator, setEvaluator } from "../../src/tracer/frame.js";
import { isTileworkError } from "../../src/diagnostics/error.js";
import { captured } from "../dsl/captured.js";
import { plain, rounded } from "../dsl/fuzz/plain.js";
import { caseOf } from "../dsl/fuzz/runner.js";

/** A function of a text, run as generated. */
function stepped(text: string, scope: Record<string, unknown> = {}): (...args: unknown[]) => unknown {
  const fn = captured(text, scope);
  return (...args) => {
    const evaluator = currentEvaluator();
    const session = new Session("test", [1], true);
    setEvaluator(session);
    try {
      const out = new Functions(session).resolve(fn)(...args);
      return typeof out === "object" && out !== null && "js" in out ? (out as Tensor).js() : out;
    } finally {
      setEvaluator(evaluator);
    }
  };
}

/** Values that rounding to f32 decides are no measure. */
function stable(text: string, at: readonly number[]): number | undefined {
  const [value, rough] = [plain(text)(...at), Number(rounded(text)(...at))];
  const want = Number(value);
  const known = value !== undefined && Number.isFinite(want) && Math.abs(want) < 1e5;
  return known && Math.abs(want - rough) <= 4e-6 * Math.max(1, Math.abs(want)) ? want : undefined;
}

it("40 random functions mean what they mean in JavaScript", () => {
  let judged = 0;
  let refused = 0;
  for (let seed = 2_000_000; seed < 2_000_040; seed++) {
    const { text, integer, fixed, points } = caseOf(seed);
    const f = stepped(text);
    for (const at of points) {
      const want = integer ? Number(plain(text)(...at)) : stable(text, at);
      if (want === undefined || !Number.isFinite(want) || Math.abs(want) > 2 ** 30) continue;
      const args = at.map((x, i) => (fixed && i === at.length - 1 ? x : array(x, { dtype: integer ? "i32" : "f32" })));
      let got: unknown;
      try {
        got = f(...args);
      } catch (e) {
        // what tracing refuses, too
        if (!isTileworkError(e)) throw new Error(`${text} at ${at}`, { cause: e });
        refused++;
        continue;
      }
      expect(Math.abs(Number(got) - want), `${text} at ${at}: ${got} for ${want}`).toBeLessThanOrEqual(
        2e-5 * Math.max(1, Math.abs(want)),
      );
      judged++;
    }
  }
  expect(judged).toBeGreaterThan(100);
  expect(refused).toBeLessThan(6);
});

describe("constructs", () => {
  const cases: readonly (readonly [text: string, args: unknown[], want: unknown])[] = [
    ["(x) => x?.shape.length", [np.ones([2, 3])], 2],
    ["(x) => x?.y.z(1)", [null], undefined],
    ["(x) => x.f?.(1)", [{}], undefined],
    ["(x) => x.f?.(2)", [{ f: (n: number) => n + 1 }], 3],
    [
      "(o) => { o.n += 2; o['k'] ??= 5; const a = o.n++; const b = ++o.n; return [a, b, o.n, o.k]; }",
      [{ n: 1 }],
      [3, 5, 5, 5],
    ],
    ["(x) => { let i = 1; const a = i++ + i; const b = --i; return [a, b, i]; }", [0], [3, 1, 1]],
    [
      "(x) => { const { a, ...rest } = x; const [p, , q = 7, ...r] = a; return [p, q, r, rest.b]; }",
      [{ a: [1, 2, undefined, 4], b: 9 }],
      [1, 7, [4], 9],
    ],
    [
      "(n) => { switch (n) { case 1: return 'one'; case 2: case 3: n = 30; break; default: return 'other'; } return n; }",
      [3],
      30,
    ],
    [
      "(n) => { outer: for (let i = 0; i < 4; i++) { for (let j = 0; j < 4; j++) { if (j === 2) continue outer; if (i === 2) break outer; n += 1; } } return n; }",
      [0],
      4,
    ],
    ["(n) => { let s = ''; do { s += `${n},`; n--; } while (n > 0); return s + `\\`\\${x}\\n`; }", [2], "2,1,`${x}\n"],
    ["(x) => { const f = function fact(n) { return n < 2 ? 1 : n * fact(n - 1); }; return f(x); }", [5], 120],
    [
      "(x) => { const add = (a, b = 2, ...c) => a + b + c.length; return [add(x), add(x, 1, 0, 0), add(...[x, 5])]; }",
      [1],
      [3, 4, 6],
    ],
    ["function $(x) { const $values = x + 1; return $values * 2; }", [1], 4],
    ["(x) => ({ ['a' + x]: x, '__proto__': 3, f() { return this.a1; } })['a1']", [1], 1],
    ["(x) => (x, typeof x === 'number' ? -x : void 0)", [4], -4],
    ["(x) => [...x].map((v) => v * 2).filter((v) => v > 2)", [[1, 2, 3]], [4, 6]],
    ["(x) => new Map([[1, x]]).get(1)", ["m"], "m"],
  ];
  it.each(cases)("%s", (text, args, want) => {
    expect(stepped(text)(...args)).toEqual(want);
  });

  it("both sides of ?:, && and || of blocks are computed, elementwise", () => {
    const x = np.array([-1, 2, 3]);
    expect(stepped("(x) => x > 0 && x < 3 ? x * 10 : -x")(x)).toEqual([1, 20, -3]);
    expect(stepped("(x) => !(x > 2 || x < 0)")(x)).toEqual([false, true, false]);
  });
  it("a condition is one element", () => {
    const f = stepped("(x) => {\n  if (x > 0) return 1;\n  return 0;\n}");
    expect(f(np.array(2))).toBe(1);
    expect(() => f(np.array([1, 2]))).toThrow(/^TW7005: .*\n {2}at model.ts:\d+:/);
  });
  it("helper functions are generated as well, also when they call each other", () => {
    const isOdd = captured("(n) => n === 0 ? false : isEven(n - 1)", { isEven: (n: number) => isEven(n) });
    const isEven = captured("(n) => n === 0 ? true : isOdd(n - 1)", { isOdd });
    expect(stepped("(n) => isEven(n)", { isEven })(7)).toBe(false);
    const twice = captured("(x) => x * 2");
    expect(stepped("(x) => twice(x) + 1", { twice })(np.array([1, 2]))).toEqual([3, 5]);
  });
  it("integers wrap, and halves round to the nearest", () => {
    expect(stepped("(x) => x * x")(np.array([65536, 3], { dtype: "i32" }))).toEqual([0, 9]);
    expect(stepped("(x) => x + 1")(np.array([2048], { dtype: "f16" }))).toEqual([2048]);
  });
  it("what is not a function says where", () => {
    expect(() => stepped("(x) => x.nothing(1)")({})).toThrow(/nothing is not a function \(model.ts:\d+:\d+\)/);
  });
});
