/** Members, elements and calls: what hangs on a name from outside is one captured chain. */
import type * as es from "acorn";
import type { Call, Expression, Spread } from "../ast.js";
import { REFUSALS } from "../refusals.js";
import { importedCallee, namedByTool } from "./bundled.js";
import { type Chain, type Context } from "./context.js";
import { literal, named, refuse } from "./values.js";

export const CONSTANT_NAMES: ReadonlySet<string> = new Set(["undefined", "NaN", "Infinity", "arguments"]);

/** A chain of plain members on something from outside; undefined for anything else. */
export function chainOf(c: Context, node: es.Expression | es.Super): Chain | undefined {
  if (node.type === "Identifier")
    return c.isLocal(node.name) || CONSTANT_NAMES.has(node.name) ? undefined : { root: node.name, members: [] };
  if (node.type === "ThisExpression") return c.ownThis > 0 ? undefined : { root: "this", members: [] };
  if (isImportMeta(node)) return { root: "import.meta", members: [] };
  if (node.type !== "MemberExpression" || node.optional || node.property.type === "PrivateIdentifier") return undefined;
  const object = chainOf(c, node.object);
  const name = object && memberName(c, node, object);
  return object && name !== undefined ? { root: object.root, members: [...object.members, name] } : undefined;
}

/** Some bundlers write the members of modules as strings: `module["load"]`. */
function memberName(c: Context, { property, computed }: es.MemberExpression, object: Chain): string | undefined {
  if (!computed) return property.type === "Identifier" ? property.name : undefined;
  if (property.type !== "Literal" || typeof property.value !== "string") return undefined;
  const isOfNobody = "unknown" in c.names.find({ root: object.root, members: [] }, false);
  return isOfNobody ? property.value : undefined;
}

export function isImportMeta(node: es.Expression | es.Super): boolean {
  return node.type === "MetaProperty" && node.meta.name === "import";
}

/** The parts of a chain with `?.` follow each other; what stands around the whole of it is the chain's own node. */
export function parseMember(c: Context, node: es.MemberExpression): Expression {
  const chain = chainOf(c, node);
  if (chain) return c.captured(chain, node);
  if (node.object.type === "Super") return refuse(c, node.object, REFUSALS.super);
  const object = c.expression(node.object);
  const { property, optional } = node;
  if (property.type === "PrivateIdentifier") return refuse(c, property, REFUSALS.privateMember);
  const at = c.at(node);
  if (!node.computed && property.type === "Identifier")
    return { kind: "member", object, property: property.name, optional, ...at };
  return { kind: "index", object, index: c.expression(property), optional, ...at };
}

export function parseCall(c: Context, node: es.CallExpression): Expression {
  const wrapped = namedByTool(c, node);
  if (wrapped) return named(c.expression(wrapped.value), wrapped.name);
  if (node.callee.type === "Super") return refuse(c, node.callee, REFUSALS.super);
  const callee = parseCallee(c, importedCallee(c, node.callee));
  const call: Call = {
    kind: "call",
    callee,
    args: parseArguments(c, node.arguments, node),
    optional: node.optional,
    ...c.at(node),
  };
  return call;
}

/** What is called. A member of an object keeps the object, for `this`; a member of a namespace is the function alone. */
function parseCallee(c: Context, node: es.Expression): Expression {
  if (node.type !== "MemberExpression" || node.object.type === "Super") return c.expression(node);
  const chain = chainOf(c, node);
  if (!chain) return c.expression(node);
  const found = c.names.find(chain, true);
  if ("unknown" in found || found.namespace) return c.captured(chain, node, true);
  const { members } = chain;
  const object = c.captured({ root: chain.root, members: members.slice(0, -1) }, node.object);
  return { kind: "member", object, property: members[members.length - 1], optional: false, ...c.at(node) };
}

export function parseArguments(
  c: Context,
  args: readonly (es.Expression | es.SpreadElement | null)[],
  around: es.Node,
): (Expression | Spread)[] {
  return args.map((a) => {
    if (a === null) return literal(undefined, c.at(around));
    return a.type === "SpreadElement"
      ? { kind: "spread", value: c.expression(a.argument), ...c.at(a) }
      : c.expression(a);
  });
}
