/**
 * One CPU, 512 MB and a home that cannot be written, by control groups of the operating system. Where this process may not make any
 * (it takes root on Linux), the CPU is limited by affinity and the memory not at all, which the title of the test says.
 */
import { spawnSync } from "node:child_process";
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildDist, root } from "../pack/workspace.js";

const LIMIT = 512 * 1024 ** 2;

/** Files to be written to limit a group, by the folder in which it is made. */
type Limits = Readonly<Record<string, Readonly<Record<string, string>>>>;
const V2: Limits = { "": { "cpu.max": "100000 100000", "memory.max": String(LIMIT), "memory.swap.max": "0" } };
const V1: Limits = {
  cpu: { "cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": "100000" },
  memory: { "memory.limit_in_bytes": String(LIMIT) },
};

/** Groups with these limits; undefined where they cannot be made. */
function makeGroups(): string[] | undefined {
  for (const limits of [V2, V1]) {
    const made: string[] = [];
    try {
      for (const [controller, files] of Object.entries(limits)) {
        const top = join("/sys/fs/cgroup", controller);
        if (limits === V2) accessSync(join(top, "cgroup.controllers"));
        const folder = join(top, `tilework-test-${process.pid}`);
        mkdirSync(folder);
        made.push(folder);
        for (const [name, value] of Object.entries(files)) {
          // not every kernel counts swap
          if (name === "memory.swap.max" && !existsSync(join(folder, name))) continue;
          accessSync(join(folder, name), constants.W_OK);
          writeFileSync(join(folder, name), value);
        }
      }
      return made;
    } catch {
      for (const folder of made) rmdirSync(folder);
    }
  }
  return undefined;
}

const groups = process.platform === "linux" ? makeGroups() : undefined;
const home = mkdtempSync(join(tmpdir(), "tilework-home-"));

beforeAll(() => {
  buildDist();
  chmodSync(home, 0o555);
});
afterAll(() => {
  for (const folder of groups ?? []) rmdirSync(folder);
  chmodSync(home, 0o755);
  rmSync(home, { recursive: true });
});

it(`everything works with one CPU, a home that is read-only${groups ? " and 512 MB" : ", and any memory (no control groups here)"}`, () => {
  const join1 = (groups ?? []).map((g) => `echo $$ > ${join(g, "cgroup.procs")} &&`).join(" ");
  const program = fileURLToPath(new URL("./limits/program.mjs", import.meta.url));
  const entry = pathToFileURL(join(root, "dist", "node", "tilework.js")).href;
  // root may write anywhere: its cache lies in a device that is no folder
  const isRoot = process.getuid?.() === 0;
  const affinity = groups || process.platform !== "linux" ? "" : "taskset -c 0 ";
  const { stdout, stderr, status, signal } = spawnSync(
    "sh",
    ["-c", `${join1} exec ${affinity}"${process.execPath}" "${program}" "${entry}"`],
    {
      encoding: "utf8",
      env: {
        PATH: process.env.PATH,
        HOME: home,
        XDG_CACHE_HOME: isRoot ? "/dev/null" : join(home, "cache"),
      },
    },
  );
  expect([status, signal, stderr]).toEqual([0, null, ""]);
  const seen = JSON.parse(stdout);
  expect(seen.after).toBeLessThan(0.5 * seen.before);
  expect([seen.product, seen.kept]).toEqual([2 ** 30, 2 ** 20]);
  if (process.platform === "linux") expect(seen.threads).toBe(1);
  if (groups) expect(seen.rss).toBeLessThan(LIMIT);
}, 120_000);
