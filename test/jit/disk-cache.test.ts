/** Modules that earlier processes left on disk, as processes of the built package see them. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { buildDist, root, runNode, temporaryFolder } from "../pack/workspace.js";

const folder = temporaryFolder();

interface Found {
  readonly passes: readonly string[];
  readonly bits: string;
  readonly plan: number;
}
const scriptOf = (entry: string): string => `
  import { configure, explain, grad, jit, nn, numpy as np, array } from ${JSON.stringify(entry)};
  if (process.argv[2] === "no cache") configure({ cache: false });
  const wave = (n) => array(Float32Array.from({ length: n }, (_, i) => Math.sin(i * i)));
  const layers = Array.from({ length: 6 }, () => np.reshape(wave(256), [16, 16]));
  const loss = (ws, x) => np.mean(np.square(ws.reduce((h, w, i) => (i % 2 ? nn.gelu(np.dot(h, w)) : nn.softmax(np.dot(h, w))), x)));
  const step = jit((ws, x) => ws.map((w, i) => w.sub(grad(loss)(ws, x)[i].mul(0.1))), { donate: 0 });
  const copies = () => layers.map((w) => w.add(0));
  const x = np.reshape(wave(128), [8, 16]);
  const e = explain(step)(copies(), x);
  const result = step(copies(), x);
  const bits = Buffer.concat(result.map((w) => Buffer.from(w.dataSync().slice().buffer))).toString("base64");
  console.log(JSON.stringify({ passes: e.passes.map((p) => p.name), bits, plan: e.stages.plan().length }));`;

function run(
  directory: string,
  env: NodeJS.ProcessEnv = {},
  args: readonly string[] = [],
  entry = join(root, "dist", "node", "tilework.js"),
): Found {
  const file = join(folder, "step.mjs");
  writeFileSync(file, scriptOf(entry));
  const settings = { ...process.env, TILEWORK_CACHE: "", TILEWORK_CACHE_DIR: directory, ...env };
  const { status, output } = runNode([file, ...args], folder, settings);
  expect(status, output).toBe(0);
  return JSON.parse(output) as Found;
}
const modules = (directory: string) => readdirSync(directory).filter((name) => name.endsWith(".module"));
/** What a process lowers itself. */
const LOWERED = ["plan", "loop", "emit"];

beforeAll(buildDist);

describe("modules on disk", () => {
  const directory = join(folder, "cache");
  let first: Found;

  it("a second process reads what the first has lowered, and gives the same bits", () => {
    first = run(directory);
    expect(first.passes).toEqual(expect.arrayContaining(LOWERED));
    expect(modules(directory)).toHaveLength(1);
    const second = run(directory);
    expect(second.passes).toContain("read");
    for (const pass of LOWERED) expect(second.passes).not.toContain(pass);
    expect(second.bits).toBe(first.bits);
    // explain lowers again
    expect(second.plan).toBe(first.plan);
    expect(readdirSync(directory)).toEqual(modules(directory));
  });

  it("another machine's or another use's modules are not taken", () => {
    expect(run(directory, { TILEWORK_THREADS: "1", TILEWORK_V8: "0" }).passes).toEqual(expect.arrayContaining(LOWERED));
  });

  it("a damaged file is made anew", () => {
    for (const name of modules(directory)) {
      const bytes = readFileSync(join(directory, name));
      bytes[bytes.length - 9] ^= 1;
      writeFileSync(join(directory, name), bytes);
    }
    const again = run(directory);
    expect(again.passes).toEqual(expect.arrayContaining(LOWERED));
    expect(again.bits).toBe(first.bits);
    expect(run(directory).passes).not.toContain("plan");
  });

  it("another program's file under this one's name is not taken", () => {
    const [a, b] = modules(directory).map((name) => join(directory, name));
    const [inA, inB] = [readFileSync(a), readFileSync(b)];
    writeFileSync(a, inB);
    writeFileSync(b, inA);
    const again = run(directory);
    expect(again.passes).toEqual(expect.arrayContaining(LOWERED));
    expect(again.bits).toBe(first.bits);
  });

  it("is left out on request, and where the disk refuses", () => {
    const other = join(folder, "none");
    expect(run(other, { TILEWORK_CACHE: "0" }).bits).toBe(first.bits);
    expect(run(other, {}, ["no cache"]).bits).toBe(first.bits);
    expect(existsSync(other)).toBe(false);
    writeFileSync(join(folder, "file"), "");
    expect(run(join(folder, "file", "below")).bits).toBe(first.bits);
    // where Node 20 would try to make folders without end
    if (process.platform === "linux") expect(run("/proc/nope/cache").bits).toBe(first.bits);
  });

  it("another build's modules are not taken, though this one file of it may be the same", () => {
    const copy = join(folder, "package");
    for (const part of ["package.json", "dist"]) {
      cpSync(join(root, part), join(copy, part), { recursive: true, preserveTimestamps: true });
    }
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    const own = join(folder, "own");
    const build = (stamp: string): readonly string[] => {
      writeFileSync(join(copy, "dist", ".stamp"), stamp);
      return run(own, {}, [], join(copy, "dist", "index.js")).passes;
    };
    expect(build("one")).toEqual(expect.arrayContaining(LOWERED));
    expect(build("one")).not.toContain("plan");
    expect(build("two")).toEqual(expect.arrayContaining(LOWERED));
  });

  it("stays bounded: what was not used for longest goes", () => {
    const full = join(folder, "full");
    mkdirSync(full);
    const old = join(full, `${"0".repeat(64)}.module`);
    const theirs = join(full, "notes.module");
    for (const file of [old, theirs]) {
      writeFileSync(file, "");
      truncateSync(file, 80 * 1024 ** 2);
      utimesSync(file, new Date(0), new Date(0));
    }
    run(full);
    expect(existsSync(old)).toBe(false);
    // what somebody else keeps in the folder is not ours to count or to remove
    expect(existsSync(theirs)).toBe(true);
    expect(modules(full)).toHaveLength(2);
  });
});
