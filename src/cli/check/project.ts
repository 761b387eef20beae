/** The files that are checked, as one program of the compiler. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import ts from "typescript";
import { UsageError } from "../usage.js";

export interface Project {
  /** The folder of its tsconfig.json, or the current one. */
  readonly root: string;
  readonly program: ts.Program;
  readonly checker: ts.TypeChecker;
  /** The project's own modules; with files on the command line, those. */
  readonly files: readonly ts.SourceFile[];
  /** What is wrong with its configuration. */
  readonly configErrors: readonly ts.Diagnostic[];
}

/** A tsconfig.json, a folder that holds one, or files; by default the current folder's. */
export function openProject(places: readonly string[]): Project {
  const missing = places.find((p) => !existsSync(p));
  if (missing !== undefined) throw new UsageError(`There is no file ${missing}.`);
  const [first = "."] = places;
  const folder = statSync(first).isDirectory();
  if (places.length > 1 && places.some((p) => p.endsWith(".json") || statSync(p).isDirectory()))
    throw new UsageError("tilework check takes one tsconfig.json, one folder, or files.");
  if (!folder && !first.endsWith(".json")) return ofFiles(places);
  const config = folder ? join(first, "tsconfig.json") : first;
  if (!existsSync(config)) throw new UsageError(`There is no ${config}; name the files to check.`);
  const parsed = readConfig(config);
  return open(dirname(resolve(config)), parsed.fileNames, parsed.options, parsed.errors);
}

function ofFiles(places: readonly string[]): Project {
  const files = places.map((p) => resolve(p));
  const wrong = files.find((f) => !/\.[cm]?[jt]sx?$/.test(f));
  if (wrong !== undefined) throw new UsageError(`${wrong} is no .ts or .js file.`);
  const config = ts.findConfigFile(dirname(files[0]), existsSync);
  const parsed = config === undefined ? undefined : readConfig(config);
  const options = parsed?.options ?? {
    strict: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  };
  const root = config === undefined ? process.cwd() : dirname(config);
  return open(root, files, { ...options, noEmit: true }, [], new Set(files));
}

function readConfig(path: string): ts.ParsedCommandLine {
  const { config, error } = ts.readConfigFile(path, (p) => readFileSync(p, "utf8"));
  if (error) throw new UsageError(`${path}: ${ts.flattenDiagnosticMessageText(error.messageText, " ")}`);
  return ts.parseJsonConfigFileContent(config, ts.sys, dirname(resolve(path)), undefined, path);
}

function open(
  root: string,
  names: readonly string[],
  options: ts.CompilerOptions,
  errors: readonly ts.Diagnostic[],
  only?: ReadonlySet<string>,
): Project {
  const program = ts.createProgram({ rootNames: names, options: { ...options, noEmit: true } });
  // what it imports from elsewhere is somebody else's
  const inside = `${resolve(root).replaceAll("\\", "/")}/`;
  const own = (f: ts.SourceFile): boolean =>
    !f.isDeclarationFile &&
    !f.fileName.includes("/node_modules/") &&
    resolve(f.fileName).replaceAll("\\", "/").startsWith(inside);
  const files = program.getSourceFiles().filter((f) => (only ? only.has(resolve(f.fileName)) : own(f)));
  return { root, program, checker: program.getTypeChecker(), files, configErrors: errors };
}

const CONFIGURES =
  /^(?:(?:vite|vitest|rollup|rolldown|webpack|rspack|rsbuild|esbuild|build|bunfig)[\w.-]*\.(?:[cm]?[jt]s|json|toml)|package\.json)$/;

/** Does some file that configures the build, or a script of the package, mention the plugin or the hook? */
export function captures({ root }: Project): boolean {
  for (let folder = root; ; folder = dirname(folder)) {
    const names = existsSync(folder) ? readdirSync(folder).filter((n) => CONFIGURES.test(n)) : [];
    const mention = /tilework\/(?:plugin|register)/;
    if (names.some((n) => mention.test(readFileSync(join(folder, n), "utf8")))) return true;
    // a project ends where its package does
    if (names.includes("package.json") || dirname(folder) === folder) return false;
  }
}
