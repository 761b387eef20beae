/** TypeScript → tree: what is captured, what is refused and where, and that the tree survives its encoding. */
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { decode, encode } from "../../src/dsl/encode.js";
import { isFunctionLike, parseFunction, type ParsedFunction, recordData } from "../../src/dsl/parse/function.js";

function parse(text: string): ParsedFunction {
  const source = ts.createSourceFile("f.ts", text, ts.ScriptTarget.ES2022, true);
  let found: ParsedFunction | undefined;
  const visit = (node: ts.Node): void => {
    if (found) return;
    if (isFunctionLike(node)) found = parseFunction(node, source);
    else ts.forEachChild(node, visit);
  };
  visit(source);
  if (!found) throw new Error("no function");
  return found;
}
const refused = (text: string): string[] =>
  parse(text).errors.map((e) => `${e.code} ${text.slice(e.start, e.start + 12).split("\n")[0]}`);

const PROGRAMS = [
  "const f = (x) => x;",
  "const f = ({ a, b: [c = 1, , ...d], ...e }, [g] = [2], ...rest) => ({ a, c, ...e, m() { return this; }, [g]: rest });",
  `function f(x: number) {
    let i = 0, s: number | undefined;
    outer: for (let k = 0; k < 3; k++) { if (k === 1) continue outer; for (const v of [1, 2n, -3, NaN, Infinity]) { s = v as number; break outer; } }
    do { i += 1; } while (i < 10 && !x);
    switch (i) { case 1: return "one"; default: i = 2; case 3: break; }
    const g = function g(n) { return n > 0 ? g(n - 1) : null; };
    function h() { throw new Error(\`bad \${i} and \${x}\`); }
    [i, s] = [s!, i];
    ({ i, a: s = 3 } = { i: 1 });
    return (i, typeof x, void 0, x?.a?.[i].b(1)?.c, a ?? b.c.d, i ** 2, i++, --i, "k" in x, g, h, undefined, true);
  }`,
];

describe("parseFunction", () => {
  it.each(PROGRAMS)("the tree survives its encoding: %#", (text) => {
    const { node, errors } = parse(text);
    expect(errors).toEqual([]);
    const back = decode(encode(node));
    expect(back).toEqual(node);
    expect(JSON.stringify(back, bigints).length).toBeGreaterThan(5 * encode(node).length);
  });

  it("captures the longest chain of members, and of a called member of an object the object", () => {
    const text = `import { numpy as np } from "tilework";
import * as ops from "./ops.js";
const f = (x) => np.linalg.inv(ops.scale(x, config.scale.by), model.w) + model.forward(x.y) + Math.exp(x) + helper(f[0]);`;
    expect(parse(text).chains).toEqual([
      "np.linalg.inv",
      "ops.scale",
      "config.scale.by",
      "model.w",
      "model",
      "Math.exp",
      "helper",
      "f",
    ]);
  });

  it("knows what is local: parameters, declarations of the block, of functions and loops", () => {
    const text = `function f(p, { q }) {
      const a = b; { const b = 1; c(b); } const c = (d) => d + e; for (const i of p) q(i); for (let j = 0; ; ) break;
      function e() { return i + j; }
      return f(p);
    }`;
    expect(parse(text).chains).toEqual(["b", "i", "j", "f"]);
    expect(parse("const k = function self(n) { return self(n); };").chains).toEqual([]);
  });

  it("captures the this around an arrow, and leaves a method its own", () => {
    expect(parse("class A { m = (x) => this.w.a * this.layer.forward(x); }").chains).toEqual([
      "this.w.a",
      "this.layer",
    ]);
    expect(parse("class A { forward(x) { return [1].map(() => this.w.dot(x)); } }").chains).toEqual([]);
  });

  it("takes types away and keeps places", () => {
    const text = "\n  const g = (x: number): number =>\n    (x as any)! + (<T>y) satisfies number;";
    const { node, start } = parse(text);
    const statement = node.body.statements[0];
    if (statement.kind !== "return" || statement.value?.kind !== "binary") throw new Error(statement.kind);
    const { left } = statement.value;
    expect(text.slice(start + left.start, start + left.end)).toBe("x");
    expect(text.slice(start, start + node.end)).toBe(
      "(x: number): number =>\n    (x as any)! + (<T>y) satisfies number",
    );
  });

  it("finds all that is refused, and goes on", () => {
    const text = `async function* f(x) {
      var a = await x;
      try { a = 1; yield a; } catch (e) { e.x = 1; } finally { var b; }
      outer.count += 1; global = 2; this.n++;
      delete x.a; label: { x; } for (const k in x) x;
      class C {} with (x) {} tag\`t\`; /re/.test(x); new.target; arguments[0]; import("x"); x.#p;
      ({ get g() { return 1; } }); using u = x;
      return super.f();
    }`;
    expect(refused(text)).toEqual([
      "TW1005 async functi",
      "TW7001 * f(x) {",
      "TW7003 var a = awai",
      "TW1005 await x;",
      "TW7002 try { a = 1;",
      "TW7001 yield a; } c",
      "TW7003 var b; }",
      "TW7004 outer.count ",
      "TW7004 global = 2; ",
      "TW7004 this.n++;",
      "TW7001 delete x.a; ",
      "TW7001 label: { x; ",
      "TW7001 for (const k",
      "TW7001 class C {} w",
      "TW7001 with (x) {} ",
      "TW7001 tag`t`; /re/",
      "TW7001 /re/.test(x)",
      "TW7001 new.target; ",
      "TW7001 arguments[0]",
      'TW7001 import("x");',
      "TW7001 #p;",
      "TW7001 get g() { re",
      "TW7001 using u = x;",
      "TW7001 super.f();",
    ]);
  });

  it("says in the record where the function stands, and what is refused in it", () => {
    const text = "const a = 1;\n  jit((x) => {\n  var y = x;\n  return y;\n});";
    const source = ts.createSourceFile("f.ts", text, ts.ScriptTarget.ES2022, true);
    const record = recordData(parse(text), source, "f.ts", { withSource: true });
    expect(record).toMatchObject({ file: "f.ts", line: 2, column: 7, lines: [9, 22, 34], ast: "" });
    const [error] = record.errors ?? [];
    expect(record.source?.slice(error.start, error.end)).toBe("var y = x");
  });
});

function bigints(_: string, v: unknown): unknown {
  return typeof v === "bigint" ? String(v) : v;
}
