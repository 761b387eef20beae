/**
 * One document for each program: every level that it passes on its way to Wasm, and its result. A change of the compiler is
 * read here as a diff. `npm test -- --update` rewrites them.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { jit, makeProgram, printProgram, type Tensor, tree } from "../../src/index.js";
import { interpretTensors } from "../../src/api/interpret.js";
import { compileProgram } from "../../src/jit/compile.js";
import { stagesOf } from "../../src/jit/stages.js";
import { wasmTarget } from "../../src/lowering/wasm/features.js";
import { simplify } from "../../src/simplify/index.js";
import { type Golden } from "./programs.js";
import * as programs from "./programs.js";

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const update = process.env["TILEWORK_UPDATE_GOLDENS"] === "1";
const source = readFileSync(here("programs.ts"), "utf8");

/** The lines of a program: from the blank line before its export to the next. */
function sourceOf(name: string): string {
  const paragraphs = source.split(/\n\n/);
  return paragraphs.find((p) => p.includes(`export const ${name} = `))?.trim() ?? expect.fail(`no source of ${name}`);
}

/** Six digits of each number: what is left is not rounding. */
function show(x: unknown): string {
  const leaves = tree.leaves(x) as Tensor[];
  return leaves
    .map((t) => {
      const values = Array.from(t.dataSync() as ArrayLike<number>, (v) => Number(v.toPrecision(6)));
      return `${t.dtype}[${t.shape.join()}] ${values.map((v) => (Object.is(v, -0) ? 0 : v)).join(" ")}`;
    })
    .join("\n");
}

/** The same on every engine: what newer ones can do besides is tested elsewhere. */
const target = wasmTarget({ simd: true, relaxedSimd: false });

const interpreted = ({ f, args }: Golden): string =>
  show((interpretTensors as (f: unknown) => (...xs: readonly Tensor[]) => unknown)(f)(...args));
const compiled = ({ f, args }: Golden): string => show((jit(f as never) as unknown as typeof f)(...args));

async function document(name: string, golden: Golden): Promise<string> {
  const { f, args } = golden;
  const core = makeProgram(f as never)(...args);
  const stages = stagesOf(compileProgram(core, { target }), core);
  const sections: [string, string, string][] = [
    ["SOURCE", "ts", sourceOf(name)],
    ["CORE", "", printProgram(core)],
    ["SIMPLIFIED", "", printProgram(simplify(core))],
  ];
  if (golden.grad) sections.push(["GRAD", "", printProgram(makeProgram(golden.grad as never)(...args))]);
  if (golden.vmap)
    sections.push(["VMAP", "", printProgram(makeProgram(golden.vmap as never)(...(golden.vmapArgs ?? args)))]);
  sections.push(["PLAN", "", stages.plan()], ["TILE", "", stages.tile()], ["LOOP", "", stages.loop()]);
  if (golden.wat) sections.push(["WAT", "wat", await stages.wat()]);
  sections.push(["RESULT", "", interpreted(golden)]);
  const text = sections.map(
    ([title, language, body]) => `## ${title}\n\n\`\`\`${language}\n${body.trimEnd()}\n\`\`\`\n`,
  );
  return `# ${name}\n\n${text.join("\n")}`;
}

describe("golden documents", () => {
  const all: [string, () => Golden][] = Object.entries(programs);
  for (const [name, make] of all) {
    it(name, async () => {
      const golden = make();
      const text = await document(name, golden);
      const file = here(`${name}.md`);
      if (update) writeFileSync(file, text);
      expect(existsSync(file), `${name}.md is missing: npm test -- --update makes it`).toBe(true);
      expect(readFileSync(file, "utf8")).toBe(text);
      // compiled for this engine it gives what the document says
      const numbers = (t: string): number[] => [...t.matchAll(/-?\d[\d.e-]*/g)].map((m) => Number(m[0]));
      const [is, should] = [numbers(compiled(golden)), numbers(interpreted(golden))];
      expect(is.length).toBe(should.length);
      is.forEach((v, i) => {
        expect(v).toBeCloseTo(should[i], 4);
      });
    });
  }
  it("there is a program for every document", () => {
    const documents = readdirSync(here(".")).filter((f) => f.endsWith(".md"));
    expect(documents.map((f) => f.replace(/\.md$/, "")).sort()).toEqual(all.map(([name]) => name).sort());
  });
});
