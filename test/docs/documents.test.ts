/**
 * README.md and pages of docs/ are programs: their code is type-checked under strict, run against the built package, and prints
 * what they show. `npm test -- --update` rewrites what they show.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildDist, root, runNode } from "../pack/workspace.js";
import { comparable, type Section, sectionsOf, withOutputs } from "./markdown.js";

// inside of the repository, so that "tilework" is the package itself
const folder = join(root, "build", `documents-${process.pid}`);
const MARK = "\u001e";

beforeAll(() => {
  buildDist();
  mkdirSync(folder, { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Type-checks and runs sections, each as one module; gives what each block printed. */
function runSections(name: string, sections: readonly Section[]): string[][] {
  const modules = sections.map((section, i) => {
    const module = `${name}-${i}`;
    const marked = section.blocks.map(({ code }) => `${code}console.log(${JSON.stringify(MARK)});\n`);
    writeFileSync(join(folder, `${module}.ts`), marked.join(""));
    return module;
  });
  const config = join(folder, `tsconfig.${name}.json`);
  const compilerOptions = {
    strict: true,
    target: "es2022",
    lib: ["es2022"],
    types: ["node"],
    module: "nodenext",
    skipLibCheck: true,
    noUnusedLocals: false,
    noEmitOnError: true,
    rootDir: ".",
    outDir: ".",
  };
  writeFileSync(config, JSON.stringify({ compilerOptions, files: modules.map((m) => `${m}.ts`) }));
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  expect(runNode([tsc, "-p", config, "--pretty", "false"], folder).output).toBe("");
  const printed: string[][] = [];
  for (const staged of [false, true]) {
    const some = sections.flatMap((s, i) => (isStaged(s) === staged ? [i] : []));
    if (some.length === 0) continue;
    const file = join(folder, `${name}-${staged ? "staged" : "plain"}.mjs`);
    writeFileSync(file, some.map((i) => `await import("./${modules[i]}.js");\n`).join(""));
    // staged code is captured from its source
    const { status, output } = runNode([...(staged ? ["--import", "tilework/register"] : []), file], folder);
    expect(status, output).toBe(0);
    const pieces = `${output}\n`.split(`${MARK}\n`);
    for (const i of some) printed[i] = pieces.splice(0, sections[i].blocks.length);
  }
  return printed;
}

const isStaged = ({ blocks }: Section): boolean => blocks.some(({ code }) => /\btype (?:Num|Ref)\b/.test(code));

describe.each([
  "README.md",
  "docs/tour.md",
  "docs/tensor-or-num.md",
  "docs/models.md",
  "docs/kernels.md",
  "docs/kernels-debugging.md",
])("%s", (path) => {
  const file = join(root, path);
  const markdown = readFileSync(file, "utf8");
  const sections = sectionsOf(markdown);
  let printed: string[][];

  beforeAll(() => {
    printed = runSections(path.replace(/\W/g, "-"), sections);
    if (process.env.TILEWORK_UPDATE_GOLDENS === "1") writeFileSync(file, withOutputs(markdown, printed.flat()));
  });

  it("has code", () => {
    expect(sections.length).toBeGreaterThan(0);
  });

  it.each(sections.map((s, i) => [s.title, i] as const))("%s", (_, i) => {
    sections[i].blocks.forEach((block, b) => {
      expect(comparable(printed[i][b]), `${path}:${block.line}`).toBe(comparable(block.output ?? ""));
    });
  });
});
