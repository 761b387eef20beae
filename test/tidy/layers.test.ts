/**
 * The layers of docs/ARCHITECTURE.md, enforced. Upper may import lower, never the reverse. To allow an edge, add it to
 * ALLOWED (and say why in the review); a file that really must be long goes into LONG_FILES with its reason.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const GROUND = ["diagnostics", "util"];
const LANGUAGE = ["ir", ...GROUND];
const PASS = [...LANGUAGE, "simplify"];
const LOWERING = [...PASS, "kernels", "lowering"];
const FRONT = ["tracer", "tree", ...LANGUAGE];
const BELOW_API = [
  ...FRONT,
  "interpreter",
  "simplify",
  "kernels",
  "transforms",
  "transforms/grad",
  "transforms/vmap",
  "transforms/pmap",
  "transforms/sizes",
  "lowering",
  "lowering/plan",
  "lowering/plan/view.ts",
  "lowering/schedule",
  "lowering/loop",
  "lowering/wasm",
  "lax",
  "numpy",
  "random",
  "nn",
  "optim",
  "runtime",
  "jit",
];

/** Folder of src → the folders that it may import besides itself; "*" is all. `index.ts` is src/index.ts. */
const ALLOWED: Record<string, readonly string[]> = {
  // ground
  util: [],
  diagnostics: ["util"],
  tree: ["util", "diagnostics"],
  // language
  ir: ["diagnostics", "util", "tree"],
  // front ends
  tracer: ["ir", "tree", "diagnostics", "util"],
  // only dsl/parse uses the TypeScript compiler: it makes, at build time, the data that the rest of dsl runs
  "dsl/parse": ["dsl", "diagnostics"],
  // passes
  interpreter: LANGUAGE,
  // constants are folded by the oracle's own functions
  simplify: [...LANGUAGE, "interpreter"],
  kernels: LANGUAGE,
  // kernels in the kernel language: functions of the library, and with the language itself what `tilework/kernels` is
  "kernels/library": [...FRONT, "lax", "numpy", "dsl"],
  "kernels/index.ts": ["dsl", "kernels/library"],
  transforms: [...PASS, "transforms/grad", "transforms/vmap", "transforms/pmap"],
  "transforms/grad": [...PASS, "transforms", "transforms/vmap", "transforms/pmap"],
  "transforms/vmap": [...PASS, "transforms", "transforms/grad", "transforms/pmap"],
  "transforms/pmap": [...PASS, "transforms", "transforms/grad", "transforms/vmap"],
  "transforms/sizes": LANGUAGE,
  // lowering goes one level down at a time; `lowering` itself is what its levels share (the Target record), and a view (how
  // a buffer is read) belongs to plan and is what it tells schedule
  lowering: LANGUAGE,
  "lowering/plan/view.ts": [...LANGUAGE, "lowering"],
  "lowering/plan": [...LOWERING, "lowering/plan/view.ts", "lowering/schedule", "lowering/loop", "lowering/wasm"],
  "lowering/schedule": [...LOWERING, "lowering/plan/view.ts", "lowering/loop", "lowering/wasm"],
  "lowering/loop": [...LOWERING, "lowering/wasm"],
  "lowering/wasm": [...LANGUAGE, "lowering", "lowering/wasm/math/coefficients.ts"],
  // polynomials are no machine's
  "lowering/wasm/math/coefficients.ts": [],
  // what only some programs need, for the library functions that make their equations
  "lowering/hand-over": [...LOWERING, "lowering/plan", "lowering/schedule", "lowering/wasm"],
  "lowering/wgsl": [...LANGUAGE, "lowering", "lowering/wasm/math/coefficients.ts"],
  // library: it only binds primitives, so that the editor can run it over symbolic dims
  lax: [...FRONT, "lowering/hand-over"],
  numpy: [...FRONT, "lax"],
  random: [...FRONT, "lax", "numpy"],
  nn: [...FRONT, "lax", "numpy", "random", "lowering/hand-over"],
  optim: [...FRONT, "lax", "numpy", "random", "nn"],
  // without tooling the text of functions is read at run time, for those who ask for it
  "dsl/estree": ["dsl", "diagnostics", "util"],
  // captured source is interpreted by calling the library; kernels are checked when they are traced
  dsl: [...FRONT, "lax", "numpy", "simplify", "lowering/hand-over"],
  // kernels run step by step by the interpreter's rules
  debugger: [...FRONT, "lax", "numpy", "dsl", "interpreter"],
  // execution
  runtime: LANGUAGE,
  jit: [
    ...PASS,
    "lowering",
    "lowering/plan/view.ts",
    "lowering/plan",
    "lowering/schedule",
    "lowering/loop",
    "lowering/wasm",
    "lowering/wgsl",
    "kernels",
    "runtime",
    "interpreter",
  ],
  api: [...BELOW_API, "dsl/estree", "dsl", "debugger"],
  // edges
  io: ["util", "diagnostics", "tree", "ir", "tracer", "api"],
  data: [...BELOW_API, "api"],
  plugin: ["dsl/parse"],
  register: ["dsl/parse"],
  // other people's programs are text to it
  migrate: [],
  // only what it says is shared
  eslint: ["tracer"],
  cli: ["*"],
  "index.ts": ["*"],
};

