/**
 * The public types as users' compilers see them: programs under consumer/ are checked against the built declarations, with
 * lib.es2022 alone (no DOM, no Node types), without skipLibCheck, and by every supported version of TypeScript.
 *
 * Each compiler is started twice, and all at the same time: once for every program, whose errors are told apart by their files,
 * and once for what needs another library or reads the declarations that the first run wrote.
 */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { buildDist, root, temporaryFolder } from "../pack/workspace.js";

const folder = temporaryFolder();
const COMPILERS = ["typescript-5.9", "typescript", "typescript-7.0"] as const;
type Compiler = (typeof COMPILERS)[number];
/** What a compiler said, by file and line; "" for what has no place. */
type Said = Map<string, Map<number, string>>;

const nodenext = { module: "nodenext", moduleResolution: "nodenext" };
const bundler = {
  module: "esnext",
  moduleResolution: "bundler",
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
};

/** Programs that need more than the first run has: `using` another library, and the reader what was written. */
const USING =
  'import { array } from "tilework";\nexport function f(): number {\n  using x = array([1]);\n  return x.size;\n}\n';
const reader = (compiler: Compiler): string =>
  `import { w, staged } from "../written-${compiler}/emitted/factories.js";\nexport const s: number = staged(w, 2).size;\n`;

function check(
  compiler: Compiler,
  name: string,
  options: Record<string, unknown>,
  include: readonly string[],
): Promise<Said> {
  const config = `tsconfig.${compiler}.${name}.json`;
  const compilerOptions = {
    strict: true,
    target: "es2022",
    lib: ["es2022"],
    types: [],
    skipLibCheck: false,
    noEmit: true,
    ...options,
  };
  writeFileSync(join(folder, config), JSON.stringify({ compilerOptions, include }));
  const args = [join(root, "node_modules", compiler, "bin", "tsc"), "-p", config, "--pretty", "false"];
  return new Promise((done) => {
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 1 << 26 }, (_, stdout, stderr) =>
      done(byPlace(`${stdout}${stderr}`.trim())),
    );
  });
}

/** An error begins with its place; the lines that explain it are indented. */
function byPlace(output: string): Said {
  const said: Said = new Map();
  for (const error of output === "" ? [] : output.split(/\r?\n(?=\S)/)) {
    const [, file = "", line = "0"] = /^([^\s(]+)\((\d+),/.exec(error) ?? [];
    const ofFile = said.get(file) ?? new Map<number, string>();
    ofFile.set(Number(line), `${ofFile.get(Number(line)) ?? ""}${error}\n`);
    said.set(file, ofFile);
  }
  return said;
}
const all = (said: Said): string => [...said.values()].flatMap((lines) => [...lines.values()]).join("");
const inFile = (said: Said, file: string): Map<number, string> => said.get(file) ?? new Map();

interface Runs {
  readonly first: Promise<Said>;
  readonly second: Promise<Said>;
}
const runs = new Map<Compiler, Runs>();
let bundled: Promise<Said>;

beforeAll(() => {
  buildDist();
  // a copy, not a link: seen through a link, the declarations would find this repository's @types/node
  const installed = join(folder, "node_modules", "tilework");
  mkdirSync(installed, { recursive: true });
  cpSync(join(root, "package.json"), join(installed, "package.json"));
  cpSync(join(root, "dist"), join(installed, "dist"), { recursive: true, filter: (path) => !path.endsWith(".map") });
  cpSync(join(root, "test", "types", "consumer"), folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  mkdirSync(join(folder, "harness"));
  writeFileSync(join(folder, "harness", "wrong.ts"), 'import { noSuchThing } from "tilework";\nnoSuchThing();\n');
  for (const compiler of COMPILERS) {
    const emit = { rootDir: ".", noEmit: false, declaration: true, emitDeclarationOnly: true };
    const first = check(compiler, "first", { ...nodenext, ...emit, outDir: `written-${compiler}` }, [
      "*.ts",
      "mistakes/*.ts",
      "emitted/*.ts",
      "harness/*.ts",
    ]);
    const place = `second-${compiler}`;
    mkdirSync(join(folder, place));
    writeFileSync(join(folder, place, "using.ts"), USING);
    writeFileSync(join(folder, place, "reader.ts"), reader(compiler));
    const lib = ["es2022", "esnext.disposable"];
    const second = first.then(() => check(compiler, "second", { ...nodenext, lib }, [`${place}/*.ts`]));
    runs.set(compiler, { first, second });
  }
  bundled = check("typescript", "bundler", bundler, ["*.ts"]);
});
const ran = (compiler: Compiler): Runs => runs.get(compiler) ?? expect.fail(`${compiler} was not started`);

describe("public types", () => {
  it("there is a program to check", () => {
    expect(readdirSync(folder).filter((f) => f.endsWith(".ts")).length).toBeGreaterThan(0);
  });

  it("a bundler's resolution and the strictest options accept them", async () => {
    expect(all(await bundled)).toBe("");
  });
});

describe.each(COMPILERS)("%s", (compiler) => {
  it("accepts the programs, and sees what is wrong elsewhere", async () => {
    const said = await ran(compiler).first;
    const files = new Set(said.keys());
    files.delete("mistakes/mistakes.ts");
    expect([...files].map((file) => [file, [...inFile(said, file).values()].join("")])).toEqual([
      ["harness/wrong.ts", expect.stringContaining("noSuchThing")],
    ]);
  });

  it("says what is wrong", async () => {
    const lines = readFileSync(join(folder, "mistakes", "mistakes.ts"), "utf8").split("\n");
    const said = inFile(await ran(compiler).first, "mistakes/mistakes.ts");
    const wanted = lines.flatMap((line, i) => {
      const text = line.split("//~ ")[1];
      return text === undefined ? [] : [{ at: i + 1, parts: text.split(" ; ") }];
    });
    expect([...said.keys()].sort((a, b) => a - b)).toEqual(wanted.map((w) => w.at));
    for (const { at, parts } of wanted) for (const part of parts) expect(said.get(at)).toContain(part);
  });

  it("writes declarations of values, which can be used", async () => {
    await ran(compiler).first;
    const written = readFileSync(join(folder, `written-${compiler}`, "emitted", "factories.d.ts"), "utf8");
    for (const text of [
      'w: import("tilework").Tensor<[784, 10], "f32">;',
      'n: import("tilework").Tensor<[3], "i32">;',
      'o: import("tilework").Tensor<[2], "f64">;',
      'staged: import("tilework").Jitted<[x: Num<["n", 784], "f32">, k: number], number>;',
      'gradient: import("tilework").StagedFunction<[x: Num<[]>], Num<[]>>;',
      'make(size: number): import("tilework").Tensor<[number, 4], "f32">;',
    ]) {
      expect(written).toContain(text);
    }
    const said = await ran(compiler).second;
    expect([...said.keys()]).toEqual([`second-${compiler}/reader.ts`]);
    expect(all(said)).toContain("Type '10' is not assignable to type '784'");
  });

  it("has `using` where the lib has it", async () => {
    expect([...inFile(await ran(compiler).second, `second-${compiler}/using.ts`).values()]).toEqual([]);
  });
});
