/** What is kept for later: on a page, where tests of sources have no folder. */
import { afterEach, expect, it, vi } from "vitest";
import { keepFact, keptFact } from "../../src/jit/facts.js";

afterEach(() => vi.unstubAllGlobals());

function page(storage: unknown): void {
  vi.stubGlobal("process", { env: {} });
  vi.stubGlobal("window", {});
  vi.stubGlobal("localStorage", storage);
}
function memory(): Map<string, string> & {
  getItem: (k: string) => string | null;
  setItem: (k: string, v: string) => void;
} {
  const map = new Map<string, string>();
  return Object.assign(map, {
    getItem: (k: string) => map.get(k) ?? null,
    setItem: (k: string, v: string) => void map.set(k, v),
  });
}

it("a page keeps them in its storage, by their whole key", () => {
  const storage = memory();
  page(storage);
  expect(keptFact("a")).toBeUndefined();
  keepFact("a", [1, "no", { b: 2 }]);
  keepFact("b", 3);
  expect(keptFact("a")).toEqual([1, "no", { b: 2 }]);
  expect(keptFact("b")).toBe(3);
  // another key of the same short name
  for (const [k, v] of storage) storage.set(k, v.replace('"key":"a"', '"key":"c"'));
  expect(keptFact("a")).toBeUndefined();
  for (const k of storage.keys()) storage.set(k, "{");
  expect(keptFact("b")).toBeUndefined();
});

it("a storage that is full or forbidden is done without", () => {
  const refuse = (): never => {
    throw new Error("QuotaExceededError");
  };
  page({ getItem: refuse, setItem: refuse });
  keepFact("a", 1);
  expect(keptFact("a")).toBeUndefined();
  page(undefined);
  keepFact("a", 1);
  expect(keptFact("a")).toBeUndefined();
});

it("Node's own storage is not asked", () => {
  vi.stubGlobal("window", {});
  vi.stubGlobal("localStorage", { getItem: () => expect.unreachable(), setItem: () => expect.unreachable() });
  keepFact("a", 1);
  expect(keptFact("a")).toBeUndefined();
});
