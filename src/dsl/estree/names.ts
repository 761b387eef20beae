/**
 * What the names around a function stand for, when only the function's text is known. In this order: the `constants` that its
 * author gives, JavaScript's globals, the functions of the language by their names, and what bundlers and test runners make of
 * imports: a member of a module that nobody knows is the language's function of that name.
 */
import { captureOf } from "../capture.js";
import { isNative } from "./text.js";
import { type Chain, chainText, type Known, type Names, type Unknown } from "./context.js";

export interface Surroundings {
  /** Values by name, as the function's author gives them. */
  readonly constants?: Readonly<Record<string, unknown>> | undefined;
  /** The functions of the language by the names under which they are exported. */
  readonly language: Readonly<Record<string, unknown>>;
  /** Whole modules by the names that programs give them: `np`, `numpy`. */
  readonly namespaces?: Readonly<Record<string, object>>;
}

/** Globals of JavaScript that a function may use; those whose functions need no `this` are true. */
const GLOBALS: ReadonlyMap<string, boolean> = new Map([
  ...["Math", "Number", "Object", "Array", "JSON", "String", "console"].map((n) => [n, true] as const),
  ...["Boolean", "BigInt", "Symbol", "Map", "Set", "Date", "Error", "TypeError", "RangeError"].map(plain),
  ...["parseInt", "parseFloat", "isNaN", "isFinite", "globalThis", "performance"].map(plain),
  ...["Int8Array", "Uint8Array", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array"].map(plain),
  ...["Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array"].map(plain),
]);
function plain(name: string): readonly [string, boolean] {
  return [name, false];
}

/** Names that only tools give to modules. */
const OF_TOOL = /^__vite|^__vi_|__WEBPACK_|^__TURBOPACK|^import_|_exports$|_\d+$/;

const has = (record: object, key: string): boolean => Object.hasOwn(record, key);

/** @param helper Makes a constant that is a function ready to be called. */
export function namesAround(surroundings: Surroundings, helper: (value: unknown) => unknown): Names {
  const { constants = {}, language, namespaces = {} } = surroundings;
  const modules = new Set<unknown>([language, ...Object.values(namespaces)]);
  const own = new Set<unknown>(Object.values(language));
  const renamed = renamedFunctions(language);

  function find(chain: Chain, called: boolean): Known | Unknown {
    const { root, members } = chain;
    if (has(constants, root)) {
      const isModule = modules.has(constants[root]) || isModuleObject(constants[root]);
      const library = modules.has(constants[root]) || own.has(constants[root]);
      return { read: () => helper(follow(constants[root], members)), library, namespace: isModule };
    }
    const asGlobal = GLOBALS.get(root);
    if (asGlobal !== undefined && root in globalThis) {
      const value = (globalThis as Record<string, unknown>)[root];
      return { read: () => follow(value, members), library: false, namespace: asGlobal };
    }
    const named = renamed(root) ?? (has(language, root) ? language[root] : undefined);
    if (named !== undefined) return library(named, members);
    if (has(namespaces, root)) return inModule(chain, namespaces[root], 0);
    return ofImport(chain, called);
  }

  /** `module.load`, `module.default.load`, `module.numpy.exp`; what is not called, may be anything: `limits.max`. */
  function ofImport(chain: Chain, called: boolean): Known | Unknown {
    const { root, members } = chain;
    const at = members[0] === "default" ? 1 : 0;
    const name = members[at];
    if (name === undefined) return { unknown: root, ...noteOn(root) };
    if (has(language, name) && (called || OF_TOOL.test(root))) return library(language[name], members.slice(at + 1));
    if (has(namespaces, name) && members.length > at + 1) return inModule(chain, namespaces[name], at + 1);
    return { unknown: root, ...noteOn(root) };
  }

  function inModule(chain: Chain, module: object, from: number): Known | Unknown {
    let value: unknown = module;
    for (let i = from; i < chain.members.length; i++) {
      value = follow(value, [chain.members[i]]);
      if (value === undefined) return { unknown: chainText({ ...chain, members: chain.members.slice(0, i + 1) }) };
    }
    return { read: () => value, library: true, namespace: true };
  }

  function noteOn(name: string): { note?: string } {
    return name.length <= 2 && !has(language, name) ? { note: "the code may be minified" } : {};
  }
  return { find };
}

function library(value: unknown, members: readonly string[]): Known {
  return { read: () => follow(value, members), library: true, namespace: true };
}

function follow(value: unknown, members: readonly string[]): unknown {
  for (const m of members) value = (value as Record<string, unknown> | null | undefined)?.[m];
  return value;
}

function isModuleObject(value: unknown): boolean {
  return (value as { [Symbol.toStringTag]?: unknown } | null | undefined)?.[Symbol.toStringTag] === "Module";
}

/**
 * A bundler that puts modules together renames functions whose names meet: `exp` becomes `exp2` (or `exp$1`) where it is declared
 * and where it is used. Then the function's own name tells which one a text means, also where another is exported under it.
 */
function renamedFunctions(language: Readonly<Record<string, unknown>>): (name: string) => unknown {
  const byName = new Map<string, unknown>();
  for (const [key, value] of Object.entries(language)) {
    if (typeof value !== "function" || value.name === key) continue;
    const suffix = value.name.startsWith(key) ? value.name.slice(key.length) : "";
    if (/^[$_]?\d+$/.test(suffix)) byName.set(value.name, value);
  }
  return (name) => {
    const own = has(language, name) ? language[name] : undefined;
    return typeof own === "function" && own.name === name ? undefined : byName.get(name);
  };
}

/** A constant that cannot be more than its value: the language's functions, those with a record, JavaScript's own, classes. */
export function isReady(value: unknown, { language, namespaces = {} }: Surroundings): boolean {
  if (typeof value !== "function" || captureOf(value)) return true;
  const text = Function.prototype.toString.call(value);
  if (isNative(text) || /^class\b/.test(text)) return true;
  return [language, ...Object.values(namespaces)].some((m) => Object.values(m).includes(value));
}
