/**
 * The ESLint rule `traced-condition`: JavaScript conditions over parameters of functions that are traced without their source
 * being captured. It sees what the scan at run time (tracer/scan) sees, but not the values: what may be static passes.
 */
import { conditionHelp, conditionMessage, type Told } from "../tracer/scan/messages.js";
import {
  type ArrayExpression,
  type CallExpression,
  type Conditional,
  type FunctionNode,
  type Identifier,
  type ImportSpecifier,
  isFunction,
  isIdentifier,
  type Literal,
  type MemberExpression,
  type Node,
  type ObjectExpression,
  type Operator,
  type RuleContext,
  type SourceCode,
  type Variable,
  variableOf,
} from "./syntax.js";

/** What traces its functions, with the positions of those among the arguments. */
const TRACING: Readonly<Record<string, readonly number[]>> = {
  jit: [0],
  grad: [0],
  valueAndGrad: [0],
  vmap: [0],
  jvp: [0],
  vjp: [0],
  vjpWithAux: [0],
  jacfwd: [0],
  jacrev: [0],
  hessian: [0],
  linearize: [0],
  linearTranspose: [0],
  checkpoint: [0],
  customJvp: [0],
  customVjp: [0],
  scan: [0],
  map: [0],
  whileLoop: [0, 1],
  foriLoop: [2],
  cond: [1, 2],
  associativeScan: [0],
};

export const tracedCondition = {
  meta: {
    type: "problem" as const,
    docs: { description: "disallow JavaScript conditions on traced values", url: "docs/ERRORS.md#tw1010" },
    messages: { condition: "TW1010: {{message}}; {{help}}" },
    schema: [],
  },
  create(context: RuleContext): Record<string, (node: Node) => void> {
    const { sourceCode } = context;
    const seen = new Set<Node>();
    const check = (fn: FunctionNode, statics: ReadonlySet<number>): void => {
      fn.params.forEach((p, i) => {
        if (statics.has(i) || !isIdentifier(p) || !mayBeTraced(p)) return;
        const variable = sourceCode.getDeclaredVariables(fn).find((v) => v.name === p.name);
        if (!variable || !holdsItsArgument(variable)) return;
        for (const { identifier } of variable.references) {
          const told = conditionAt(identifier as Identifier, sourceCode);
          if (!told || seen.has(identifier)) continue;
          seen.add(identifier);
          context.report({
            node: identifier,
            messageId: "condition",
            data: { message: conditionMessage(told, "array", fn.id?.name ?? ""), help: conditionHelp(told) },
          });
        }
      });
    };
    return {
      CallExpression(node) {
        const call = node as CallExpression;
        const name = tracingName(call.callee, sourceCode);
        if (name === undefined) return;
        const statics = name === "jit" ? staticPositions(call.arguments[1]) : new Set<number>();
        if (statics === undefined) return;
        for (const at of TRACING[name]) {
          const argument = call.arguments[at];
          const fn = isIdentifier(argument) ? functionOf(argument, sourceCode) : argument;
          if (isFunction(fn)) check(fn, statics);
        }
      },
    };
  },
};

/** The name that a callee has among what "tilework" exports, when it traces. */
function tracingName(callee: Node, source: SourceCode): string | undefined {
  const member = callee.type === "MemberExpression" ? (callee as MemberExpression) : undefined;
  const root = member ? member.object : callee;
  if (!isIdentifier(root) || (member && (member.computed || !isIdentifier(member.property)))) return undefined;
  const definition = variableOf(source, root)?.defs[0];
  if (definition?.type !== "ImportBinding") return undefined;
  const from = (definition.parent as (Node & { source?: Literal }) | null | undefined)?.source?.value;
  if (from !== "tilework") return undefined;
  const imported =
    definition.node.type === "ImportSpecifier" ? (definition.node as ImportSpecifier).imported : undefined;
  const own = imported && (isIdentifier(imported) ? imported.name : String((imported as Literal).value));
  const name = member ? (member.property as Identifier).name : own;
  return name !== undefined && Object.hasOwn(TRACING, name) ? name : undefined;
}

