/** Decorators as the plugin lowers them: called in the order, and with the contexts, that other tools give them. */
import { transformSync } from "esbuild";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { decorateClass, decorateMethod } from "../../src/dsl/decorate.js";
import { rewrite } from "./rewritten.js";

const TEXT = `import { jit, model } from "tilework";
@model class Base { w = 1; }
@model class M extends Base {
  @jit forward(x) { return x; }
  @jit static make() { return 1; }
  @jit last() { return 3; }
}
exports.M = M;`;

interface Seen {
  readonly kind: string;
  readonly name: unknown;
  readonly rest: unknown;
}

/** What the decorators were given, in order. */
function calls(code: string): readonly Seen[] {
  const seen: Seen[] = [];
  const decorator = (value: (...args: unknown[]) => unknown, context: DecoratorContext): unknown => {
    const { kind, name } = context;
    const all = context as unknown as Record<string, unknown>;
    const access = all.access as { has(o: object): boolean; get(o: object): unknown } | undefined;
    seen.push({
      kind,
      name,
      rest: {
        value: [typeof value, value.name],
        static: all.static,
        private: all.private,
        addInitializer: typeof all.addInitializer,
        access: access && [access.has({ [String(name)]: 1 }), access.has({}), access.get({ [String(name)]: 7 })],
      },
    });
    return undefined;
  };
  const modules: Record<string, unknown> = {
    tilework: { jit: decorator, model: decorator },
    "tilework/capture": { capture: (f: unknown) => f, decorateClass, decorateMethod },
  };
  new Function("exports", "require", code)({}, (name: string) => modules[name]);
  return seen;
}
function commonJs(text: string): string {
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS };
  return ts.transpileModule(text, { compilerOptions }).outputText;
}

describe("decorators lowered by the plugin", () => {
  const ours = calls(commonJs(rewrite(TEXT).code));
  it("are called in the order of the language", () => {
    expect(ours.map((s) => `${s.kind} ${String(s.name)}`)).toEqual([
      "class Base",
      "method make",
      "method forward",
      "method last",
      "class M",
    ]);
  });
  it("are given what tsc gives them", () => expect(ours).toEqual(calls(commonJs(TEXT))));
  it("are given what esbuild gives them", () =>
    expect(ours).toEqual(calls(transformSync(TEXT, { loader: "ts", format: "cjs", target: "es2022" }).code)));

  it("have a result that counts, and must be a function", () => {
    class C {
      f(): number {
        return 1;
      }
    }
    decorateMethod(() => () => 2, C.prototype as never, "f");
    expect(new C().f()).toBe(2);
    expect(Object.keys(C.prototype)).toEqual([]);
    expect(() => decorateMethod((() => 3) as never, C.prototype as never, "f")).toThrow(TypeError);
    expect(() => decorateClass((() => 3) as never, C)).toThrow(TypeError);
    class D extends C {}
    expect(decorateClass((() => D) as never, C)).toBe(D);
  });
  it("of a class may add initialisers while they run", () => {
    class C {}
    let late: ((f: () => void) => void) | undefined;
    const log: unknown[] = [];
    decorateClass((_, { addInitializer }) => {
      late = addInitializer as never;
      addInitializer(function (this: unknown) {
        log.push(this);
      });
      return undefined;
    }, C);
    expect(log).toEqual([C]);
    expect(() => late?.(() => {})).toThrow(TypeError);
  });
});
