/** A module's text as a tree with its names resolved, and what in it denotes Tilework's own functions. */
import ts from "typescript";

export interface Module {
  readonly file: ts.SourceFile;
  readonly text: string;
  /** Where a name that is read here was declared. */
  readonly declaration: (name: ts.Identifier) => ts.Declaration | undefined;
  /** Whether a function's or a variable's name is assigned anywhere in the module. */
  readonly isAssigned: (declaration: ts.Declaration) => boolean;
  /**
   * What an expression is of Tilework, through renames, namespaces and constants: "jit", "lax.scan"; "" is the package itself;
   * undefined if it is none of it.
   */
  readonly apiName: (expression: ts.Expression) => string | undefined;
  /** The same for a type: "Num", "Tensor". */
  readonly apiType: (type: ts.TypeNode) => string | undefined;
  readonly syntaxErrors: readonly ts.DiagnosticWithLocation[];
}

const OWN = /^tilework(?:\/(?:kernels|optim|data|io))?$/;
/** The package's own kernels import what wraps them from where it is. */
const OWN_SOURCES = /^(?:\.\.\/)+dsl\/kernel\/[\w-]+\.js$/;

export function isOwnSpecifier(specifier: string, inPackage = false): boolean {
  return OWN.test(specifier) || (inPackage && OWN_SOURCES.test(specifier));
}

/** The compiler's name for what the extension says; the language is that of the extension. */
export function scriptName(file: string): string {
  const [path] = file.split("?");
  const language = /[?&]lang[.=]([cm]?[jt]sx?)\b/.exec(file)?.[1];
  if (language) return `${path}.${language}`;
  return /\.[cm]?[jt]sx?$/.test(path) ? path : `${path}.ts`;
}

/** `inPackage`: it is one of the package's own modules. */
export function parseModule(fileName: string, text: string, inPackage = false): Module {
  const name = scriptName(fileName);
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.ESNext, true);
  // resolution of names only: no library, no other file, no types
  const program = ts.createProgram({
    rootNames: [name],
    options: { noLib: true, noResolve: true, allowJs: true, types: [], target: ts.ScriptTarget.ESNext },
    host: {
      getSourceFile: (n) => (n === name ? file : undefined),
      getDefaultLibFileName: () => "lib.d.ts",
      writeFile: () => undefined,
      getCurrentDirectory: () => "",
      getCanonicalFileName: (n) => n,
      useCaseSensitiveFileNames: () => true,
      getNewLine: () => "\n",
      fileExists: (n) => n === name,
      readFile: () => undefined,
    },
  });
  const checker = program.getTypeChecker();

  function declaration(id: ts.Identifier): ts.Declaration | undefined {
    const { parent } = id;
    const symbol =
      ts.isShorthandPropertyAssignment(parent) && parent.name === id
        ? checker.getShorthandAssignmentValueSymbol(parent)
        : checker.getSymbolAtLocation(id);
    return symbol?.declarations?.find(isValueDeclaration) ?? symbol?.declarations?.[0];
  }

  const known = new Map<ts.Declaration, string | undefined>();
  function apiOfDeclaration(d: ts.Declaration): string | undefined {
    if (!known.has(d)) {
      known.set(d, undefined); // while it is looked for: `const a = a`
      known.set(d, findApi(d));
    }
    return known.get(d);
  }
  function findApi(d: ts.Declaration): string | undefined {
    if (ts.isImportSpecifier(d)) return importsOwn(d, inPackage) ? (d.propertyName ?? d.name).text : undefined;
    if (ts.isNamespaceImport(d)) return importsOwn(d, inPackage) ? "" : undefined;
    if (ts.isVariableDeclaration(d)) return d.initializer && isConst(d) ? apiName(d.initializer) : undefined;
    if (ts.isBindingElement(d) && ts.isObjectBindingPattern(d.parent) && !d.dotDotDotToken) {
      const holder = d.parent.parent;
      if (!ts.isVariableDeclaration(holder) || !holder.initializer || !isConst(holder)) return undefined;
      const key = d.propertyName ?? d.name;
      return ts.isIdentifier(key) ? member(apiName(holder.initializer), key.text) : undefined;
    }
    return undefined;
  }
  function apiName(expression: ts.Expression): string | undefined {
    const e = unwrap(expression);
    if (ts.isIdentifier(e)) {
      const d = declaration(e);
      return d && apiOfDeclaration(d);
    }
    if (ts.isPropertyAccessExpression(e)) return member(apiName(e.expression), e.name.text);
    if (ts.isAwaitExpression(e) && ts.isCallExpression(e.expression)) {
      const { expression: callee, arguments: args } = e.expression;
      const isImport = callee.kind === ts.SyntaxKind.ImportKeyword && args.length > 0;
      return isImport && ts.isStringLiteralLike(args[0]) && isOwnSpecifier(args[0].text, inPackage) ? "" : undefined;
    }
    return undefined;
  }
  function apiType(type: ts.TypeNode): string | undefined {
    if (!ts.isTypeReferenceNode(type)) return undefined;
    const { typeName } = type;
    const first = ts.isIdentifier(typeName) ? typeName : typeName.left;
    const d = ts.isIdentifier(first) ? declaration(first) : undefined;
    const base = d && apiOfDeclaration(d);
    return ts.isIdentifier(typeName) ? base : member(base, typeName.right.text);
  }

  let assigned: Set<ts.Declaration> | undefined;
  function isAssigned(d: ts.Declaration): boolean {
    if (!assigned) {
      const found = new Set<ts.Declaration>();
      const visit = (node: ts.Node): void => {
        if (ts.isIdentifier(node) && isAssignmentTarget(node)) {
          const at = declaration(node);
          if (at) found.add(at);
        }
        ts.forEachChild(node, visit);
      };
      visit(file);
      assigned = found;
    }
    return assigned.has(d);
  }

  return {
    file,
    text,
    declaration,
    isAssigned,
    apiName,
    apiType,
    syntaxErrors: program.getSyntacticDiagnostics(file),
  };
}