/** The function that a name stands for, when it never stands for anything else. */
function functionOf(name: Identifier, source: SourceCode): Node | undefined {
  const variable = variableOf(source, name);
  const node = variable?.defs.length === 1 ? variable.defs[0].node : undefined;
  if (!node || isFunction(node)) return node;
  const { init, parent } = node as Node & { init?: Node; parent?: Node & { kind?: string } };
  return node.type === "VariableDeclarator" && parent?.kind === "const" ? init : undefined;
}

/** `staticArgnums` of jit's options; undefined when that cannot be read here. */
function staticPositions(options: Node | undefined): Set<number> | undefined {
  if (options === undefined) return new Set();
  if (options.type !== "ObjectExpression") return undefined;
  for (const p of (options as ObjectExpression).properties) {
    if (p.type === "SpreadElement") return undefined;
    if (!isIdentifier(p.key) || p.key.name !== "staticArgnums") continue;
    const { value } = p;
    const list = value?.type === "ArrayExpression" ? (value as ArrayExpression).elements : [value];
    const numbers = list.map((n) => (n?.type === "Literal" ? (n as Literal).value : undefined));
    return numbers.every((n) => typeof n === "number" && n >= 0) ? new Set(numbers as number[]) : undefined;
  }
  return new Set();
}

/** Not declared as something else than an array, nor as optional: that is asked by a condition, too. */
function mayBeTraced(p: Identifier): boolean {
  if (p.optional) return false;
  const type = p.typeAnnotation?.typeAnnotation as (Node & { typeName?: Node }) | undefined;
  if (!type) return true;
  return type.type === "TSTypeReference" && isIdentifier(type.typeName) && /^(?:Tensor|Num)$/.test(type.typeName.name);
}

/** Never assigned, and never asked for its type. */
function holdsItsArgument({ references }: Variable): boolean {
  return references.every((r) => {
    const parent = r.identifier.parent as Operator | undefined;
    const asked =
      (parent?.type === "UnaryExpression" && parent.operator === "typeof") ||
      (parent?.type === "BinaryExpression" && /^(?:instanceof|in)$/.test(parent.operator));
    return !asked && !r.isWrite();
  });
}

function conditionAt(node: Identifier, source: SourceCode): Told | undefined {
  const { parent } = node;
  if (!parent) return undefined;
  const at = parent as Conditional & Operator;
  const tell = (kind: Told["kind"], text: string): Told => ({ kind, text, name: node.name });
  switch (parent.type) {
    case "IfStatement":
      return at.test === node ? tell("test", `if (${node.name})`) : undefined;
    case "WhileStatement":
    case "DoWhileStatement":
      return at.test === node ? tell("test", `while (${node.name})`) : undefined;
    case "ForStatement":
      return at.test === node ? tell("test", `for (…; ${node.name}; …)`) : undefined;
    case "ConditionalExpression":
      return at.test === node ? tell("test", `${node.name} ?`) : undefined;
    case "SwitchStatement":
      return at.discriminant === node ? tell("test", `switch (${node.name})`) : undefined;
    case "UnaryExpression":
      return at.operator === "!" ? tell("not", `!${node.name}`) : undefined;
    case "LogicalExpression":
      return at.operator !== "??" && at.left === node ? tell("logical", `${node.name} ${at.operator}`) : undefined;
    case "BinaryExpression": {
      if (!/^[!=]==?$/.test(at.operator)) return undefined;
      const other = at.left === node ? at.right : at.left;
      return isNumberOrBoolean(other) ? tell("equality", source.getText(parent)) : undefined;
    }
    default:
      return undefined;
  }
}

function isNumberOrBoolean(n: Node): boolean {
  if (n.type === "UnaryExpression" && (n as Operator).operator === "-")
    return isNumberOrBoolean((n as Operator).argument);
  return n.type === "Literal" && /^(?:number|boolean)$/.test(typeof (n as Literal).value);
}
