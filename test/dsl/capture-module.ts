/** What the build plugin does to a module, in the simplest way: every outermost function of it gets its record. */
import ts from "typescript";
import { isFunctionLike, parseFunction, recordData } from "../../src/dsl/parse/function.js";

export function captureModule(text: string, file: string): string {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TS);
  const inserts: { at: number; text: string }[] = [];
  const visit = (node: ts.Node): void => {
    if (!isFunctionLike(node) || node.body === undefined) {
      ts.forEachChild(node, visit);
      return;
    }
    const parsed = parseFunction(node, source);
    const thunks = parsed.chains.map((c) => `${JSON.stringify(c)}: () => ${c}`).join(", ");
    const data = JSON.stringify(recordData(parsed, source, file, { withSource: true }));
    const record = `{ ...${data}, values: { ${thunks} } }`;
    if (ts.isFunctionDeclaration(node))
      inserts.push({ at: node.end, text: `\n__capture(${node.name?.text}, ${record});` });
    else if (ts.isMethodDeclaration(node)) {
      // thunks stand in the class, where its private names are known
      if (ts.isClassLike(node.parent)) {
        const holder = node.modifiers?.some((m) => m.kind === ts.SyntaxKind.StaticKeyword) ? "this" : "this.prototype";
        inserts.push({
          at: node.end,
          text: `\nstatic { __capture(${holder}.${node.name.getText(source)}, ${record}); }`,
        });
      } else ts.forEachChild(node, visit);
    } else {
      inserts.push({ at: node.getStart(source), text: "__capture(" });
      inserts.push({ at: node.end, text: `, ${record})` });
    }
  };
  visit(source);
  let out = text;
  // from the end, so that offsets stay right; of two at one place the later stands outside
  for (const { at, text: piece } of inserts.map((x, i) => ({ ...x, i })).sort((a, b) => b.at - a.at || b.i - a.i))
    out = out.slice(0, at) + piece + out.slice(at);
  return `import { capture as __capture } from "tilework/capture";${out}`;
}
