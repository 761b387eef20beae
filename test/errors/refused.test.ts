/**
 * Programs in captured source with one mistake each, in the folder beside this: what the build refuses and what the trace does. The
 * comment under the culprit tells the code and where the mark begins, `// ^ TW7003`; several where several are expected.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { array, isTileworkError, jit, type Tensor } from "tilework";
import { describe, expect, it } from "vitest";
import { checkProject } from "../../src/cli/check/index.js";
import { openProject } from "../../src/cli/check/project.js";
import { rewriteFile } from "../../src/plugin/transform.js";
import { isTracing } from "../../src/tracer/frame.js";
import { expectClose } from "../api/helpers.js";
import { type Mark, marks, tokenAt } from "./support/marks.js";

const here = dirname(fileURLToPath(import.meta.url));
const folder = join(here, "refused");
const root = join(here, "..", "..");
const files = readdirSync(folder)
  .filter((f) => f.endsWith(".ts"))
  .map((f) => join(folder, f));

/** All that `tilework check` says, by file. */
const found = new Map<string, ReturnType<typeof checkProject>>(files.map((f) => [f, []]));
for (const e of checkProject(openProject(files), { types: false, capture: true }))
  if (e.severity === "error") found.get(e.span?.file ?? "")?.push(e);

it("there are many", () => expect(files.length).toBeGreaterThan(60));

describe("refused programs", () => {
  it.each(files.map((f) => [relative(folder, f), f]))("%s", async (_, file) => {
    const text = readFileSync(file, "utf8");
    const lines = text.split("\n");
    const shown = ({ code, line, column }: Mark): string => `${code} ${line} ${tokenAt(lines[line - 1] ?? "", column)}`;
    const expected = marks(text);
    const before = found.get(file) ?? [];
    if (before.length > 0) {
      const places = before.map(({ code, span }) => ({ code, line: span?.line ?? 0, column: span?.column ?? 0 }));
      expect(places.map(shown).sort()).toEqual(expected.map(nextCode(text)).map(shown).sort());
      for (const e of before) expect(e.help?.length).toBeGreaterThan(10);
      // the build stops with all of them
      const done = await rewriteFile(text, file, { root, withSource: true });
      for (const { code, line } of places) {
        expect(done?.error?.message).toContain(code);
        expect(done?.error?.message).toMatch(new RegExp(`\\b${line}\\b`));
      }
      return;
    }
    const [mark] = expected.map(nextCode(text));
    const e = await import(/* @vite-ignore */ file).then(
      () => expect.fail("it ran"),
      (error: unknown) => error,
    );
    if (!isTileworkError(e)) throw e;
    const { span, help } = e.diagnostic;
    expect(shown({ code: e.code, line: span?.line ?? 0, column: span?.column ?? 0 })).toBe(shown(mark));
    expect(join(root, span?.file ?? "")).toBe(file);
    expect(help?.length).toBeGreaterThan(10);
    expect(isTracing()).toBe(false);
    expectClose(jit((x: Tensor) => x.mul(2))(array([1, 2])), [2, 4]);
  });
});

/** Marks under one line stand for the line of code above them. */
function nextCode(text: string): (m: Mark) => Mark {
  const lines = text.split("\n");
  return (m) => {
    let { line } = m;
    while (/^\s*\/\/\s*\^/.test(lines[line - 1])) line--;
    return { ...m, line };
  };
}
