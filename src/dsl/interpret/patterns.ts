/** Values bound to names: declarations, parameters, destructuring, assignment. */
import { locate } from "../../diagnostics/span.js";
import { nameTensor } from "../../tracer/frame.js";
import type { Pattern, PatternElement } from "../ast.js";
import { assignMember, assignName, elementsOf, evaluate, propertyKey } from "./evaluate.js";
import { made, type Scope, write } from "./region.js";
import { RangeValue } from "./values.js";

type Declare = { readonly mutable: boolean } | undefined;

export function bindPattern(pattern: Pattern, value: unknown, scope: Scope, declare: Declare): void {
  switch (pattern.kind) {
    case "name": {
      // a declaration is hoisted to the beginning of its block, and gets its value here
      const binding = declare ? scope.own(pattern.name) : scope.find(pattern.name);
      if (binding === undefined) {
        if (!declare) throw new ReferenceError(`${pattern.name} is not defined`);
        scope.declare(pattern.name, value, declare.mutable).place = scope.span(pattern);
        nameTensor(value, pattern.name);
      } else if (declare) write(binding, value, scope.span(pattern));
      else assignName(binding, value, scope, pattern);
      return;
    }
    case "target": {
      const object = evaluate(pattern.object, scope);
      const key = typeof pattern.property === "string" ? pattern.property : evaluate(pattern.property, scope);
      assignMember(object, key, value, scope.span(pattern));
      return;
    }
    case "arrayPattern": {
      const list = value instanceof RangeValue ? [] : elementsOf(value, scope.span(pattern));
      pattern.elements.forEach((e, i) => {
        if (e) bindElement(e, list[i], scope, declare);
      });
      if (pattern.rest) bindPattern(pattern.rest, made(list.slice(pattern.elements.length)), scope, declare);
      return;
    }
    case "objectPattern": {
      if (value === null || value === undefined) throw new TypeError(`Cannot destructure ${String(value)}`);
      const taken = new Set<PropertyKey>();
      const before = locate(scope.span(pattern));
      for (const { key, element } of pattern.properties) {
        const property = typeof key === "string" ? key : propertyKey(evaluate(key, scope), scope.span(key));
        taken.add(typeof property === "number" ? String(property) : property);
        bindElement(element, (value as Record<PropertyKey, unknown>)[property], scope, declare);
      }
      if (pattern.rest) {
        const rest = Object.fromEntries(Object.entries(value as object).filter(([k]) => !taken.has(k)));
        bindPattern(pattern.rest, made(rest), scope, declare);
      }
      locate(before);
    }
  }
}

export function bindElement(element: PatternElement, value: unknown, scope: Scope, declare: Declare): void {
  const given = value === undefined && element.fallback ? evaluate(element.fallback, scope) : value;
  bindPattern(element.pattern, given, scope, declare);
}

/** The names of a pattern, for the declarations of a block. */
export function patternNames(pattern: Pattern, into: string[] = []): string[] {
  if (pattern.kind === "name") into.push(pattern.name);
  else if (pattern.kind === "arrayPattern") {
    for (const e of pattern.elements) if (e) patternNames(e.pattern, into);
    if (pattern.rest) patternNames(pattern.rest, into);
  } else if (pattern.kind === "objectPattern") {
    for (const p of pattern.properties) patternNames(p.element.pattern, into);
    if (pattern.rest) patternNames(pattern.rest, into);
  }
  return into;
}
