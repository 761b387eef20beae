/** Which names a piece of syntax declares. */
import ts from "typescript";

/** The names that a parameter or a declaration binds. */
export function boundNames(name: ts.BindingName, into: string[] = []): string[] {
  if (ts.isIdentifier(name)) into.push(name.text);
  else for (const e of name.elements) if (ts.isBindingElement(e)) boundNames(e.name, into);
  return into;
}

export function listNames(list: ts.VariableDeclarationList): string[] {
  return list.declarations.flatMap((d) => boundNames(d.name));
}

/** The names that the statements of one block declare in it. */
export function blockNames(statements: readonly ts.Statement[]): string[] {
  return statements.flatMap((s) => {
    if (ts.isLabeledStatement(s)) return blockNames([s.statement]);
    if (ts.isVariableStatement(s)) return listNames(s.declarationList);
    if ((ts.isFunctionDeclaration(s) || ts.isClassDeclaration(s) || ts.isEnumDeclaration(s)) && s.name)
      return [s.name.text];
    return [];
  });
}
/** Names of `var` declarations anywhere inside: they are refused, and known, so that their uses are no further errors. */
export function varNames(node: ts.Node): string[] {
  const names: string[] = [];
  const visit = (n: ts.Node): void => {
    if (ts.isVariableDeclarationList(n) && !(n.flags & ts.NodeFlags.BlockScoped)) names.push(...listNames(n));
    if (!ts.isFunctionLike(n)) ts.forEachChild(n, visit);
  };
  ts.forEachChild(node, visit);
  return names;
}
