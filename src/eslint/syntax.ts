/** As much of ESLint and of its syntax tree (ESTree, and what typescript-eslint adds) as the rule looks at. */
export interface Node {
  readonly type: string;
  readonly parent?: Node;
}
export interface Identifier extends Node {
  readonly name: string;
  readonly optional?: boolean;
  readonly typeAnnotation?: { readonly typeAnnotation: Node };
}
export interface Literal extends Node {
  readonly value: unknown;
}
export interface MemberExpression extends Node {
  readonly object: Node;
  readonly property: Node;
  readonly computed: boolean;
}
export interface CallExpression extends Node {
  readonly callee: Node;
  readonly arguments: readonly Node[];
}
export interface FunctionNode extends Node {
  readonly params: readonly Node[];
  readonly id?: Identifier | null;
}
export interface Operator extends Node {
  readonly operator: string;
  readonly argument: Node;
  readonly left: Node;
  readonly right: Node;
}
export interface Conditional extends Node {
  readonly test: Node | null;
  readonly discriminant: Node;
}
export interface ObjectExpression extends Node {
  readonly properties: readonly (Node & { readonly key?: Node; readonly value?: Node })[];
}
export interface ArrayExpression extends Node {
  readonly elements: readonly (Node | null)[];
}
export interface ImportSpecifier extends Node {
  readonly imported: Identifier | Literal;
}

export interface Reference {
  readonly identifier: Node;
  isWrite(): boolean;
}
export interface Definition {
  readonly type: string;
  readonly node: Node;
  readonly parent?: Node | null;
}
export interface Variable {
  readonly name: string;
  readonly defs: readonly Definition[];
  readonly references: readonly Reference[];
}
export interface Scope {
  readonly set: ReadonlyMap<string, Variable>;
  readonly upper: Scope | null;
}
export interface SourceCode {
  getText(node: Node): string;
  getScope(node: Node): Scope;
  getDeclaredVariables(node: Node): readonly Variable[];
}
export interface RuleContext {
  readonly sourceCode: SourceCode;
  report(problem: {
    readonly node: Node;
    readonly messageId: string;
    readonly data: Readonly<Record<string, string>>;
  }): void;
}

export function variableOf(source: SourceCode, node: Identifier): Variable | undefined {
  for (let scope: Scope | null = source.getScope(node); scope; scope = scope.upper) {
    const found = scope.set.get(node.name);
    if (found) return found;
  }
  return undefined;
}

export const isIdentifier = (n: Node | null | undefined): n is Identifier => n?.type === "Identifier";
export const isFunction = (n: Node | null | undefined): n is FunctionNode =>
  n?.type === "ArrowFunctionExpression" || n?.type === "FunctionExpression" || n?.type === "FunctionDeclaration";
