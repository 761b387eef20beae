/** The two parsers of captured source give one tree: of the programs and models of the tests, and of one function of each kind. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";
import { decode, encode } from "../../../src/dsl/encode.js";
import { readFunction } from "../../../src/dsl/estree/function.js";
import type { Names } from "../../../src/dsl/estree/context.js";
import { type FunctionLike, functionStart, isFunctionLike, parseFunction } from "../../../src/dsl/parse/function.js";
import { root } from "../../pack/workspace.js";

/** JavaScript of a TypeScript file, and its outermost functions. */
function functionsOf(text: string, file: string): { source: ts.SourceFile; functions: FunctionLike[] } {
  const { outputText } = ts.transpileModule(text, {
    fileName: file,
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ESNext },
  });
  const source = ts.createSourceFile("f.js", outputText, ts.ScriptTarget.ESNext, true, ts.ScriptKind.JS);
  const functions: FunctionLike[] = [];
  const visit = (node: ts.Node): void => {
    if (isFunctionLike(node)) functions.push(node);
    else ts.forEachChild(node, visit);
  };
  visit(source);
  return { source, functions };
}

const GLOBALS = ["Math", "Number", "Object", "Array", "JSON", "String", "console"];

/** Every name is known; namespaces are those that the file imports so, as dsl/parse has it. */
function allNames({ statements }: ts.SourceFile): Names {
  const library = new Set<string>();
  const namespaces = new Set(GLOBALS);
  for (const s of statements) {
    if (!ts.isImportDeclaration(s) || !s.importClause) continue;
    const own = /^tilework(\/|$)/.test((s.moduleSpecifier as ts.StringLiteral).text);
    const { name, namedBindings: named } = s.importClause;
    const isSpace = named !== undefined && ts.isNamespaceImport(named);
    const names = named ? (isSpace ? [named.name] : named.elements.map((e) => e.name)) : [];
    for (const n of [...names, ...(name ? [name] : [])].map((x) => x.text)) {
      if (own) library.add(n);
      if (own || isSpace) namespaces.add(n);
    }
  }
  return {
    find: ({ root: name }) => ({
      read: () => undefined,
      library: library.has(name),
      namespace: namespaces.has(name),
    }),
  };
}

/** Without what a declaration differs in from the same text as an expression: its own name is known in it. */
function comparable(tree: unknown, self: string | undefined): unknown {
  if (Array.isArray(tree)) return tree.map((t) => comparable(t, self));
  if (typeof tree !== "object" || tree === null) return typeof tree === "bigint" ? `${tree}n` : tree;
  const node = tree as Record<string, unknown>;
  if (self !== undefined && node.kind === "captured" && node.chain === self) return { kind: "name", name: self };
  const fields = Object.entries(node).filter(([k]) => k !== "start" && k !== "end" && k !== "library");
  return Object.fromEntries(fields.map(([k, v]) => [k, comparable(v, self)]));
}

function compare(node: FunctionLike, source: ts.SourceFile): "same" | "refused" {
  const want = parseFunction(node, source);
  const text = source.text.slice(functionStart(node, source), node.end);
  const name = node.name && ts.isIdentifier(node.name) ? node.name.text : "";
  const got = readFunction(text, name, allNames(source));
  if (want.errors.length > 0) {
    const shown = (e: { code: string; message: string; help?: string }): string => `${e.code} ${e.message} ${e.help}`;
    expect(got.errors.map(shown), text).toEqual(want.errors.map(shown));
    return "refused";
  }
  expect(got.errors, text).toEqual([]);
  if (got.node === undefined) throw new Error(`no tree of ${text}`);
  expect(decode(encode(got.node))).toEqual(got.node);
  const declared = ts.isFunctionDeclaration(node) ? name : undefined;
  expect(comparable({ ...got.node, self: want.node.self }, declared), text).toEqual(comparable(want.node, declared));
  expect(got.node.end).toBe(text.length);
  const values = [...got.values.keys()].filter((c) => c !== declared);
  expect(values, text).toEqual(want.chains.filter((c) => c !== declared));
  return "same";
}

