/** The catalogue's programs: the bad one makes its error at the caret, the fixed one makes none, and each code has its text. */
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { configure, isTileworkError } from "tilework";
import { afterEach, describe, expect, it } from "vitest";
import { CATALOG } from "../../src/diagnostics/catalog.js";
import { EXPLANATIONS, printExplanation } from "../../src/diagnostics/explanations/index.js";
import type { Code } from "../../src/diagnostics/help.js";
import { isTracing } from "../../src/tracer/frame.js";
import { checkProject } from "../../src/cli/check/index.js";
import { openProject } from "../../src/cli/check/project.js";
import { captureModule } from "../dsl/capture-module.js";
import { root } from "../pack/workspace.js";
import { marks, tokenAt } from "./support/marks.js";

/** Mistakes in texts and installations, not in programs. */
const WITHOUT_PROGRAM = ["TW2013", "TW4004", "TW4005", "TW4006", "TW4007", "TW4008", "TW6001", "TW6002", "TW7016"];

/** Mistakes in functions that no tool has read. */
const UNREAD = ["TW7017", "TW7018"];

// inside the repository, so that "tilework" is found
const folder = join(root, "build", "errors");
mkdirSync(folder, { recursive: true });
async function run(name: string, text: string): Promise<unknown> {
  const file = join(folder, `${name}.ts`);
  // what only captured source can do
  const isRead = /^TW[78]/.test(name) && !UNREAD.some((code) => name.startsWith(code));
  writeFileSync(file, isRead ? captureModule(text, `${name}.ts`) : text);
  try {
    await import(/* @vite-ignore */ file);
    return undefined;
  } catch (e) {
    return e;
  }
}

afterEach(() => configure({ debugNans: false }));

/** What is said before a program runs, if ever. */
const BY_CHECK = ["TW7030", "TW7031"] as const;
type Place = { readonly code: string; readonly line: number; readonly column: number };
/** By name of a file. All are one project: what TypeScript reads for it is read once. */
const checked = new Map<string, Place[]>();
for (const code of BY_CHECK) {
  for (const kind of ["bad", "fixed"] as const) {
    writeFileSync(join(folder, `${code}-${kind}.ts`), EXPLANATIONS[code][kind] ?? "");
    checked.set(`${code}-${kind}`, []);
  }
}
const files = [...checked.keys()].map((name) => join(folder, `${name}.ts`));
for (const { code, span } of checkProject(openProject(files), { types: false, capture: false }))
  checked.get(basename(span?.file ?? "", ".ts"))?.push({ code, line: span?.line ?? 0, column: span?.column ?? 0 });

describe.each(Object.keys(CATALOG) as Code[])("%s", (code) => {
  const { bad, fixed, explanation } = EXPLANATIONS[code];

  it("is explained", () => {
    expect(explanation.length).toBeGreaterThan(40);
    expect(CATALOG[code].title).toMatch(/^\w.*[^.]$/);
    const text = printExplanation(code);
    expect(text).toContain(code);
    for (const line of text.split("\n")) expect(line.length).toBeLessThan(160);
    expect(bad === undefined && fixed === undefined).toBe(WITHOUT_PROGRAM.includes(code));
  });

  if (bad === undefined || fixed === undefined) return;
  if (checked.has(`${code}-bad`)) {
    it("tilework check finds the mistake in the bad program and none in the fixed one", () => {
      expect(checked.get(`${code}-bad`)).toEqual(marks(bad));
      expect(checked.get(`${code}-fixed`)).toEqual([]);
    });
    return;
  }
  it("the bad program fails at the caret, with a remedy", async () => {
    const [mark] = marks(bad);
    const e = await run(`${code}-bad`, bad);
    if (!isTileworkError(e)) throw e ?? new Error("it ran without an error");
    const { span, help } = e.diagnostic;
    expect(e.code).toBe(code);
    expect(mark.code).toBe(code);
    const lines = bad.split("\n");
    const at = (line: number, column: number): string => `${line} ${tokenAt(lines[line - 1] ?? "", column)}`;
    if (code === "TW7017") {
      // the place is one of the function's text, as the test runner has changed it
      expect(e.message).toMatch(/^ *\d \|.* factor\b.*\n *\| +\^{6}$/m);
    } else expect(at(span?.line ?? 0, span?.column ?? 0)).toBe(at(mark.line, mark.column));
    expect(help?.length).toBeGreaterThan(10);
    expect(isTracing()).toBe(false);
  });
  it("the fixed program runs", async () => {
    const e = await run(`${code}-fixed`, fixed);
    if (e) throw e;
  });
});
