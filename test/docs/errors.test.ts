/** docs/ERRORS.md is the catalogue, so that the address that every error carries leads somewhere. `--update` rewrites it. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorCatalog, TileworkError } from "tilework";
import { expect, it } from "vitest";
import { EXPLANATIONS } from "../../src/diagnostics/explanations/index.js";
import type { Code } from "../../src/diagnostics/help.js";
import { root } from "../pack/workspace.js";

const KINDS: Record<string, string> = {
  1: "Values and tracing",
  2: "Shapes, dtypes and axes",
  3: "Transformations",
  4: "Running",
  5: "Files",
  6: "Optional packages",
};

function renderCatalog(): string {
  const lines = [
    "# Error codes",
    "",
    "Every error of Tilework has one of these codes (`error.code`), says what disagrees and where, and what to do about it.",
    "`tilework explain CODE` shows the same. This page is made from\n`src/diagnostics`. Of two programs, the first makes the mistake and the second does not.",
  ];
  let kind = "";
  for (const [code, { title, help }] of Object.entries(errorCatalog).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (code[2] !== kind) {
      kind = code[2];
      lines.push("", `## ${KINDS[kind]}`);
    }
    lines.push("", `### ${code}`, "", `${title}.`);
    lines.push("", `*What to do*: ${help}.`);
    const { explanation, bad, fixed } = EXPLANATIONS[code as Code];
    lines.push("", explanation);
    // these programs run in test/errors/catalogue.test.ts
    for (const program of [bad, fixed]) if (program !== undefined) lines.push("", "```js", program.trim(), "```");
  }
  return `${lines.join("\n")}\n`;
}

const file = join(root, "docs", "ERRORS.md");

it("docs/ERRORS.md has every code of the catalogue", () => {
  if (process.env.TILEWORK_UPDATE_GOLDENS === "1") writeFileSync(file, renderCatalog());
  expect(existsSync(file) && readFileSync(file, "utf8")).toBe(renderCatalog());
  expect(renderCatalog()).not.toMatch(/: undefined|^undefined/m);
});

it("an error's address is a heading of it", () => {
  const [path, anchor] = new TileworkError({ code: "TW2003", severity: "error", message: "m" }).docs.split("#");
  const headings = readFileSync(join(root, path), "utf8").match(/^### .*$/gm) ?? [];
  expect(headings.map((h) => h.slice(4).toLowerCase())).toContain(anchor);
});
