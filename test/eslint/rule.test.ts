/** The ESLint rule, with ESLint's own parser and with typescript-eslint's. */
import { Linter } from "eslint";
import { parser } from "typescript-eslint";
import { describe, expect, it } from "vitest";
import tilework from "../../src/eslint/index.js";

function problems(code: string, typescript: boolean): string[] {
  const config = {
    ...tilework.configs.recommended,
    files: ["**/*.js", "**/*.ts"],
    ...(typescript ? { languageOptions: { parser } } : {}),
  };
  const found = new Linter().verify(code, [config as never], typescript ? "a.ts" : "a.js");
  return found.map((m) =>
    m.fatal ? m.message : code.split("\n")[m.line - 1].slice(m.column - 2, (m.endColumn ?? 0) + 2),
  );
}
const TYPES = 'import { jit, type Tensor } from "tilework";\n';

describe.each([
  ["ESLint's parser", false],
  ["typescript-eslint", true],
])("with %s", (_, typescript) => {
  it.each([
    ['import { jit } from "tilework"; jit((x) => { if (x) return 1; return 2; });', ["(x) r"]],
    ['import { grad as d } from "tilework"; const f = (x) => x ? 1 : 2; d(f);', [" x ? "]],
    ['import * as tw from "tilework"; tw.vmap(function (x, y) { return x && !y; });', [" x &&", "!y; }"]],
    ['import { lax } from "tilework"; lax.scan((c, x) => [x === 3 ? c : x, c], 0, 1);', ["[x =="]],
    [
      'import { jit } from "tilework"; function f(x) { while (x) g(); do g(); while (x); switch (x) {} } jit(f);',
      ["(x) g", "(x);", "(x) {"],
    ],
    ['import { jit } from "tilework"; jit((x, n) => n ? x : x.T, { staticArgnums: 0 });', [" n ? "]],
  ])("reports %s", (code, expected) =>
    expect(problems(code, typescript).map((t) => t.trim())).toEqual(expected.map((t) => t.trim())),
  );

  it.each([
    'import { jit } from "tilework"; jit((x, n) => n ? x : x.T, { staticArgnums: 1 });',
    'import { jit } from "tilework"; jit((x, n) => n ? x : x.T, { staticArgnums: [0, 1] });',
    'import { jit } from "tilework"; const o = {}; jit((x, n) => n ? x : x.T, o);',
    'import { jit } from "tilework"; jit((x) => x.ndim === 2 && x.shape[0] ? x : x.T);',
    'import { jit } from "tilework"; jit((x, y) => y === undefined ? x : x ?? y);',
    'import { jit } from "tilework"; jit((x, opts) => opts.flag ? x : x.T);',
    'import { jit } from "tilework"; jit((x, n = 1) => n ? x : x.T);',
    'import { jit } from "tilework"; jit((x) => { x = g(x); return x ? 1 : 2; });',
    'import { jit } from "tilework"; jit((x) => typeof x === "number" && x ? 1 : 2);',
    'import { jit } from "other"; jit((x) => x ? 1 : 2);',
    "const jit = (f) => f; jit((x) => x ? 1 : 2);",
    'import { jit } from "tilework"; jit((x) => [1].map((x) => x ? 1 : 2));',
    "const f = (x) => x ? 1 : 2;",
  ])("lets pass %s", (code) => expect(problems(code, typescript)).toEqual([]));
});

it("types say what is an array", () => {
  expect(problems(`${TYPES}jit((x: Tensor) => x ? 1 : 2);`, true)).toHaveLength(1);
  expect(problems(`${TYPES}jit((x: Tensor, n: number, b?: Tensor) => n ? x : b ? b : 1);`, true)).toEqual([]);
});

it("the message names the code and the remedy", () => {
  const [m] = new Linter().verify('import { jit } from "tilework"; jit((x) => !x);', [
    tilework.configs.recommended as never,
  ]);
  expect(m.ruleId).toBe("tilework/traced-condition");
  expect(m.message).toMatch(
    /^TW1010: !x is always false: x is a traced array, an object for JavaScript; use np\.where/,
  );
});
