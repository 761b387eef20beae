/** The scan of a function's text: what it must find, what it must let pass, and where it says that it is. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  array,
  configure,
  grad,
  isTileworkError,
  jit,
  numpy as np,
  scan,
  type Tensor,
  type TileworkError,
  vmap,
} from "tilework";
import { afterEach, describe, expect, it } from "vitest";
import { conditionsOf, reached } from "../../src/tracer/scan/conditions.js";
import { tokenize } from "../../src/tracer/scan/tokens.js";

function errorOf(f: () => unknown): TileworkError {
  try {
    f();
  } catch (e) {
    if (isTileworkError(e)) return e as TileworkError;
    throw e;
  }
  return expect.fail("no error");
}
/** What is refused when all parameters are arrays; `mode` is a JavaScript object. */
const texts = (source: string): string[] =>
  reached(conditionsOf(source), (c) => c.bare || !/^mode|ndim|shape/.test(c.name)).map((c) => c.text);

describe("finds", () => {
  it.each([
    ["(x) => { if (x) return 1; return 2; }", ["if (x)"]],
    ["x => x ? 1 : 2", ["x ?"]],
    ["function f(x) { while (x) x2(); }", ["while (x)"]],
    ["function f(x) { do { g(); } while (x); }", ["while (x)"]],
    ["f(x) { switch (x) { case 1: return 2; } }", ["switch (x)"]],
    ["async function* f(x) { return !x; }", ["!x"]],
    ["(x) => !!x", ["!x"]],
    ["(a, b) => a && b", ["a &&"]],
    ["(a, b) => g(1, b || a)", ["b ||"]],
    ["(x) => x === 3 ? 1 : 2", ["x === 3"]],
    ["(x) => { const y = x !== -1; return y; }", ["x !== -1"]],
    ["(x) => 0 === x", ["0 === x"]],
    ["(x) => x == true", ["x == true"]],
    ["({ flag }, [a, { b: c }]) => { if (flag) g(); if (c) h(); return a; }", ["if (flag)", "if (c)"]],
    ["(p) => { if (p.state.done) return 1; return 2; }", ["if (p.state.done)"]],
    ["(x) => `${x ? 1 : 2}`", ["x ?"]],
    ["(x) => { const s = /[/}]x ?/g; // if (x)\n /* !x */ return s.test('if (x)') + (!x); }", ["!x"]],
    ["(x) => { if (x.ndim !== 2) throw new Error('rank'); return x ? 1 : 2; }", ["x ?"]],
    ["(x) => { return [1].map(() => x ? 1 : 2); }", ["x ?"]],
    ["(x, y) => { if (x) return 1; else if (y) return 2; return 3; }", ["if (x)", "if (y)"]],
  ])("%s", (source, expected) => expect(texts(source)).toEqual(expected));
});

describe("lets pass", () => {
  it.each([
    "(x) => x.ndim === 2 ? x.sum() : x",
    "(x) => { if (x.shape[0]) return x; if (!x.shape.length) return x.T; return x; }",
    "(x, y) => x === undefined || y === null || x !== y",
    "(x, n = 3) => { if (n) return x; return x.T; }",
    "(x, ...rest) => { if (rest) return x; return x.T; }",
    "(x) => x ?? 1",
    "(x, y) => x?.shape && y.dtype === 'f32'",
    "(x) => { if (typeof x === 'number') return x ? 1 : 2; return x; }",
    "(x) => { if (x instanceof Array && x) return 1; return x; }",
    "(x) => { x = g(x); if (x) return 1; return x; }",
    "(x, xs) => xs.filter((x) => x ? 1 : 0)",
    "(x, xs) => xs.filter(x => !x)",
    "(x) => { for (const x of [1]) if (x) g(); return x; }",
    "(x) => { let y = 1, x = 2; if (x) g(); return y; }",
    "(x) => { function g(x) { return !x; } return g(1); }",
    "(x) => ({ f(x) { return x ? 1 : 2; } })",
    "(x, mode) => { if (mode.static) return x ? 1 : 2; return x; }",
    "(x, mode) => { if (mode.static) return 1; return x ? 1 : 2; }",
    "(x, mode) => mode.static && x ? 1 : 2",
    "(x, mode) => mode.static ? (x ? 1 : 2) : x",
    "(x, mode) => { switch (mode.kind) { case 'a': return x ? 1 : 2; } return x; }",
    "(x) => { try { g(); } catch { return !x; } return x; }",
    "(x) => ({ x: 1, y: x })",
    "(x) => a.x ? 1 : 2",
    "(x) => x.sum() ? 1 : 2",
    "function () { [native code] }",
    "class A { constructor(x) { if (x) g(); } }",
    "(x) => { const r = } / x; }",
  ])("%s", (source) => {
    expect(texts(source)).toEqual([]);
  });

  it("what the arguments hold decides", () => {
    const x = array([1, 2, 3]);
    const f = jit((t: Tensor, opts: { flag: boolean; bias?: Tensor }) => (opts.flag ? t : np.multiply(t, 2)), {
      staticArgnums: 1,
    });
    expect(f(x, { flag: false }).js()).toEqual([2, 4, 6]);
    const withBias = (t: Tensor, p: { bias?: Tensor }) => (p.bias ? t.add(p.bias) : t);
    expect(jit(withBias)(x, { bias: x }).js()).toEqual([2, 4, 6]);
    expect(jit(withBias)(x, {}).js()).toEqual([1, 2, 3]);
    const optional = (t: Tensor, mask?: Tensor) => (mask === undefined ? t : t.mul(mask));
    expect(jit(optional)(x).js()).toEqual([1, 2, 3]);
    expect(jit((t: Tensor, n: number) => (n ? t : np.multiply(t, 2)), { staticArgnums: 1 })(x, 0).js()).toEqual([
      2, 4, 6,
    ]);
  });
});

