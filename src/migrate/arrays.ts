/**
 * Which `.ref` and `.dispose()` are those of arrays. The types say it; where a value is `any` (a parameter without annotation),
 * its uses do: an array's methods are called on it, or it is handed to a function of jax-js.
 */
import { ARRAY_METHODS, TELLING } from "./api.js";
import { type MigrationProgram, ts } from "./program.js";

const METHODS = new Set(ARRAY_METHODS);
const TRANSFORMS = new Set(
  "jit grad valueAndGrad vmap jvp vjp linearize hessian jacfwd jacrev jacobian makeJaxpr tree.map".split(" "),
);

export interface Arrays {
  /** "array", "other", or "unknown": nothing tells. */
  holds(receiver: ts.Expression): "array" | "other" | "unknown";
}

const outer = (node: ts.Node): ts.Node =>
  ts.isParenthesizedExpression(node.parent) || ts.isNonNullExpression(node.parent) ? outer(node.parent) : node;

export function arraysOf(source: ts.SourceFile, program: MigrationProgram): Arrays {
  const { checker, apiName } = program;
  const isAny = (node: ts.Node): boolean => (checker.getTypeAtLocation(node).flags & ts.TypeFlags.Any) !== 0;

  /** An expression whose place tells that it is an array: `e.mul(…)`, `np.sin(e)`. */
  function tells(expression: ts.Node): boolean {
    const e = outer(expression);
    const { parent } = e;
    if (ts.isPropertyAccessExpression(parent) && parent.expression === e) {
      if (parent.name.text === "ref") return tells(parent);
      return (
        METHODS.has(parent.name.text) &&
        TELLING.has(parent.name.text) &&
        ts.isCallExpression(parent.parent) &&
        parent.parent.expression === parent
      );
    }
    if (ts.isArrayLiteralExpression(parent)) return tells(parent);
    if (!ts.isCallExpression(parent) || parent.expression === e) return false;
    const callee = parent.expression;
    return apiName(ts.isPropertyAccessExpression(callee) ? callee.name : callee) !== undefined;
  }

  /** A parameter of a function that is transformed: `jit((x) => …)`. */
  function isTraced(symbol: ts.Symbol): boolean {
    const declaration = symbol.valueDeclaration;
    if (!declaration || !ts.isParameter(declaration)) return false;
    const f = declaration.parent;
    const user = outer(f).parent;
    if (!ts.isCallExpression(user)) return false;
    const callee = user.expression;
    return TRANSFORMS.has(apiName(ts.isPropertyAccessExpression(callee) ? callee.name : callee) ?? "");
  }

  const known = new Set<ts.Symbol>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && isAny(node)) {
      const symbol = checker.getSymbolAtLocation(node);
      if (symbol && !known.has(symbol) && (tells(node) || isTraced(symbol))) known.add(symbol);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);

  return {
    holds(receiver) {
      const type = checker.getTypeAtLocation(receiver);
      if (program.isArray(type)) return "array";
      if (!(type.flags & ts.TypeFlags.Any)) return "other";
      const symbol = checker.getSymbolAtLocation(receiver);
      if (symbol && known.has(symbol)) return "array";
      // a part of what a transformed function is given
      let root: ts.Expression = receiver;
      while (ts.isPropertyAccessExpression(root) || ts.isElementAccessExpression(root)) root = root.expression;
      const of = root === receiver ? undefined : checker.getSymbolAtLocation(root);
      if (of && isTraced(of)) return "array";
      const access = receiver.parent;
      return ts.isPropertyAccessExpression(access) && access.name.text === "ref" && tells(access) ? "array" : "unknown";
    },
  };
}
