/** What the rewriting makes of a module: its text, and that the text does what the module did. */
import { eachMapping, TraceMap } from "@jridgewell/trace-mapping";
import { describe, expect, it } from "vitest";
import { rewriteModule } from "../../src/dsl/parse/rewrite.js";
import { nameInTree, recordOf, rewrite, run, withoutRecords, type Wrapped } from "./rewritten.js";

const IMPORT = 'import { jit, kernel, model, scan, numpy as np } from "tilework"; ';
/** The rewritten text without the imports and with records shortened. */
function text(source: string): string {
  return withoutRecords(rewrite(IMPORT + source).code).replace(/^(?:import .*?; )+/, "");
}

describe("the text", () => {
  it.each<[string, string, string]>([
    [
      "an expression is wrapped where it stands",
      "export const f = jit((x) => np.abs(x) * k); const k = 2;",
      "export const f = /*#__PURE__*/jit(/*#__PURE__*/tw$capture((x) => np.abs(x) * k, RECORD(np.abs, k))); const k = 2;",
    ],
    [
      "kernels that are captured need no parser",
      "const k = kernel((x, out) => { out.y = x; }, o); const b = function (x) { return x; }; export const f = [kernel(b, o), kernel(k2, o)];",
      'const k = /*#__PURE__*/tw$capturedKernel(/*#__PURE__*/tw$capture((x, out) => { out.y = x; }, RECORD()), o); const b = /*#__PURE__*/tw$capture(function (x) { return x; }, RECORD(), "b"); export const f = [tw$capturedKernel(b, o), kernel(k2, o)];',
    ],
    [
      "an arrow keeps the name of its constant",
      "const f = (x) => x; jit(f);",
      'const f = /*#__PURE__*/tw$capture((x) => x, RECORD(), "f"); jit(f);',
    ],
    [
      "a declaration becomes a constant at the beginning",
      "export const g = jit(f); export function f(x) { return x; }",
      "export const f = /*#__PURE__*/tw$capture(function f(x) { return x; }, RECORD()); export const g = /*#__PURE__*/jit(f); ",
    ],
    [
      "so does a default export",
      "jit(f); export default function f(x) { return x; }",
      "const f = /*#__PURE__*/tw$capture(function f(x) { return x; }, RECORD()); export { f as default }; jit(f); ",
    ],
    [
      "a declaration that is assigned stays",
      "function f(x) { return x; } jit(f); f = 1;",
      "tw$capture(f, RECORD()); function f(x) { return x; } jit(f); f = 1;",
    ],
    [
      "overloads go with their function",
      "jit(f); function f(x: number): number; function f(x: any): any { return x; }",
      "const f = /*#__PURE__*/tw$capture(function f(x: any): any { return x; }, RECORD()); jit(f);  ",
    ],
    [
      "a method of an object keeps its syntax",
      "const o = { relu(x) { return x; } }; jit(o.relu);",
      "const o = { relu: /*#__PURE__*/tw$capture(({ relu(x) { return x; } }).relu, RECORD()) }; jit(o.relu);",
    ],
    [
      "@jit function",
      "f(1); @jit function f(x) { return x; }",
      "const f = /*#__PURE__*/jit(/*#__PURE__*/tw$capture(function f(x) { return x; }, RECORD())); f(1); ",
    ],
    [
      "@jit({ … }) export function",
      "@jit({ donate: [0] }) export function f(x) { return x; }",
      "export const f = /*#__PURE__*/jit(/*#__PURE__*/tw$capture(function f(x) { return x; }, RECORD()), { donate: [0] });",
    ],
    [
      "export default @jit function",
      "export default @jit function f(x) { return x; }",
      "const f = /*#__PURE__*/jit(/*#__PURE__*/tw$capture(function f(x) { return x; }, RECORD())); export { f as default };",
    ],
    [
      "@jit with options of the module stays below them",
      "const options = { donate: 0 }; @jit(options) function f(x) { return x; }",
      "const options = { donate: 0 }; const f = /*#__PURE__*/jit(/*#__PURE__*/tw$capture(function f(x) { return x; }, RECORD()), options);",
    ],
    [
      "a directive",
      'const f = (x) => { "use jit"; return x; };',
      'const f = /*#__PURE__*/tw$jit(/*#__PURE__*/tw$capture((x) => {  return x; }, RECORD(), "f"), { name: "f" });',
    ],
    [
      "a class with decorated methods",
      "@model export class M { @jit forward(x) { return x; } static make() { return new M(); } }",
      "export const M = /*#__PURE__*/((tw$class) => { tw$capture(tw$class.make, RECORD(M)); " +
        'tw$capture(tw$class.prototype.forward, RECORD()); tw$decorateMethod(jit, tw$class.prototype, "forward"); ' +
        "return tw$decorateClass(model, tw$class); })(class M { forward(x) { return x; } static make() { return new M(); } });",
    ],
    [
      "an abstract class stays a declaration",
      "@model abstract class M { forward(x) { return x; } }",
      "abstract class M { forward(x) { return x; }  " +
        "static { const tw$class = this; tw$capture(tw$class.prototype.forward, RECORD()); } } M = tw$decorateClass(model, M);",
    ],
    [
      "a class without a name",
      "@model export default class { forward(x) { return x; } }",
      "const tw$default = /*#__PURE__*/((tw$class) => { tw$capture(tw$class.prototype.forward, RECORD()); " +
        "return tw$decorateClass(model, tw$class); })(class { forward(x) { return x; } }); export { tw$default as default };",
    ],
    [
      "statements without semicolons stay apart",
      "const a = 1\nfunction f(x) { return x }\n[f].map(jit)\njit(f)",
      "const f = /*#__PURE__*/tw$capture(function f(x) { return x }, RECORD()); const a = 1\n;\n[f].map(jit)\njit(f)",
    ],
  ])("%s", (_, source, expected) => {
    expect(text(source)).toBe(expected);
  });

  it("keeps its lines, but for declarations that move", () => {
    const source = `${IMPORT}\n// a comment\nexport const f = jit((x) => {\n  return np.abs(x);\n});\nexport const g = 1;\n`;
    const lines = rewrite(source).code.split("\n");
    expect(lines.length).toBe(source.split("\n").length);
    expect(lines[5]).toBe("export const g = 1;");
  });

  it("imports under names that are free", () => {
    const { code } = rewrite(`${IMPORT} const tw$capture = 1; jit((x) => x);`);
    expect(code).toContain('import { capture as tw$capture_ } from "tilework/capture"');
  });

  it("can be rewritten for syntax alone", () => {
    const source = `${IMPORT} @jit function f(x) { return x; } jit((x) => x);`;
    const done = rewriteModule(source, { file: "app.ts", syntaxOnly: true });
    expect(done?.code).toBe(`${IMPORT} const f = /*#__PURE__*/jit(function f(x) { return x; }); jit((x) => x);`);
    expect(rewriteModule(`${IMPORT} jit((x) => x);`, { file: "app.ts", syntaxOnly: true })).toBeUndefined();
  });

  it("is left alone when it was rewritten before", () => {
    const { code } = rewrite(`${IMPORT} export const f = jit((x) => x);`);
    expect(rewriteModule(code, { file: "app.ts" })).toBeUndefined();
  });
});

