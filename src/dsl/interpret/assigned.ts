/** Which variables a piece of source may assign: what a loop over it may have to carry. */
import type { Node, Pattern } from "../ast.js";
import { FIELDS } from "../schema.js";
import { patternNames } from "./patterns.js";

const known = new WeakMap<object, readonly string[]>();

/** Names that are assigned anywhere inside, in the order of the source. */
export function assignedNames(node: Node): readonly string[] {
  let names = known.get(node);
  if (names) return names;
  const found = new Set<string>();
  visit(node, found);
  names = [...found];
  known.set(node, names);
  return names;
}

function visit(node: Node, found: Set<string>): void {
  if (node.kind === "assign" || node.kind === "update")
    for (const n of patternNames(node.target as Pattern)) found.add(n);
  for (const [name] of FIELDS.get(node.kind)?.fields ?? []) {
    const value = (node as unknown as Record<string, unknown>)[name];
    if (typeof value === "object" && value !== null) visitValue(value, found);
  }
}

function visitValue(value: object, found: Set<string>): void {
  if (Array.isArray(value)) {
    for (const v of value) if (typeof v === "object" && v !== null) visitValue(v, found);
  } else if ("kind" in value) visit(value as Node, found);
  else for (const v of Object.values(value)) if (typeof v === "object" && v !== null) visitValue(v, found);
}
