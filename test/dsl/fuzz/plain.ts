/** The oracle: the text as plain JavaScript over numbers, in f64 and, to see how much rounding matters, in f32. */
import ts from "typescript";

export type Plain = (...xs: number[]) => unknown;

function* range(a: number, b?: number, step = 1): Generator<number> {
  const [from, to] = b === undefined ? [0, a] : [a, b];
  for (let i = from; step > 0 ? i < to : i > to; i += step) yield i;
}

const ROUNDED: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.PlusToken,
  ts.SyntaxKind.MinusToken,
  ts.SyntaxKind.AsteriskToken,
  ts.SyntaxKind.SlashToken,
]);

/** The text with its loops counted, and with `rounding`, its arithmetic wrapped. */
function instrumented(text: string, rounding: boolean): string {
  const source = ts.createSourceFile("f.ts", `(${text})`, ts.ScriptTarget.ES2022, true);
  const marks: { at: number; text: string; i: number }[] = [];
  const wrap = (node: ts.Node, before: string, after: string): void => {
    marks.push({ at: node.getStart(source), text: before, i: marks.length });
    marks.push({ at: node.end, text: after, i: -marks.length });
  };
  const visit = (node: ts.Node): void => {
    const math = ts.isCallExpression(node) && node.expression.getText(source).startsWith("Math.");
    const binary = ts.isBinaryExpression(node) && ROUNDED.has(node.operatorToken.kind);
    if (rounding && (math || binary)) wrap(node, "round(", ")");
    if (ts.isIterationStatement(node, false)) wrap(node.statement, "{ count(); ", " }");
    ts.forEachChild(node, visit);
  };
  visit(source);
  // from the end; of those at one place, the outer opens first and closes last
  marks.sort((a, b) => b.at - a.at || b.i - a.i);
  let out = source.text;
  for (const m of marks) out = out.slice(0, m.at) + m.text + out.slice(m.at);
  return out;
}

const MAX_STEPS = 10_000;

function make(text: string, rounding: boolean): Plain {
  let steps = 0;
  const count = (): void => {
    if (steps++ > MAX_STEPS) throw new Error("too many steps");
  };
  const round = (x: unknown): unknown => (typeof x === "number" ? Math.fround(x) : x);
  const body = `"use strict"; return ${instrumented(text, rounding)};`;
  const f = new Function("range", "round", "count", body)(range, round, count) as Plain;
  return (...xs) => {
    steps = 0;
    return f(...xs);
  };
}

export const plain = (text: string): Plain => make(text, false);
/** With every arithmetic result rounded to f32: where its value is another, no tolerance would be fair. */
export const rounded = (text: string): Plain => make(text, true);
