/** package.json, the lockfile and the configurations agree with each other and with the sources. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runInNewContext } from "node:vm";
import ts from "typescript";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const manifest = JSON.parse(read("package.json"));

it("every export and command has a source", () => {
  const outputs = Object.values(manifest.exports as Record<string, string | Record<string, string>>).flatMap((e) =>
    typeof e === "string" ? [] : Object.values(e),
  );
  // scripts/bundle.mjs makes dist/node/tilework-optim.js of optim/index.js
  const sources = [...outputs, ...Object.values(manifest.bin as Record<string, string>)].map((p) =>
    p
      .replace(/node\/tilework-(\w+)/, "$1/index")
      .replace("kernels/index", "dsl/kernel/index")
      .replace("node/tilework", "index")
      .replace(/^(\.\/)?dist/, "src")
      .replace(/(\.d\.ts|\.js)$/, ".ts"),
  );
  expect([...new Set(sources)].filter((p) => !existsSync(join(root, p)))).toEqual([]);
});

it("tests and type checks know every export by the same source", () => {
  const entries = Object.keys(manifest.exports)
    .filter((e) => e !== "./package.json")
    .map((e) => e.replace(/^\./, "tilework"));
  const { paths } = ts.parseConfigFileTextToJson("tsconfig.json", read("tsconfig.json")).config.compilerOptions;
  expect(Object.keys(paths).sort()).toEqual(entries.sort());
  const alias = read("vitest.config.ts");
  for (const entry of entries.filter((e) => e !== "tilework")) expect(alias).toContain(entry.replace("tilework/", ""));
});

it("nothing runs on install, and every dependency is in the lockfile without the name of a host", () => {
  for (const hook of ["preinstall", "install", "postinstall", "prepare"])
    expect(manifest.scripts[hook]).toBe(undefined);
  const lock = JSON.parse(read("package-lock.json"));
  const own = lock.packages[""];
  for (const kind of ["dependencies", "devDependencies", "peerDependencies"]) expect(own[kind]).toEqual(manifest[kind]);
  const resolved = Object.values(lock.packages as Record<string, { resolved?: string; link?: boolean }>).filter(
    (p) => p.resolved && !p.link,
  );
  expect(resolved).toEqual([]);
});

it("npm pack builds what it packs", () => {
  expect(manifest.scripts.prepack).toBe(manifest.scripts.build);
});

it("optional peers are exact, and are devDependencies of the repository", () => {
  for (const [name, version] of Object.entries(manifest.peerDependencies as Record<string, string>)) {
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(manifest.peerDependenciesMeta[name]).toEqual({ optional: true });
    expect(manifest.devDependencies[name]).toBe(version);
  }
});

it("the oldest supported Node is the same everywhere", () => {
  expect(manifest.engines.node).toBe(">=20.19");
  expect(read("scripts/check-node.cjs")).toContain("20.19");
});

it("an older Node gets one sentence, from a script that parses on any Node", () => {
  const text = read("scripts/check-node.cjs");
  const code = text.replace(/\/\/.*$/gm, "");
  expect(code).not.toMatch(/\b(let|const|class|import|export|async)\b|=>|`|\?\.|\?\?/);
  const said = (node: string) => {
    const printed: string[] = [];
    const exit: number[] = [];
    const process = { versions: { node }, exit: (status: number) => exit.push(status) };
    runInNewContext(text, { process, console: { error: (line: string) => printed.push(line) } });
    return { printed, exit };
  };
  const refused = { printed: ["Tilework needs Node 20.19 or newer, and this is Node 18.20.8."], exit: [1] };
  expect(said("18.20.8")).toEqual(refused);
  expect(said("20.18.3").exit).toEqual([1]);
  expect(said("0.10.48").exit).toEqual([1]);
  for (const node of ["20.19.0", "22.1.0", "24.0.0-rc.1"]) expect(said(node)).toEqual({ printed: [], exit: [] });
  for (const script of ["start", "test", "test:engines", "test:fuzz", "build", "prepack"]) {
    expect(manifest.scripts[script]).toMatch(/^node scripts\/check-node\.cjs && /);
  }
});
