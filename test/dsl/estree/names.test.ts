/** What the names of a function mean when only its text is known. */
import { lax, numpy as np } from "tilework";
import * as language from "tilework/kernels";
import { expect, it } from "vitest";
import { captureOf } from "../../../src/dsl/capture.js";
import { parseRuntimeFunction, type RuntimeOptions } from "../../../src/dsl/estree/index.js";

type AnyFunction = (...args: never[]) => unknown;
const known = { language, namespaces: { np, numpy: np, lax } };

/** A function whose text is what a tool makes; it never runs. */
const fn = (text: string): AnyFunction => new Function(`return ${text}`)() as AnyFunction;
function values(text: string, options: Partial<RuntimeOptions> = {}): Record<string, unknown> {
  const record = parseRuntimeFunction(fn(text), { ...known, ...options });
  expect(record.errors ?? []).toEqual([]);
  return Object.fromEntries(Object.entries(record.values).map(([k, read]) => [k, read()]));
}
const unknown = (text: string, options: Partial<RuntimeOptions> = {}): string[] =>
  (parseRuntimeFunction(fn(text), { ...known, ...options }).errors ?? []).map(
    (e) => `${e.code} ${text.slice(e.start, e.end)}`,
  );

it("constants come first, then JavaScript's globals, then the language", () => {
  const own = (x: unknown) => x;
  expect(
    values("(x) => load(x) + Math.max(k, 1) + w.scale.by", { constants: { k: 3, w: { scale: { by: 2 } } } }),
  ).toEqual({
    load: language.load,
    "Math.max": Math.max,
    k: 3,
    "w.scale.by": 2,
  });
  expect(values("(x) => load(x, Math)", { constants: { load: 1, Math: own } })).toMatchObject({ load: 1 });
  expect(values("(x) => [Number.MAX_VALUE, console, JSON, Infinity, NaN, undefined, globalThis]")).toMatchObject({
    "Number.MAX_VALUE": Number.MAX_VALUE,
    console,
  });
});

it("a constant is read when the function is traced", () => {
  const constants = { k: 1 };
  const record = parseRuntimeFunction(fn("(x) => x * k"), { ...known, constants });
  constants.k = 2;
  expect(record.values.k()).toBe(2);
});

it.each([
  ["(0, __vite_ssr_import_1__.load)(x)", "__vite_ssr_import_1__.load"],
  ["__vite_ssr_import_1__.load(x)", "__vite_ssr_import_1__.load"],
  ["(0, _kernels.load)(x)", "_kernels.load"],
  ["(0, kernels_1.load)(x)", "kernels_1.load"],
  ["(0,tilework_kernels__WEBPACK_IMPORTED_MODULE_1__.load)(x)", "tilework_kernels__WEBPACK_IMPORTED_MODULE_1__.load"],
  ["Object(m.load)(x)", "m.load"],
  ['(0, m["load"])(x)', "m.load"],
  ["m.default.load(x)", "m.default.load"],
  ["(0, load)(x)", "load"],
  ["tl.load(x)", "tl.load"],
  ["f(kernels_1.load)(x)", "kernels_1.load"],
])("imports as tools write them: %s", (call, chain) => {
  expect(values(`(x, f) => ${call}`)).toEqual({ [chain]: language.load });
  const record = parseRuntimeFunction(fn(`(x) => ${call}`), known);
  expect(record.ast).not.toContain("Object");
});

it("numpy by its usual names, and as a member of a module", () => {
  expect(values("(x) => np.exp(x) + numpy.linalg.inv(x) + m.numpy.tanh(x) + lax.rsqrt(x)")).toEqual({
    "np.exp": np.exp,
    "numpy.linalg.inv": np.linalg.inv,
    "m.numpy.tanh": np.tanh,
    "lax.rsqrt": lax.rsqrt,
  });
  expect(unknown("(x) => np.expp(x) + np.linalg.nothing(x)")).toEqual(["TW7017 np.expp", "TW7017 np.linalg.nothing"]);
});

it("parameters and variables hide all of them", () => {
  expect(values("(load, Math, np) => { const m = load; return m.load(Math.max(np.exp(load), 1)); }")).toEqual({});
});