/** Files over 600 lines, each with the reason why splitting it would make it harder to read. */
const LONG_FILES: Record<string, string> = {};
const MAX_LINES = 600;

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const src = join(root, "src");

interface SourceFile {
  /** Path below src, with slashes. */
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  readonly imports: readonly string[];
  /** Those that are still there at run time. */
  readonly valueImports: readonly string[];
}

function listFiles(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((e) =>
    e.isDirectory() ? listFiles(join(dir, e.name)) : e.name.endsWith(".ts") ? [join(dir, e.name)] : [],
  );
}

/** The longest entry of the table that the path lies in. */
function folderOf(path: string): string {
  const folders = Object.keys(ALLOWED).filter((f) => path === f || path.startsWith(`${f}/`));
  return folders.sort((a, b) => b.length - a.length)[0] ?? path.split("/")[0];
}

function readSource(file: string): SourceFile {
  const text = readFileSync(file, "utf8");
  const path = relative(src, file).replaceAll("\\", "/");
  const toPath = (specifier: string): string =>
    relative(src, resolve(dirname(file), specifier))
      .replaceAll("\\", "/")
      .replace(/\.js$/, ".ts");
  const all = ts.preProcessFile(text, true, true).importedFiles.map((f) => f.fileName);
  const values = ts
    .createSourceFile(file, text, ts.ScriptTarget.ES2022)
    .statements.flatMap((s) => (isValueImport(s) ? [(s.moduleSpecifier as ts.StringLiteral).text] : []));
  const own = (specifiers: string[]) => [...new Set(specifiers.filter((s) => s.startsWith(".")).map(toPath))];
  return { path, folder: folderOf(path), text, imports: own(all), valueImports: own(values) };
}

function isValueImport(s: ts.Statement): s is ts.ImportDeclaration | ts.ExportDeclaration {
  if (ts.isExportDeclaration(s)) {
    const named =
      s.exportClause !== undefined && ts.isNamedExports(s.exportClause) ? s.exportClause.elements : undefined;
    return s.moduleSpecifier !== undefined && !s.isTypeOnly && !named?.every((e) => e.isTypeOnly);
  }
  if (!ts.isImportDeclaration(s)) return false;
  const clause = s.importClause;
  if (clause === undefined) return true;
  if (clause.isTypeOnly) return false;
  if (clause.name !== undefined || clause.namedBindings === undefined) return true;
  return ts.isNamespaceImport(clause.namedBindings) || !clause.namedBindings.elements.every((e) => e.isTypeOnly);
}

const files = listFiles(src).map(readSource);
const byPath = new Map(files.map((f) => [f.path, f]));

