/** Small pieces of expressions. */
import type * as es from "acorn";
import type { Expression, Literal, Located } from "../ast.js";
import { REFUSALS, type Refusal } from "../refusals.js";
import type { Context } from "./context.js";

export function literal(value: Literal["value"], at: Located): Literal {
  return { kind: "literal", value, ...at };
}

/** Records the refusal; reading goes on with a value in its place. */
export function refuse(c: Context, node: es.Node, refusal: Refusal): Expression {
  c.refuse(node, refusal);
  return literal(undefined, c.at(node));
}

/** A function without a name takes that of what it is assigned to. */
export function named(value: Expression, name: string | undefined): Expression {
  return value.kind === "function" && value.name === "" && name !== undefined ? { ...value, name } : value;
}

export function nameOf(node: es.Node): string | undefined {
  return node.type === "Identifier" ? (node as es.Identifier).name : undefined;
}

/** The key of a property: text, or the expression in its brackets. */
export function parseKey(
  c: Context,
  { key, computed }: { readonly key: es.Expression | es.PrivateIdentifier; readonly computed: boolean },
): string | Expression {
  if (key.type === "PrivateIdentifier") {
    c.refuse(key, REFUSALS.privateKey);
    return "";
  }
  if (computed) return c.expression(key);
  if (key.type === "Identifier") return key.name;
  return key.type === "Literal" ? String(key.value) : "";
}
