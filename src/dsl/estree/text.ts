/** The syntax tree of what `toString` of a function gives: a function, an arrow or a method without what is around it. */
import { type Function as SyntaxFunction, type Options, type Node, parse, type Program } from "acorn";
import type { CaptureError } from "../ast.js";
import { REFUSALS, type Refusal } from "../refusals.js";
import type { Method } from "./context.js";
import { methodName } from "./expressions.js";
import { unreadable } from "./unknown.js";

export interface FunctionText {
  readonly node: SyntaxFunction;
  readonly method?: Method;
  /** How far positions of the tree are behind those of the text. */
  readonly shift: number;
}

/** Code of modules and of scripts, as it may stand anywhere: what it must not contain, the engine has already said. */
const OPTIONS: Options = {
  ecmaVersion: "latest",
  sourceType: "script",
  allowImportExportEverywhere: true,
  allowSuperOutsideMethod: true,
  checkPrivateFields: false,
};

/** What may stand around the text: nothing of functions and arrows, an object of methods, a class of private ones. */
const AROUND = [
  ["(", ")"],
  ["({", "})"],
  ["(class{", "})"],
] as const;

const PLUGIN = "let the build plugin (tilework/plugin) or node --import tilework/register read the source";

/** What bind makes, and the engine's own functions: there is no text at all. */
export function isNative(text: string): boolean {
  return /\{\s*\[native code\]\s*\}$/.test(text);
}

export function readText(text: string, name: string): FunctionText | CaptureError {
  const whole = { start: 0, end: text.length };
  let failed: SyntaxError | undefined;
  let failedAt = -1;
  for (const [before, after] of AROUND) {
    try {
      const found = outermost(parse(before + text + after, OPTIONS), before.length);
      if (found === undefined) break;
      return "code" in found ? { ...found, ...whole } : found;
    } catch (e) {
      if (!(e instanceof SyntaxError)) throw e;
      // of several ways to read it, the one that came furthest says what is wrong
      const at = ((e as { pos?: number }).pos ?? 0) - before.length;
      if (at > failedAt) [failed, failedAt] = [e, at];
    }
  }
  const why = failed?.message.replace(/\s*\(\d+:\d+\)$/, "") ?? "its text is not that of a function";
  const start = Math.min(Math.max(failedAt, 0), text.length - 1);
  return { ...unreadable(name, why, PLUGIN), start, end: start + 1 };
}

function outermost(program: Program, shift: number): FunctionText | Refusal | undefined {
  const [statement] = program.body;
  if (program.body.length !== 1 || statement.type !== "ExpressionStatement") return undefined;
  const { expression } = statement;
  if (expression.type === "FunctionExpression" || expression.type === "ArrowFunctionExpression")
    return { node: expression, shift };
  const members: readonly Node[] =
    expression.type === "ObjectExpression"
      ? expression.properties
      : expression.type === "ClassExpression"
        ? expression.body.body
        : [];
  if (expression.type === "ClassExpression" && shift === 1) return REFUSALS.class;
  const [member] = members;
  if (members.length !== 1 || !isMember(member)) return undefined;
  const { value } = member;
  if (value.type !== "FunctionExpression") return undefined;
  if (member.kind === "get" || member.kind === "set") return REFUSALS.accessor;
  return { node: value, method: { name: methodName(member.key, member.computed), node: member }, shift };
}

interface Member extends Node {
  readonly key: Node;
  readonly value: SyntaxFunction;
  readonly kind: string;
  readonly computed: boolean;
}
function isMember(node: Node): node is Member {
  return node.type === "Property" || node.type === "MethodDefinition";
}