it("what else there is, is an error for each name, with what to do", () => {
  const text = "function scaled(x) { return load(x) * factor + factor * config.deep.value + helper(x) + this.w; }";
  expect(unknown(text)).toEqual(["TW7017 factor", "TW7017 config.deep.value", "TW7017 helper"]);
  expect(unknown("(x) => this.w * x")).toEqual(["TW7017 this.w"]);
  expect(unknown("(x) => x * limits.max")).toEqual(["TW7017 limits.max"]);
  const record = parseRuntimeFunction(fn(text), known);
  expect(record.errors?.[0].message).toBe("factor is not known in scaled, which is read from its text alone");
  expect(record.errors?.[0].help).toMatch(/constants: \{ factor \}.*tilework\/plugin.*tilework\/register/);
  expect(record.errors?.[1].help).toMatch(/constants: \{ config \}/);
});

it("a bundler's new name of a function is that function, also where it is another one's name", () => {
  // as in a bundle where the language's exp had to become exp2
  const exp2 = (x: unknown) => x;
  const exp22 = (x: unknown) => x;
  const load$1 = (x: unknown) => x;
  const renamed = { exp: exp2, exp2: exp22, load: load$1 };
  expect(values("(x) => exp2(load$1(x)) + exp22(x)", { language: renamed })).toEqual({
    exp2: exp2,
    exp22: exp22,
    load$1: load$1,
  });
});

it("minified code: what has kept its name works, the rest says so", () => {
  const record = parseRuntimeFunction(fn("(a,b)=>{let c=0;for(let d=0;d<3;d++)c+=a.load(b)*e;return c}"), known);
  expect(record.errors?.map((e) => e.message)).toEqual([
    "e is not known in the function, which is read from its text alone: the code may be minified",
  ]);
});

it("the counters of istanbul and the names of esbuild are not there", () => {
  const plain =
    "function f(x, out) { const g = (y) => y * 2; function h(y) { return y; } if (x > 0) { return g(x); } return h(x); }";
  const counted = `function f(x, out) { cov_1ab2().f[0]++; const g = (cov_1ab2().s[0]++, /* @__PURE__ */ __name((y) => { cov_1ab2().f[1]++; cov_1ab2().s[1]++; return y * 2; }, "g"));
    function h(y) { cov_1ab2().s[2]++; return y; } __name(h, "h"); cov_1ab2().s[3]++; if (x > 0) { cov_1ab2().b[0][0]++; cov_1ab2().s[4]++; return g(x); } else { cov_1ab2().b[0][1]++; } return h(x); }`;
  expect(values(plain)).toEqual({});
  expect(values(counted)).toEqual({});
});

it("a function among the constants is read too, unless it names what is not known", () => {
  const twice = fn("(x) => (x > 0 ? relu(x) : x * k)");
  const foreign = fn("(x) => somewhere(x)");
  const relu = fn("function relu(x) { return x > 0 ? x : 0 }");
  const constants = { twice, foreign, relu, k: 2, jsMax: Math.max, load: language.load };
  const found = values("(x) => twice(foreign(relu(jsMax(load(x), k))))", { constants });
  expect(captureOf(found.twice as object)?.values.k()).toBe(2);
  expect(captureOf(captureOf(found.twice as object)?.values.relu() as object)).toBeDefined();
  expect(captureOf(twice)).toBeUndefined();
  expect(found.foreign).toBe(foreign);
  expect(found.jsMax).toBe(Math.max);
  expect(found.load).toBe(language.load);
});

it("texts of all kinds of functions", () => {
  class Kernels {
    static fill(x: unknown) {
      return x;
    }
    "quoted name"(x: unknown) {
      return x;
    }
    #hidden(x: unknown) {
      return x;
    }
    hidden() {
      return this.#hidden;
    }
  }
  const k = new Kernels();
  for (const f of [
    Kernels.fill,
    k["quoted name"],
    k.hidden(),
    (x: unknown) => x,
    function named(x: unknown) {
      return x;
    },
  ]) {
    const record = parseRuntimeFunction(f as AnyFunction, known);
    expect(record.errors ?? []).toEqual([]);
    expect(record.source).toBe(Function.prototype.toString.call(f));
  }
  expect(parseRuntimeFunction(Kernels as unknown as AnyFunction, known).errors?.map((e) => e.code)).toEqual(["TW7001"]);
  expect(() => parseRuntimeFunction(Math.max as AnyFunction, known)).toThrow(/TW7018/);
  expect(() => parseRuntimeFunction(Kernels.fill.bind(null) as AnyFunction, known)).toThrow(/TW7018/);
});

it("every function of the language has the name that it is exported under", () => {
  for (const [key, value] of Object.entries(language)) if (typeof value === "function") expect(value.name).toBe(key);
});
