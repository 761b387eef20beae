/** Which functions of a module are staged. */
import { describe, expect, it } from "vitest";
import { rewriteModule } from "../../src/dsl/parse/rewrite.js";

/** Names of what is captured; `?` is a function without a name. */
function captured(text: string, file = "app.ts"): string {
  const names = rewriteModule(text, { file })?.captured ?? [];
  return names.map((n) => n || "?").join(" ");
}

describe("a function is staged", () => {
  const IMPORT =
    'import { jit, grad, scan, cond, lax, model, kernel, customVjp, numpy as np, tree } from "tilework";\n';
  it.each<[string, string, string]>([
    ["inline", "jit((x) => x);", "?"],
    ["through names", "const f = (x) => x; grad(f);", "f"],
    ["as a declaration, before its line too", "jit(f); function f(x) { return x; }", "f"],
    ["through an alias of the function", "const f = (x) => x; const g = f; jit(g);", "f"],
    ["through an alias of the transform", "const compile = jit; compile((x) => x);", "?"],
    ["in nested transforms", "jit(grad((x) => x));", "?"],
    ["behind types and parentheses", "jit(((x) => x) as (x: number) => number);", "?"],
    ["on either side of ?:", "jit(flag ? f : g); function f() {} function g() {}", "f g"],
    ["that a function of the module makes", "const make = (k) => (x) => x * k; jit(make(2));", "?"],
    [
      "given to one that makes functions",
      "function twice(f) { return (x) => f(f(x)); } jit(twice(g)); function g(x) { return x; }",
      "? g",
    ],
    [
      "that is a member of an object",
      "const act = { relu: (x) => x, tanh(x) { return x; } }; jit(act.relu); jit(act.tanh);",
      "relu tanh",
    ],
    ["destructured", "const { relu } = { relu: (x) => x }; jit(relu);", "relu"],
    ["that is a static method", "class M { static loss(x) { return x; } } jit(M.loss);", "loss"],
    [
      "as the body of a scan",
      "scan((c, x) => [c, x], 0, []); lax.scan(body, 0, []); function body(c, x) { return [c, x]; }",
      "? body",
    ],
    ["as a branch, but not the condition", "cond(p(1), () => 1, () => 2); function p(x) { return x; }", "? ?"],
    [
      "as a rule",
      "const f = customVjp((x) => x); f.defvjp((x) => [x, x], back); function back(r, g) { return [g]; }",
      "? ? back",
    ],
    ["when a staged one calls it", "jit((x) => g(x)); const g = (x) => h(x); function h(x) { return x; }", "? g h"],
    ["when a staged one passes it on", "jit((x) => tree.map(g, x)); const g = (x) => x;", "? g"],
    [
      "in a list that a staged one reads",
      "jit((x) => { for (const f of fs) x = f(x); return x; }); const fs = [g, (x) => x]; function g(x) { return x; }",
      "? ? g",
    ],
    ["by a directive", 'function f(x) { "use jit"; return x; } const k = function (x) { "use kernel"; };', "f k"],
    [
      "as a method of a model",
      "@model class M { forward(x) { return this.act(x); } act(x) { return x; } get size() { return 1; } }",
      "forward act",
    ],
    ["as a method of a class given to model()", "class M { forward(x) { return x; } } model(M);", "forward"],
    [
      "as a decorated method, with the methods that it calls",
      "class M { @jit forward(x) { return this.act(x); } act(x) { return x; } other() {} }",
      "forward act",
    ],
    [
      "of an instance that a staged one reads",
      "class L { call(x) { return x; } } const l = new L(); jit((x) => l.call(x));",
      "call ?",
    ],
    [
      "of an instance in a field",
      "class L { call(x) { return x; } } class M { constructor() { this.l = new L(); } @jit run(x) { return this.l.call(x); } }",
      "call run",
    ],
    [
      "when its parameter is a Num",
      'import type { Num } from "tilework"; function f(x: Num<[]>) { return x + 1; }',
      "f",
    ],
    [
      "when a type parameter is a Num",
      'import type { Num } from "tilework"; function f<T extends Num<[]>>(x: T) { return x + 1; }',
      "f",
    ],
    [
      "when a type of the module holds a Num",
      'import type { Num } from "tilework"; type P = { w: Num<[3]> }; const f = (p: P) => p.w * 2;',
      "f",
    ],
    [
      "when it is exported, takes a Tensor and decides something",
      'import type { Tensor } from "tilework"; export const f = (x: Tensor) => (np.max(x) ? x : 1); export const g = (x: Tensor) => np.sum(x);',
      "f",
    ],
  ])("%s", (_, text, names) => {
    expect(captured(IMPORT + text)).toBe(names);
  });

  it.each<[string, string, string]>([
    ["renamed", 'import { jit as compile } from "tilework"; compile((x) => x);', "?"],
    [
      "through a namespace",
      'import * as tw from "tilework"; tw.jit((x) => x); tw.lax.scan((c, x) => [c, x], 0, []);',
      "? ?",
    ],
    ["through a constant of a namespace", 'import * as tw from "tilework"; const { vmap: v } = tw; v((x) => x);', "?"],
    ["by a dynamic import", 'const { jit } = await import("tilework"); jit((x) => x);', "?"],
  ])("when the transform is imported %s", (_, text, names) => {
    expect(captured(text)).toBe(names);
  });
});

describe("a function is not staged", () => {
  it.each<[string, string]>([
    ["of another package's jit", 'import { jit } from "other"; import "tilework"; jit((x) => x);'],
    ["when the name is a parameter's", 'import { jit } from "tilework"; const run = (jit) => jit((x) => x);'],
    ["when nobody stages it", 'import { numpy as np } from "tilework"; const f = (x) => np.sum(x); f(1);'],
    ["as an option", 'import { kernel } from "tilework"; kernel(k0, { grid: (x) => [x.shape[0]] });'],
    ["where Tilework is only mentioned", 'const jit = (f) => f; jit((x) => "tilework");'],
  ])("%s", (_, text) => {
    expect(captured(text)).toBe("");
  });

  it("when it runs only inside a staged one", () => {
    const text = 'import { jit, scan, numpy as np } from "tilework"; jit((x) => scan((c, y) => [c, y], x, x));';
    expect(captured(text)).toBe("?");
  });

  it("in a text without a word of it, which isn't parsed", () => {
    expect(rewriteModule("const f = jit((x) => x); {{{", { file: "app.ts" })).toBeUndefined();
  });
});

describe("what is refused", () => {
  const text = (body: string) => `import { jit } from "tilework";\n${body}`;
  const problems = (body: string) =>
    (rewriteModule(text(body), { file: "app.ts" })?.problems ?? []).map(
      (p) => `${p.severity} ${p.line}:${p.column} ${p.code}`,
    );

  it("is told, all of it, where it is", () => {
    expect(problems("jit((x) => {\n  var a = x;\n  try { a; } catch {}\n  return a;\n});")).toEqual([
      expect.stringMatching(/^error 3:3 TW7/),
      expect.stringMatching(/^error 4:3 TW7/),
    ]);
  });
  it("is a warning in a function that is only called", () => {
    expect(problems("jit((x) => load(x));\nfunction load(x) {\n  try { return x; } catch { return 1; }\n}")).toEqual([
      expect.stringMatching(/^warning 4:3 TW7/),
    ]);
  });
  it("is nothing in a function that is only exported", () => {
    const body =
      'import type { Tensor } from "tilework";\nexport function f(x: Tensor) { try { return x; } finally { x; } }';
    expect(problems(body)).toEqual([]);
  });
});
