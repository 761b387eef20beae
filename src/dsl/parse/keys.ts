/** Names of properties. */
import ts from "typescript";
import type { Expression } from "../ast.js";
import { REFUSALS } from "../refusals.js";
import type { Context } from "./context.js";

export function parseKey(c: Context, name: ts.PropertyName): string | Expression {
  if (ts.isComputedPropertyName(name)) return c.expression(name.expression);
  if (ts.isPrivateIdentifier(name)) {
    c.refuse(name, REFUSALS.privateKey);
    return "";
  }
  return ts.isBigIntLiteral(name) ? name.text.replace(/n$/, "") : name.text;
}
