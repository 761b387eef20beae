/** Makes a failing text smaller while it keeps failing: statements go, blocks and expressions give way to parts of them. */
import ts from "typescript";

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function* edits(text: string): Generator<Edit> {
  const source = ts.createSourceFile("f.ts", `(${text})`, ts.ScriptTarget.ES2022, true);
  const of = (n: ts.Node): string => n.getText(source);
  const out: Edit[] = [];
  const put = (node: ts.Node, t: string): void => {
    out.push({ start: node.getStart(source) - 1, end: node.end - 1, text: t });
  };
  const inside = (node: ts.Statement): string => (ts.isBlock(node) ? node.statements.map(of).join(" ") : of(node));
  const visit = (node: ts.Node): void => {
    if (ts.isStatement(node) && !ts.isBlock(node)) {
      put(node, "");
      if (ts.isIfStatement(node)) {
        put(node, inside(node.thenStatement));
        put(node, of(node.thenStatement));
        if (node.elseStatement) {
          put(node, of(node.elseStatement));
          put(node, `if (${of(node.expression)}) ${of(node.thenStatement)}`);
        }
      } else if (ts.isIterationStatement(node, false)) put(node, of(node.statement));
      else if (ts.isLabeledStatement(node)) put(node, of(node.statement));
    } else if (ts.isBlock(node)) {
      if (ts.isBlock(node.parent)) put(node, inside(node));
    } else if (ts.isCaseOrDefaultClause(node)) put(node, "");
    else if (ts.isExpression(node) && node.parent && !ts.isParenthesizedExpression(node)) {
      const leaf = ts.isNumericLiteral(node) || ts.isIdentifier(node);
      if (!leaf && !ts.isFunctionLike(node)) {
        for (const t of ["0", "1", "x"]) if (of(node) !== t) put(node, t);
        const children: ts.Node[] = [];
        ts.forEachChild(node, (c) => void children.push(c));
        for (const c of children) if (ts.isExpression(c)) put(node, of(c));
      }
    } else if (ts.isParenthesizedExpression(node) && node.getStart(source) > 0) put(node, of(node.expression));
    ts.forEachChild(node, visit);
  };
  visit(source);
  // the longest first
  out.sort((a, b) => b.end - b.start - b.text.length - (a.end - a.start - a.text.length));
  for (const e of out) if (e.start >= 0 && e.text.length < e.end - e.start) yield e;
}

export function shrinkText(text: string, fails: (t: string) => boolean, milliseconds: number): string {
  const deadline = Date.now() + milliseconds;
  let best = text;
  for (let progress = true; progress; ) {
    progress = false;
    for (const e of edits(best)) {
      if (Date.now() > deadline) return best;
      const next = best.slice(0, e.start) + e.text + best.slice(e.end);
      if (!fails(next)) continue;
      best = next.replace(/\s+/g, " ");
      progress = true;
      break;
    }
  }
  return best;
}