describe("the program", () => {
  it("reads captured values when they are asked for, in scope", () => {
    const { f, set } = run(
      `${IMPORT} import { scale } from "./other.js"; let k = 1;
       export const f = jit((x) => x * k * scale * np.abs(-2) * late.deep.value);
       export const set = (v: number) => { k = v; };
       const late = { deep: { value: 7 } };`,
    ) as { f: Wrapped; set: (v: number) => void };
    const { values } = recordOf(f.fn);
    expect(Object.keys(values)).toEqual(["k", "scale", "np.abs", "late.deep.value"]);
    set(5);
    expect(values["k"]()).toBe(5);
    expect(values["scale"]()).toBe(3);
    expect(values["np.abs"]()).toBe(Math.abs);
    expect(values["late.deep.value"]()).toBe(7);
  });

  it("gives every closure its own values", () => {
    const { a, b } = run(
      `${IMPORT} const make = (k: number) => jit((x) => x + k); export const a = make(1); export const b = make(2);`,
    );
    expect([a, b].map((w) => recordOf((w as Wrapped).fn).values["k"]())).toEqual([1, 2]);
  });

  it("has its functions before the lines that use them", () => {
    const { early, f } = run(
      `${IMPORT} export const early = f(20); export function f(x) { return x + 1; } jit(f);`,
    ) as {
      early: number;
      f: (x: number) => number;
    };
    expect(early).toBe(21);
    expect(nameInTree(f)).toBe("f");
    expect(f.name).toBe("f");
  });

  it("has functions in blocks before the lines that use them", () => {
    const { out } = run(
      `${IMPORT} export const out = outer(); function outer() { const y = g(1); function g(x) { return x + h(x); } function h(x) { return x; } jit(g); return [y, g]; }`,
    ) as { out: [number, unknown] };
    expect(out[0]).toBe(2);
    expect(recordOf(out[1]).values["h"]()).toBeTypeOf("function");
  });

  it("decorates methods in the order of the language, and the class last", () => {
    const { M, log } = run(
      `${IMPORT} export const log = [];
       @model export class M {
         w = 3;
         @jit forward(x) { return x * this.w; }
         @jit static loss(x) { return x; }
       }`,
    ) as { M: new () => { forward(x: number): number }; log: unknown[] };
    expect(log).toEqual([]);
    expect(new M().forward(2)).toBe(6);
    expect(M.name).toBe("M");
    expect(nameInTree(M.prototype.forward)).toBe("forward");
    expect(nameInTree((M as unknown as { loss: unknown }).loss)).toBe("loss");
  });

  it("says where a function stands", () => {
    const { f } = run(`${IMPORT}\nexport const f =\n  jit((x) => {\n  return x;\n});\n`, { withSource: true }) as {
      f: Wrapped;
    };
    expect(recordOf(f.fn)).toMatchObject({
      file: "app.ts",
      line: 3,
      column: 7,
      lines: [9, 21],
      source: "(x) => {\n  return x;\n}",
    });
    expect(recordOf((run(`${IMPORT} export const f = jit((x) => x);`) as { f: Wrapped }).f.fn).source).toBeUndefined();
  });

  it("keeps names of functions that the syntax named", () => {
    const { f } = run(`${IMPORT} export const f = (x) => x; jit(f);`) as { f: { name: string } };
    expect(f.name).toBe("f");
  });
});

describe("the source map", () => {
  it("leads every word back to its place, also in what moved", () => {
    const source = `${IMPORT}\nconst early = jit(late);\n\nfunction late(value) {\n  return np.abs(value);\n}\n`;
    const { code, map } = rewrite(source);
    const lines = { from: source.split("\n"), to: code.split("\n") };
    let words = 0;
    eachMapping(new TraceMap(map.toString()), (m) => {
      if (m.originalLine === null || m.originalColumn === null) return;
      const word = /^\w+/.exec(lines.from[m.originalLine - 1].slice(m.originalColumn))?.[0];
      const there = lines.to[m.generatedLine - 1].slice(m.generatedColumn);
      if (word === "early" || word === "value" || word === "abs") {
        expect(there.startsWith(word)).toBe(true);
        words++;
      }
    });
    expect(words).toBe(4);
  });
});