describe("layers", () => {
  it("imports go down only, along the edges of the table", () => {
    const wrong: string[] = [];
    for (const file of files) {
      const allowed = ALLOWED[file.folder];
      if (allowed === undefined) {
        wrong.push(`src/${file.path} lies in no folder of the table`);
        continue;
      }
      for (const target of file.imports) {
        const folder = folderOf(target);
        if (folder === file.folder || allowed.includes("*") || allowed.includes(folder)) continue;
        wrong.push(`src/${file.path} imports ${folder}; ${file.folder} may import only: ${allowed.join(", ")}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("the table itself has no cycle, except among the transforms", () => {
    const level = (folder: string, above: readonly string[]): void => {
      if (above.includes(folder)) throw new Error(`cycle in the table: ${[...above, folder].join(" → ")}`);
      for (const f of ALLOWED[folder] ?? []) {
        if (f !== "*" && !(f.startsWith("transforms") && folder.startsWith("transforms"))) level(f, [...above, folder]);
      }
    };
    for (const folder of Object.keys(ALLOWED)) level(folder, []);
  });

  it("no file imports itself through others (type imports aside)", () => {
    const cycles: string[] = [];
    const done = new Set<string>();
    const visit = (path: string, trail: readonly string[]): void => {
      const at = trail.indexOf(path);
      if (at >= 0) cycles.push([...trail.slice(at), path].join(" → "));
      if (at >= 0 || done.has(path)) return;
      for (const next of byPath.get(path)?.valueImports ?? []) visit(next, [...trail, path]);
      done.add(path);
    };
    for (const f of files) visit(f.path, []);
    expect(cycles).toEqual([]);
  });

  it("only the edges use the TypeScript compiler, and only lowering/wasm knows Wasm's bytes", () => {
    const compiler = files.filter((f) => /from "typescript"|import\("typescript"\)/.test(f.text)).map((f) => f.folder);
    expect(compiler.filter((f) => !["cli", "dsl/parse", "lsp", "register"].includes(f))).toEqual([]);
  });

  it("src/index.ts only re-exports", () => {
    const index = files.find((f) => f.path === "index.ts");
    if (index === undefined) return;
    const parsed = ts.createSourceFile("index.ts", index.text, ts.ScriptTarget.ES2022);
    const other = parsed.statements.filter(
      (s) =>
        !ts.isExportDeclaration(s) && !(ts.isImportDeclaration(s) && (!s.importClause || s.importClause.isTypeOnly)),
    );
    expect(other.map((s) => index.text.slice(s.pos, s.end).trim())).toEqual([]);
  });
});

describe("files", () => {
  it("are short enough to be read, or say why not", () => {
    const long = files.filter((f) => f.text.split("\n").length - 1 > MAX_LINES && LONG_FILES[f.path] === undefined);
    expect(long.map((f) => `src/${f.path} has ${f.text.split("\n").length - 1} lines`)).toEqual([]);
    const stale = Object.keys(LONG_FILES).filter((p) => (byPath.get(p)?.text.split("\n").length ?? 0) - 1 <= MAX_LINES);
    expect(stale).toEqual([]);
  });

  it("name no folder of the machine they were written on", () => {
    const folders = ["work", "tmp", "home", "root", "Users"].map((f) => `/${f}/`);
    const places = [...files, ...["test", "examples", "scripts", "docs"].flatMap(textFiles)];
    const found = places.filter((f) => folders.some((folder) => new RegExp(`(^|["'\`\\s(=:])${folder}`).test(f.text)));
    expect(found.map((f) => f.path)).toEqual([]);
  });
});

function textFiles(folder: string): { path: string; text: string }[] {
  let names: string[];
  try {
    names = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  } catch {
    return [];
  }
  return names
    .filter((n) => /\.(ts|mjs|cjs|md|json)$/.test(n))
    .map((n) => ({ path: join(folder, n), text: readFileSync(join(root, folder, n), "utf8") }));
}