const FOLDERS = ["test/programs", "test/dsl", "test/kernels/language", "test/errors/refused", "src/numpy", "src/nn"];
const files = FOLDERS.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`),
);

it("in the files of captured programs, and in those of the library", () => {
  let same = 0;
  for (const file of files) {
    const { source, functions } = functionsOf(readFileSync(join(root, file), "utf8"), file);
    for (const f of functions) if (compare(f, source) === "same") same++;
  }
  expect(same).toBeGreaterThan(500);
});

/** In the programs that are written as texts in test/dsl. */
it("in every string of the tests of captured source that is a function", () => {
  let same = 0;
  for (const file of files.filter((f) => f.startsWith("test/dsl/") && !f.includes("/estree/"))) {
    const source = ts.createSourceFile(file, readFileSync(join(root, file), "utf8"), ts.ScriptTarget.ESNext, true);
    const visit = (node: ts.Node): void => {
      if (ts.isStringLiteralLike(node) && /=>|function/.test(node.text)) {
        const program = functionsOf(`export default ${node.text.replace(/[«»]/g, "")};`, "text.ts");
        const isWhole = (program.source as unknown as { parseDiagnostics: unknown[] }).parseDiagnostics.length === 0;
        if (isWhole) for (const f of program.functions) if (compare(f, program.source) === "same") same++;
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  expect(same).toBeGreaterThan(100);
});

const KINDS = [
  "const f = (x) => x;",
  "const f = function g(n) { return n > 0 ? g(n - 1) : null; };",
  "const f = ({ a, b: [c = 1, , ...d], ...e }, [g] = [2], ...rest) => ({ a, c, ...e, m() { return this; }, [g]: rest, 'k': 1, 2: 3, async: 1 });",
  `function f(x) {
    "use strict";
    let i = 0, s;
    outer: for (let k = 0; k < 3; k++) { if (k === 1) continue outer; for (const v of [1, 2n, -3, 1e3, 0x10, NaN, Infinity]) { s = v; break outer; } }
    do { i += 1; } while (i < 10 && !x);
    switch (i) { case 1: return "one"; default: i = 2; case 3: break; }
    const g = function g(n) { return n > 0 ? g(n - 1) : null; };
    function h() { throw new Error(\`bad \${i} and \${x}\`); }
    [i, s] = [s, i]; [i = 2, , ...s] = x; ({ i, a: s = 3, ["k"]: x[0] } = { i: 1 }); ({ b: x.y, ...s } = x);
    for (;;) break;
    if (x) ; else { debugger; }
    i **= 2; i >>>= 1; s ??= i; s ||= i; s &&= i;
    const k = () => { const self = { forward: (y) => y, "m n"(z) { return z; }, async: () => 1 }; return self?.forward; };
    return (i, typeof x, void 0, x?.a?.[i].b(1)?.c, (x?.a).b, x?.(1), a ?? b.c.d, i ** 2, i++, --i, "k" in x, g, h, undefined, true, [...x, , 1], k(...x), new Foo.Bar(1), new (x.y)(), this.z, \`a\${1}b\`, \`plain\`, b["c"], x["d"]);
  }`,
  "class A { static s(x) { return this.w * x; } m(x) { return [1].map(() => this.w.dot(x)); } 'quoted name'(x) { return x; } 5(x) { return x; } [computed](x) { return x; } get(x) { return x; } async(x) { return x; } static(x) { return x; } }",
  "const f = (x) => ({ f: (y) => y, ['g']: (y) => y, x, undefined }); const o = { m(x) { return x; }, async() { return 1; } };",
  "const f = (x) => { let y; y = (z) => z; const w = () => 1; return [y, w, ((0, x)), (x, 1), -x, +x, ~x, !x]; };",
];
it.each(KINDS)("of each kind %#", (text) => {
  const { source, functions } = functionsOf(text, "f.js");
  expect(functions.map((f) => compare(f, source))).not.toContain("refused");
});

const REFUSED = [
  "async function f(x) { await x; for await (const y of x) g(y); }",
  "function* f(x) { yield x; yield* x; }",
  "const f = async (x) => x;",
  "class A { async m(x) { return await x; } *g() { yield 1; } #p(x) { return this.#q + (#p in x); } m2() { return super.m() + super.x; } }",
  "const o = { get x() { return 1; }, set x(v) {}, m() { return { get y() { return 1; } }; } };",
  "function f(x) { try { var y = x; } catch (e) { y = e; } finally { delete x.y; } for (const k in x) y = x[k]; class B {} const C = class {}; }",
  "function f(x) { outer += x; lib.y = 1; this.z = x; /a/.test(x); tag`t`; import('m'); arguments[0]; a: x = 1; new.target; ({ a: (outer), ...lib.b } = x); [outer] = x; outer++; }",
  "function f(x) { using y = x; let z; for (z of x) g(z); for (x.a of z) g(x); }",
  "const f = (x) => { x = import.meta.url; return this.y; };",
];
it.each(REFUSED)("and one list of what is refused: %s", (text) => {
  const { source, functions } = functionsOf(text, "f.js");
  for (const f of functions) compare(f, source);
});