describe("refuses", () => {
  afterEach(() => configure({ scan: true }));
  const two = array(2);
  const bad = (x: Tensor): Tensor => {
    if (x) return x;
    return np.multiply(x as Tensor, 0);
  };
  it.each([
    ["jit", () => jit(bad)(two)],
    ["grad", () => grad(bad)(two)],
    ["vmap", () => vmap(bad)(array([1, 2]))],
    ["jit of vmap of grad", () => jit(vmap(grad(bad)))(array([1, 2]))],
    [
      "the body of a scan",
      () => scan((c: Tensor, x: Tensor) => [c ? x : c, x] as [Tensor, Tensor], two, array([1, 2])),
    ],
    [
      "a member of a tree",
      () =>
        jit((p: { done: Tensor; x: Tensor }) => (p.done ? p.x : np.multiply(p.x, 2)))({ done: np.array(true), x: two }),
    ],
    [
      "a JavaScript boolean that is traced",
      () => jit((x: Tensor, o: { flag: boolean }) => (o.flag ? x : np.multiply(x, 2)))(two, { flag: false }),
    ],
    ["equality", () => jit((x: Tensor) => ((x as unknown as number) === 3 ? x : np.multiply(x, 2)))(two)],
  ])("in %s, at its place in this file", (_, run) => {
    const e = errorOf(run);
    expect(e.code).toBe("TW1010");
    const { span } = e.diagnostic;
    expect(span?.file).toBe(fileURLToPath(import.meta.url));
    const line = readFileSync(span?.file ?? "", "utf8").split("\n")[(span?.line ?? 0) - 1];
    expect(line.slice((span?.column ?? 0) - 1)).toMatch(/^(?:if \(x\)|[\w.]+ \?|\(?x as unknown as number\) === 3)/);
    // nor does a second try get by
    expect(errorOf(run).code).toBe("TW1010");
  });

  it("tells of the others, in one error", () => {
    const e = errorOf(() =>
      jit((x: Tensor, y: Tensor) => {
        const a = x ? 1 : 2;
        return y ? a : !x;
      })(two, two),
    );
    expect(e.diagnostic.notes).toHaveLength(2);
  });

  it("not when it is switched off", () => {
    configure({ scan: false });
    expect(jit(bad)(two).js()).toBe(2);
    configure({ scan: true });
    process.env.NODE_ENV = "production";
    try {
      expect(jit((x: Tensor) => (x ? x : np.multiply(x, 0)))(two).js()).toBe(2);
    } finally {
      process.env.NODE_ENV = "test";
    }
  });
});

it("the time is linear in the text", () => {
  const text = `(x) => { ${"a = b ? c : `d${e}`; if (f) { g(); } ".repeat(2000)} return !x; }`;
  expect(tokenize(text)?.tokens.length).toBeGreaterThan(20_000);
  expect(tokenize("(x) => `")).toBe(undefined);
});
