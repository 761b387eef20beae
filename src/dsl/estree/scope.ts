/** Which names a piece of syntax declares. */
import type * as es from "acorn";

/** The names that a parameter or a declaration binds. */
export function boundNames(pattern: es.Pattern, into: string[] = []): string[] {
  switch (pattern.type) {
    case "Identifier":
      into.push(pattern.name);
      break;
    case "AssignmentPattern":
      boundNames(pattern.left, into);
      break;
    case "RestElement":
      boundNames(pattern.argument, into);
      break;
    case "ArrayPattern":
      for (const e of pattern.elements) if (e) boundNames(e, into);
      break;
    case "ObjectPattern":
      for (const p of pattern.properties) boundNames(p.type === "Property" ? p.value : p, into);
      break;
    case "MemberExpression":
      break;
  }
  return into;
}

export function listNames(list: es.VariableDeclaration): string[] {
  return list.declarations.flatMap((d) => boundNames(d.id));
}

/** The names that the statements of one block declare in it. */
export function blockNames(statements: readonly es.Statement[]): string[] {
  return statements.flatMap((s) => {
    if (s.type === "LabeledStatement") return blockNames([s.body]);
    if (s.type === "VariableDeclaration") return listNames(s);
    return s.type === "FunctionDeclaration" || s.type === "ClassDeclaration" ? [s.id.name] : [];
  });
}

/** Names of `var` declarations anywhere inside: they are refused, and known, so that their uses are no further errors. */
export function varNames(body: es.Node): string[] {
  const names: string[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    if (!isNode(value) || /Function/.test(value.type)) return;
    if (isVariables(value) && value.kind === "var") names.push(...listNames(value));
    Object.values(value).forEach(visit);
  };
  Object.values(body).forEach(visit);
  return names;
}

function isNode(value: unknown): value is es.Node {
  return typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";
}
function isVariables(node: es.Node): node is es.VariableDeclaration {
  return node.type === "VariableDeclaration";
}
