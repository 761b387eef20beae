/** `model`: classes whose instances are trees of their arrays. */
import { fail } from "../diagnostics/error.js";
import { isTracing } from "../tracer/frame.js";
import { describeValue, ShapeDtype } from "../tracer/leaf.js";
import { interpretedInTraces, isCaptured } from "../tracer/staged.js";
import { isTensor, Tensor } from "../tracer/tensor.js";
import type { AnyFunction } from "../tracer/trace.js";
import * as tree from "../tree/index.js";
import { withoutComments } from "./source-text.js";

export interface ModelOptions {
  /** Fields that belong to the structure as they are: tables of constants, a tokenizer with its vocabulary. */
  readonly static?: readonly string[];
}
/** Options alone; a class is none. */
interface DecoratorOptions extends ModelOptions {
  readonly apply?: never;
}

// biome-ignore lint/suspicious/noExplicitAny: any class
export type ModelClass = abstract new (...args: any) => object;

/** What `model(options)` gives, for a class: `@model({ static: ["vocabulary"] }) class Embedder { … }`. */
export type ModelDecorator = <C extends ModelClass>(cls: C, context?: ClassDecoratorContext<C>) => C;

/**
 * Makes instances of a class trees: their arrays, and the arrays of models, lists and objects in their fields, are leaves.
 * Numbers, strings, functions and other objects are part of the structure, and stay what they are in transformed functions.
 *
 * @example
 * @model class Dense {
 *   bias = np.zeros([10]);
 *   constructor(public weight: Tensor) {}
 *   forward(x: Tensor): Tensor { return np.dot(x, this.weight).add(this.bias); }
 * }
 */
export function model<C extends ModelClass>(cls: C, context: ClassDecoratorContext<C>): C;
/** The same without a decorator: `const Dense = model(class { … })`. */
export function model<C extends ModelClass>(cls: C): C;
export function model(options?: DecoratorOptions): ModelDecorator;
export function model(cls?: ModelClass | ModelOptions, context?: ClassDecoratorContext): unknown {
  if (typeof cls === "function") return makeModel(cls, context, {});
  if (cls !== undefined && (typeof cls !== "object" || cls === null)) notAClass(cls);
  const options = cls ?? {};
  const unknown = Object.keys(options).find((key) => key !== "static");
  if (unknown !== undefined || !isNames(options.static)) {
    fail("TW1007", `model: ${unknown === undefined ? "static is no list of names" : `there is no option ${unknown}`}`, {
      help: 'write model(class { … }), or @model({ static: ["table"] })',
    });
  }
  return (decorated: unknown, its?: ClassDecoratorContext) => makeModel(decorated, its, options);
}

function isNames(x: unknown): boolean {
  return x === undefined || (Array.isArray(x) && x.every((name) => typeof name === "string"));
}

function notAClass(x: unknown): never {
  fail("TW1007", `model takes a class, not ${describeValue(x)}`, {
    help: "write model(class { … }), or @model before a class",
  });
}

function makeModel(cls: unknown, context: ClassDecoratorContext | undefined, options: ModelOptions): ModelClass {
  if (typeof cls !== "function" || typeof cls.prototype !== "object" || cls.prototype === null) notAClass(cls);
  if (context !== undefined && context.kind !== "class") {
    fail(
      "TW1007",
      `model: ${String((context as { name?: unknown }).name)} is a ${String((context as { kind: unknown }).kind)}, not a class`,
      {
        help: "write @model before the class, and @jit before its methods",
      },
    );
  }
  const prototype = cls.prototype as Record<string, unknown>;
  refusePrivateFields(cls, context?.name ?? (cls as { name?: string }).name);
  tree.markModel(prototype, { rules: RULES, fixed: options.static ?? [] });
  for (const [name, d] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (name === "constructor" || typeof d.value !== "function" || !isCaptured(d.value as AnyFunction)) continue;
    Object.defineProperty(prototype, name, { ...d, value: interpretedInTraces(d.value as AnyFunction, isTracing) });
  }
  return cls as unknown as ModelClass;
}

const PRIVATE = /(?:^|[;{}\n])\s*(?:(?:async|get|set)\s+|\*\s*)?(#[\w$]+)\s*(?=[=;(\n}])/;
/** Instances that a transform puts together have no #private members, which only a constructor can give. */
function refusePrivateFields(cls: object, name: string | undefined): void {
  const text = withoutComments(Function.prototype.toString.call(cls));
  const found = PRIVATE.exec(text)?.[1];
  if (found === undefined) return;
  fail(
    "TW1011",
    `${name || "the class"} has ${found}: a model is put together again from its arrays, without #private members`,
    {
      help: `name it _${found.slice(1)}, or in TypeScript declare it private`,
    },
  );
}

const RULES: tree.ModelRules = {
  isArray: (x) => x instanceof Tensor || x instanceof ShapeDtype,
  isLeaf(x, owner) {
    if (typeof x === "function") {
      checkFunction(x, owner);
      return false;
    }
    if (typeof x !== "object" || x === null) return false;
    // typed arrays and promises are refused as arguments, with a remedy
    if (isTensor(x) || x instanceof ShapeDtype || ArrayBuffer.isView(x) || x instanceof Promise) return true;
    checkObject(x, owner);
    return false;
  },
};

const ARROW = /^(?:async\b\s*)?(?:[\w$]+|\((?:[^()]|\([^()]*\))*\))\s*=>/;
const passed = new WeakSet<object>();

/** A function that belongs to one instance would go on with the arrays of that one. */
function checkFunction(f: object, owner: string): void {
  if (passed.has(f)) return;
  const original = (f as { original?: unknown }).original;
  const written = typeof original === "function" ? original : f;
  const { name } = written as { name?: string };
  const text = withoutComments(Function.prototype.toString.call(written));
  const isBound = name?.startsWith("bound ") && text.includes("[native code]");
  if (isBound || (ARROW.test(text) && /\bthis\b/.test(text))) {
    const what = isBound ? "a bound function" : "an arrow function with this";
    fail(
      "TW1011",
      `${owner} holds ${what}${name ? ` (${name})` : ""}: it would keep the arrays of the instance that it was made in`,
      {
        help: "write it as a method of the class",
      },
    );
  }
  passed.add(f);
}

/** An object of another class that holds arrays was meant to be a model. */
function checkObject(x: object, owner: string): void {
  for (const [field, value] of Object.entries(x)) {
    const isLayer = tree.isModel(value) || value instanceof Tensor;
    if (!isLayer && !(Array.isArray(value) && value.some((v) => v instanceof Tensor || tree.isModel(v)))) continue;
    const name = x.constructor?.name || "an object";
    fail("TW1011", `${owner} holds ${name}, which has arrays (${field}) and is no model`, {
      help: `make it one: @model class ${x.constructor?.name || "Layer"} { … }; or name its field in model({ static: [...] })`,
    });
  }
}
