/** `@jit` on a method: what becomes of its object. */
import { fail } from "../diagnostics/error.js";
import { describeValue } from "../tracer/leaf.js";
import { staged } from "../tracer/staged.js";
import type { AnyFunction } from "../tracer/trace.js";
import * as tree from "../tree/index.js";
import { positions, positionsOf } from "./argnums.js";
import { changeOf, type Fields, fieldsOf } from "./fields.js";
import type { JitOptions } from "./jit.js";

type Make = (f: AnyFunction, options: JitOptions, subject?: AnyFunction) => unknown;

export function jitMethod(make: Make, method: AnyFunction, name: string, options: JitOptions): AnyFunction {
  const label = `jit(${name})`;
  const ofModels = methodOfModels(make, method, label, { ...options, name });
  const ofOthers = methodOfObjects(make, method, { ...options, name });
  const compiled = function (this: unknown, ...args: unknown[]): unknown {
    if (tree.isModel(this)) return ofModels(this, args);
    if ((typeof this !== "object" && typeof this !== "function") || this === null) {
      return fail("TW1003", `${label}: the method was called without its object: this is ${describeValue(this)}`, {
        help: `keep them together: object.${name}.bind(object), or (x) => object.${name}(x)`,
      });
    }
    return ofOthers(this, args);
  };
  Object.defineProperty(compiled, "name", { value: name, configurable: true });
  Object.defineProperty(compiled, "length", { value: method.length, configurable: true });
  return compiled;
}

type Call = (self: object, args: unknown[]) => unknown;

/** The object is the last argument, so that the others keep their numbers. */
function methodOfModels(make: Make, method: AnyFunction, label: string, options: JitOptions): Call {
  const statics = positions(label, "staticArgnums", options.staticArgnums);
  const donated = positions(label, "donate", options.donate);
  const { dynamic } = options;
  const listed = Math.max(options.args?.length ?? 0, Array.isArray(dynamic) ? dynamic.length : 0);
  // of arguments that are left out, the object must not take the place
  const count = Math.max(listed, ...[...statics, ...donated].map((n) => n + 1));
  const fromFront = (list: readonly number[]): number[] => list.map((n) => (n < 0 ? n - 1 : n));
  let compiled: AnyFunction | undefined;
  return (self, args) => {
    if (statics.length > 0) positionsOf(label, "staticArgnums", statics, args.length, method);
    if (donated.length > 0) positionsOf(label, "donate", donated, args.length, method);
    compiled ??= make(
      (...all: unknown[]) => {
        const copy = (all.pop() as { this: object }).this;
        const before = tree.flatten(copy);
        const result = staged(method).apply(copy, all);
        refuseAssignment(label, copy, before);
        return result;
      },
      { ...options, staticArgnums: fromFront(statics), donate: fromFront(donated) },
      method,
    ) as AnyFunction;
    while (args.length < count) args.push(undefined);
    args.push({ this: self });
    return compiled(...args);
  };
}

/** The method runs on a copy, once: an assignment to a field would be seen by nobody. */
function refuseAssignment(label: string, model: object, before: { leaves: unknown[]; treedef: tree.TreeDef }): void {
  const after = tree.flatten(model);
  const isSame = tree.equal(after.treedef, before.treedef);
  if (isSame && after.leaves.every((x, i) => x === before.leaves[i])) return;
  const at = isSame ? tree.pathsOf(after.treedef)[after.leaves.findIndex((x, i) => x !== before.leaves[i])] : "";
  fail(
    "TW1012",
    `${label} assigns ${at ? `this.${at}` : "a field of this"}, on a copy that exists only while it is compiled`,
    {},
  );
}

/** The object is static. One compiled function for each, until a field of it is assigned. */
function methodOfObjects(make: Make, method: AnyFunction, options: JitOptions): Call {
  const byInstance = new WeakMap<object, { compiled: AnyFunction; fields: Fields | undefined }>();
  return (self, args) => {
    let known = byInstance.get(self);
    if (known?.fields !== undefined && changeOf(known.fields)) known = undefined;
    if (known === undefined) {
      const compiled = make((...a: unknown[]) => staged(method).apply(self, a), options, method) as AnyFunction;
      known = { compiled, fields: undefined };
      byInstance.set(self, known);
    }
    const result = known.compiled(...args);
    // fields that the method sets the first time are known from then on
    known.fields ??= fieldsOf(self);
    return result;
  };
}
