/** What the documents point to is there: linked files with their headings, and the paths that they name in code type. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { root } from "../pack/workspace.js";

const pages = ["README.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)];
const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** `src/{a,b}/c` → `src/a/c`, `src/b/c`. */
function spread(path: string): string[] {
  const braces = /^(.*?)\{([^}]*)\}(.*)$/.exec(path);
  return braces === null ? [path] : braces[2].split(",").flatMap((part) => spread(braces[1] + part + braces[3]));
}

it.each(pages)("%s", (page) => {
  const text = read(page);
  const links = [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map((m) => m[1]).filter((l) => !/^\w+:/.test(l));
  const inCode = [...text.matchAll(/`((?:src|test|examples|docs|scripts)\/[\w./{},-]*)`/g)].flatMap((m) =>
    spread(m[1]),
  );
  const missing = [...links.map((l) => join(dirname(page), l)), ...inCode].filter((p) => !existsSync(join(root, p)));
  expect(missing).toEqual([]);
});

it("they point somewhere at all", () => {
  expect(pages.length).toBeGreaterThan(4);
  expect(read("README.md")).toContain("](docs/tour.md)");
});
