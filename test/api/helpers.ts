/** What the tests of the API share. */
import { isTileworkError, type Tensor, tree } from "tilework";
import { expect } from "vitest";

export type { Tensor };

/** Nested lists of every array in a tree. */
export function values(t: unknown): unknown {
  return tree.map(
    (x) => ((x as unknown) instanceof Object && "js" in (x as object) ? (x as unknown as Tensor).js() : x),
    t,
  );
}

/** Equal within `tolerance`, leaf by leaf, with the same structure. */
export function expectClose(actual: unknown, expected: unknown, tolerance = 1e-5): void {
  const a = tree.flatten(values(actual));
  const e = tree.flatten(values(expected));
  expect(String(a.treedef)).toBe(String(e.treedef));
  a.leaves.forEach((x, i) => {
    const y = e.leaves[i];
    if (typeof x !== "number" || typeof y !== "number") expect(x).toEqual(y);
    else if (!(Math.abs(x - y) <= tolerance * Math.max(1, Math.abs(y)) || Object.is(x, y))) {
      expect.fail(
        `leaf ${i}: ${x} is not ${y} (${JSON.stringify(values(actual))} against ${JSON.stringify(values(expected))})`,
      );
    }
  });
}

/** The TileworkError that `f` throws. */
export function errorOf(f: () => unknown): { code: string; message: string; help: string; file: string; line: number } {
  try {
    f();
  } catch (e) {
    if (!isTileworkError(e)) throw e;
    const { span, help } = e.diagnostic;
    return { code: e.code, message: e.message, help: help ?? "", file: span?.file ?? "", line: span?.line ?? 0 };
  }
  return expect.fail("nothing was thrown");
}
export const codeOf = (f: () => unknown): string => errorOf(f).code;
