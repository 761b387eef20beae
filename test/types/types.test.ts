/**
 * The public types as users' compilers see them: programs under consumer/ are checked against the built declarations, with
 * lib.es2022 alone (no DOM, no Node types), without skipLibCheck, and by every supported version of TypeScript.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { buildDist, root, runNode, temporaryFolder } from "../pack/workspace.js";

const folder = temporaryFolder();

beforeAll(() => {
  buildDist();
  // a copy, not a link: seen through a link, the declarations would find this repository's @types/node
  const installed = join(folder, "node_modules", "tilework");
  mkdirSync(installed, { recursive: true });
  cpSync(join(root, "package.json"), join(installed, "package.json"));
  cpSync(join(root, "dist"), join(installed, "dist"), { recursive: true, filter: (path) => !path.endsWith(".map") });
  cpSync(join(root, "test", "types", "consumer"), folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
});

function check(compiler: string, options: Record<string, unknown>, include = "*.ts"): string {
  const config = `tsconfig.${compiler}.${String(options.module)}.json`;
  const compilerOptions = {
    strict: true,
    target: "es2022",
    lib: ["es2022"],
    types: [],
    skipLibCheck: false,
    noEmit: true,
    ...options,
  };
  writeFileSync(join(folder, config), JSON.stringify({ compilerOptions, include: [include] }));
  const { output } = runNode(
    [join(root, "node_modules", compiler, "bin", "tsc"), "-p", config, "--pretty", "false"],
    folder,
  );
  return output;
}

describe("public types", () => {
  it("there is a program to check", () => {
    expect(readdirSync(folder).filter((f) => f.endsWith(".ts")).length).toBeGreaterThan(0);
  });

  const nodenext = { module: "nodenext", moduleResolution: "nodenext" };
  it.each([
    ["typescript-5.9", nodenext],
    ["typescript", nodenext],
    [
      "typescript",
      {
        module: "esnext",
        moduleResolution: "bundler",
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
      },
    ],
    ["typescript-7.0", nodenext],
  ])("%s accepts them (%o)", (compiler, options) => {
    expect(check(compiler, options)).toBe("");
  });

  it.each(["typescript-5.9", "typescript-7.0"])("%s: `using` works where the lib has it", (compiler) => {
    const file = join(folder, "using.ts");
    writeFileSync(
      file,
      'import { array } from "tilework";\nexport function f(): number {\n  using x = array([1]);\n  return x.size;\n}\n',
    );
    const output = check(compiler, { ...nodenext, lib: ["es2022", "esnext.disposable"] });
    rmSync(file);
    expect(output).toBe("");
  });

  it.each(["typescript-5.9", "typescript", "typescript-7.0"])("%s says what is wrong", (compiler) => {
    const lines = readFileSync(join(folder, "mistakes", "mistakes.ts"), "utf8").split("\n");
    const output = check(compiler, nodenext, "mistakes/*.ts");
    // an error begins with its place; the lines that explain it are indented
    const said = new Map<number, string>();
    for (const error of output.split(/\n(?=\S)/)) {
      const at = Number(/^mistakes\/mistakes\.ts\((\d+),/.exec(error)?.[1]);
      said.set(at, `${said.get(at) ?? ""}${error}\n`);
    }
    const wanted = lines.flatMap((line, i) => {
      const text = line.split("//~ ")[1];
      return text === undefined ? [] : [{ at: i + 1, parts: text.split(" ; ") }];
    });
    expect([...said.keys()]).toEqual(wanted.map((w) => w.at));
    for (const { at, parts } of wanted) for (const part of parts) expect(said.get(at)).toContain(part);
  });

  it.each(["typescript-5.9", "typescript", "typescript-7.0"])("%s writes declarations of values", (compiler) => {
    const emit = {
      rootDir: "emitted",
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      outDir: `emitted-${compiler}`,
    };
    expect(check(compiler, { ...nodenext, ...emit }, "emitted/*.ts")).toBe("");
    const written = readFileSync(join(folder, `emitted-${compiler}`, "factories.d.ts"), "utf8");
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
    // and what it wrote can be used
    writeFileSync(
      join(folder, "reader.ts"),
      `import { w, staged } from "./emitted-${compiler}/factories.js";\nexport const s: number = staged(w, 2).size;\n`,
    );
    expect(check(compiler, nodenext, "reader.ts")).toContain("Type '10' is not assignable to type '784'");
    rmSync(join(folder, "reader.ts"));
  });

  it("the harness sees errors", () => {
    writeFileSync(join(folder, "wrong.ts"), 'import { noSuchThing } from "tilework";\nnoSuchThing();\n');
    expect(check("typescript", nodenext)).toContain("noSuchThing");
  });
});
