/**
 * Kernels with one mistake each, in the folder `kernels`: the call tells it, at the place that the comment under the culprit marks.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isTileworkError } from "tilework";
import { expect, it } from "vitest";
import { isTracing } from "../../src/tracer/frame.js";
import { type Mark, marks, tokenAt } from "./support/marks.js";

const folder = join(dirname(fileURLToPath(import.meta.url)), "kernels");
const root = join(folder, "..", "..", "..");
const files = readdirSync(folder).map((f) => join(folder, f));

it("there are many", () => expect(files.length).toBeGreaterThanOrEqual(25));

it.each(files.map((f) => [relative(folder, f), f]))("%s", async (_, file) => {
  const text = readFileSync(file, "utf8");
  const lines = text.split("\n");
  const shown = ({ code, line, column }: Mark): string => `${code} ${line} ${tokenAt(lines[line - 1] ?? "", column)}`;
  const e = await import(/* @vite-ignore */ file).then(
    () => expect.fail("it ran"),
    (error: unknown) => error,
  );
  if (!isTileworkError(e)) throw e;
  const { span, help } = e.diagnostic;
  expect(shown({ code: e.code, line: span?.line ?? 0, column: span?.column ?? 0 })).toBe(shown(marks(text)[0]));
  expect(resolve(root, span?.file ?? "")).toBe(file);
  expect(help?.length).toBeGreaterThan(10);
  expect(isTracing()).toBe(false);
});
