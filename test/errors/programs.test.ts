/**
 * Wrong programs, one in each file beside this one. The comment under the culprit tells the code that is expected and the
 * column: `// ^ TW2003`. The error is thrown at that place, it has a remedy, and the process goes on as if nothing had happened.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { array, configure, isTileworkError, jit, type Tensor, type TileworkError, vmap } from "tilework";
import { afterEach, describe, expect, it } from "vitest";
import { isTracing } from "../../src/tracer/frame.js";
import { expectClose } from "../api/helpers.js";
import { marks, tokenAt } from "./support/marks.js";

const here = dirname(fileURLToPath(import.meta.url));
const programs = readdirSync(here).filter((f) => f.endsWith(".ts") && !f.endsWith(".test.ts"));

async function errorOf(file: string): Promise<TileworkError> {
  try {
    await import(/* @vite-ignore */ join(here, file));
  } catch (e) {
    if (isTileworkError(e)) return e as TileworkError;
    throw e;
  }
  return expect.fail(`${file} ran without an error`);
}

afterEach(() => configure({ debugNans: false }));

describe("wrong programs", () => {
  it.each(programs)("%s", async (file) => {
    const text = readFileSync(join(here, file), "utf8");
    const [mark] = marks(text);
    const e = await errorOf(file);
    const { span, help } = e.diagnostic;
    expect(e.code).toBe(mark.code);
    expect(span?.file).toBe(join(here, file));
    const lines = text.split("\n");
    const at = (line: number, column: number): string => `${line}:${column} ${tokenAt(lines[line - 1] ?? "", column)}`;
    expect(at(span?.line ?? 0, span?.column ?? 0)).toBe(at(mark.line, mark.column));
    expect(help?.length).toBeGreaterThan(10);

    // nothing is left half done
    expect(isTracing()).toBe(false);
    configure({ debugNans: false });
    expectClose(array([1, 2]).add(1), [2, 3]);
    expectClose(jit(vmap((x: Tensor) => x.mul(2)))(array([1, 2])), [2, 4]);
  });
});
