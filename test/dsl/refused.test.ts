/** What is refused, where, and with which remedy. */
import { array, isTileworkError, jit, numpy as np } from "tilework";
import { expect, it } from "vitest";
import { captured } from "./captured.js";

const X = array(2);
const V = np.ones([3]);

/** The caret of each program is the text between two «». */
const REFUSED: readonly (readonly [code: string, text: string, args?: readonly unknown[]])[] = [
  ["TW7005", "(v) => { while («v» > 0) v = v - 1; return v; }", [V]],
  ["TW7005", "(v) => { let y = 0; switch (v) { case «1»: y = 1; } return y; }", [V]],
  ["TW7006", "(x) => { let y; for (const i of range(3)) { if (x > i) y = x; } return «y»; }"],
  ["TW7006", "(x) => { let y; while (x < 9) { y = x; x = x + 1; } return «y»; }"],
  ["TW7006", "(x) => { let h; for (const i of range(3)) h = «h» + x; return h; }"],
  ["TW7007", "(x) => { let y = 'a'; if (x > 0) y = 'b'; return «y» === 'a' ? 1 : x; }"],
  ["TW7007", "(x) => { let y = [x]; if (x > 0) y = [x, x]; return «y»; }"],
  ["TW7007", "(x) => («x» > 0 ? { a: x } : [x])"],
  ["TW7008", "(x) => { let s = x; for (const i of range(3)) «s» = np.ones([2]); return s; }"],
  ["TW7008", "(x) => { let s = [x]; while (x < 9) { «s» = [...s, x]; x = x + 1; } return s; }"],
  ["TW7009", "(x) => { let i = 0; «while (i < 100)» { i++; x = x * 2; } return x; }"],
  ["TW7010", "(x) => { const o = { n: 0 }; for (const i of range(3)) «o.n» = x; return o.n; }"],
  ["TW7010", "(x) => { const l = [x]; if (x > 0) «l.push(x)»; return l[0]; }"],
  [
    "TW7010",
    "(x) => { const l = []; for (const i of range(9)) { if (x * i > 3) break; «l.push(x)»; } return np.stack(l); }",
  ],
  ["TW7010", "(x) => { const l = [x]; for (const i of range(3)) «l.push(l[0])»; return np.stack(l); }"],
  ["TW7010", "(x) => { let n = 0; return x > 0 ? («n» = x) : n; }"],
  ["TW7010", "(x) => { let n = x; const g = grad((v) => { «n» = v; return v * v; }); return g(x) + n; }"],
  ["TW7011", "(x) => { const fib = (n) => (n < 2 ? n : «fib(n - 1)» + fib(n - 2)); return fib(x); }"],
  ["TW7012", "(v) => { v[0] = 1; return v; }", [V]],
  ["TW7012", "(v) => { v[0] += 1; return v; }", [V]],
  ["TW7013", "(x) => { if (x > 0) «throw new Error('no')»; return x; }"],
  ["TW7014", "(x) => { const ws = [x, x]; let s = x; for (const i of range(2)) s = s + «ws[i]»; return s; }"],
  ["TW7014", "(x) => { const table = { 1: x }; return «table[x]»; }"],
  ["TW7015", "(x) => «Number(x)» + 1"],
  ["TW7015", "(x) => x * «Math.random()»"],
  ["TW7015", "(v) => «v.length»", [V]],
  ["TW7015", "(x) => «x + {}»"],
  ["TW7015", "(x) => «[1, 2].filter((k) => k > x)».length"],
];

it.each(REFUSED.map(([code, marked, args = [X]]) => ({ code, marked, args })))(
  "$code $marked",
  ({ code, marked, args }) => {
    const at = marked.includes("«") ? marked.indexOf("«") : undefined;
    const f = captured(marked.replace(/[«»]/g, ""));
    try {
      jit(f)(...(args as []));
    } catch (e) {
      if (!isTileworkError(e)) throw e;
      expect(e.message).toContain(code);
      expect(e.diagnostic.help?.length).toBeGreaterThan(10);
      // after "export default "
      if (at !== undefined) expect([e.diagnostic.span?.line, e.diagnostic.span?.column]).toEqual([2, 16 + at]);
      return;
    }
    expect.unreachable("it ran");
  },
);

it("errors of the library and of the user stand where the user's code does", () => {
  const where = (text: string, scope = {}): string => {
    try {
      jit(captured(text, scope))(V);
    } catch (e) {
      return isTileworkError(e) ? `${e.code} ${e.diagnostic.span?.column}` : String((e as Error).message);
    }
    return "";
  };
  expect(where("(v) => np.add(v, np.ones([2]))")).toBe("TW2002 23");
  expect(where("(v) => v + np.ones([2])")).toBe("TW2002 23");
  expect(where("(v) => { if (v.ndim !== 2) throw new Error('two axes'); return v; }")).toBe("two axes");
  try {
    jit(captured("function check(v) { throw new RangeError('no'); }"))(V);
  } catch (e) {
    expect((e as Error).stack).toMatch(/^RangeError: no\n {4}at check \(model.ts:2:42\)/);
  }
  expect(where("(v) => v.missing.deep")).toMatch(/model.ts:2:23/);
});
