/** The files of one run as one program, read by the compiler that ts-morph brings along. */
import { extname } from "node:path";
import { Project, ts } from "ts-morph";
import { DECLARATIONS } from "./api.js";

export { ts };

const SHIM = "/__tilework__/jax-js.d.ts";
const SCRIPTS = new Set([".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs"]);
export const isScript = (file: string): boolean => SCRIPTS.has(extname(file)) && !file.endsWith(".d.ts");

export interface MigrationProgram {
  readonly checker: ts.TypeChecker;
  source(file: string): ts.SourceFile;
  /** The name that jax-js has for this, as in "numpy.linspace", "optax.adam" or "Array.ref"; undefined for all else. */
  apiName(node: ts.Node): string | undefined;
  isArray(type: ts.Type): boolean;
  /** An array, and neither undefined nor anything else. */
  isOnlyArray(type: ts.Type): boolean;
}

/** Files by path, with their texts; what they import is read from the disk where it is found. */
export function openProgram(files: ReadonlyMap<string, string>): MigrationProgram {
  const project = new Project({
    skipAddingFilesFromTsConfig: true,
    skipFileDependencyResolution: true,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      lib: ["lib.es2023.d.ts", "lib.dom.d.ts"],
      jsx: ts.JsxEmit.Preserve,
      allowJs: true,
      checkJs: true,
      strict: true,
      types: [],
      skipLibCheck: true,
    },
  });
  project.createSourceFile(SHIM, DECLARATIONS, { overwrite: true });
  for (const [path, text] of files) project.createSourceFile(path, text, { overwrite: true });
  const program = project.getProgram().compilerObject;
  const checker = program.getTypeChecker();

  const declared = (symbol: ts.Symbol): ts.Declaration | undefined =>
    symbol.declarations?.find((d) => d.getSourceFile().fileName === SHIM);

  function apiName(node: ts.Node): string | undefined {
    const found = checker.getSymbolAtLocation(node);
    if (!found) return undefined;
    const symbol = found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found;
    const declaration = declared(symbol);
    if (!declaration) return undefined;
    const path: string[] = [];
    let at: ts.Node = declaration;
    for (; !ts.isSourceFile(at); at = at.parent) {
      const name = ts.isModuleDeclaration(at)
        ? at.name
        : ts.isVariableDeclaration(at) || ts.isFunctionDeclaration(at) || isNamedType(at) || isMember(at)
          ? at.name
          : undefined;
      if (name && (ts.isIdentifier(name) || ts.isStringLiteral(name))) path.unshift(name.text);
    }
    const [module, ...rest] = path.map((name) => name.replace(/^Jax(?=[AD])/, ""));
    const prefix = module.replace("@jax-js/", "");
    const name = (prefix === "jax" ? rest : [prefix, ...rest]).join(".");
    return name.replace(/^numpy\.(Array|DType)\b/, "$1");
  }

  const isArray = (type: ts.Type): boolean => {
    if (type.isUnion()) return type.types.some(isArray);
    const apparent = type.flags & ts.TypeFlags.TypeParameter ? checker.getApparentType(type) : type;
    if (apparent.isIntersection()) return apparent.types.some(isArray);
    const symbol = apparent.getSymbol();
    return symbol !== undefined && symbol.name === "JaxArray" && declared(symbol) !== undefined;
  };
  return {
    checker,
    source(file) {
      const found = program.getSourceFile(project.getSourceFileOrThrow(file).getFilePath());
      if (!found) throw new Error(`${file} is not part of the program`);
      return found;
    },
    apiName,
    isArray,
    isOnlyArray: (type) => (type.isUnion() ? type.types.every(isArray) : isArray(type)),
  };
}

const isNamedType = (
  n: ts.Node,
): n is ts.ClassDeclaration | ts.InterfaceDeclaration | ts.TypeAliasDeclaration | ts.EnumDeclaration =>
  ts.isClassDeclaration(n) || ts.isInterfaceDeclaration(n) || ts.isTypeAliasDeclaration(n) || ts.isEnumDeclaration(n);
const isMember = (
  n: ts.Node,
): n is ts.PropertySignature | ts.PropertyDeclaration | ts.MethodDeclaration | ts.MethodSignature | ts.EnumMember =>
  ts.isPropertySignature(n) ||
  ts.isPropertyDeclaration(n) ||
  ts.isMethodDeclaration(n) ||
  ts.isMethodSignature(n) ||
  ts.isEnumMember(n);