function member(base: string | undefined, name: string): string | undefined {
  if (base === undefined) return undefined;
  return base === "" ? name : `${base}.${name}`;
}

function importsOwn(node: ts.Node, inPackage: boolean): boolean {
  const declaration = ts.findAncestor(node, ts.isImportDeclaration);
  return declaration !== undefined && isOwnSpecifier((declaration.moduleSpecifier as ts.StringLiteral).text, inPackage);
}

function isValueDeclaration(d: ts.Declaration): boolean {
  if (ts.isFunctionDeclaration(d)) return d.body !== undefined;
  return !ts.isInterfaceDeclaration(d) && !ts.isTypeAliasDeclaration(d);
}

export function isConst(d: ts.VariableDeclaration): boolean {
  return (ts.getCombinedNodeFlags(d) & ts.NodeFlags.Const) !== 0;
}

/** Without parentheses and what only types need. */
export function unwrap(e: ts.Expression): ts.Expression {
  let inner = e;
  while (
    ts.isParenthesizedExpression(inner) ||
    ts.isAsExpression(inner) ||
    ts.isSatisfiesExpression(inner) ||
    ts.isNonNullExpression(inner) ||
    ts.isTypeAssertionExpression(inner)
  )
    inner = inner.expression;
  return inner;
}

/** `x = …`, `x += …`, `x++`, `[x] = …`, `({ x } = …)`, `for (x of …)`. */
function isAssignmentTarget(id: ts.Identifier): boolean {
  let node: ts.Node = id;
  for (;;) {
    const { parent } = node;
    if (ts.isBinaryExpression(parent))
      return (
        parent.left === node &&
        parent.operatorToken.kind >= ts.SyntaxKind.FirstAssignment &&
        parent.operatorToken.kind <= ts.SyntaxKind.LastAssignment
      );
    if (ts.isPrefixUnaryExpression(parent) || ts.isPostfixUnaryExpression(parent))
      return parent.operator === ts.SyntaxKind.PlusPlusToken || parent.operator === ts.SyntaxKind.MinusMinusToken;
    if (ts.isForOfStatement(parent) || ts.isForInStatement(parent)) return parent.initializer === node;
    if (ts.isPropertyAssignment(parent) && parent.initializer !== node) return false;
    const isPattern =
      ts.isArrayLiteralExpression(parent) ||
      ts.isObjectLiteralExpression(parent) ||
      ts.isPropertyAssignment(parent) ||
      ts.isShorthandPropertyAssignment(parent) ||
      ts.isSpreadElement(parent) ||
      ts.isSpreadAssignment(parent) ||
      ts.isParenthesizedExpression(parent) ||
      ts.isNonNullExpression(parent);
    if (!isPattern) return false;
    node = parent;
  }
}
