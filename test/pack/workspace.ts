/** What the tests of the package share: a build that is up to date, commands, and empty folders that go away again. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";

export const root = fileURLToPath(new URL("../../", import.meta.url));

export interface Outcome {
  readonly status: number | null;
  readonly output: string;
}

/** Runs Node (or, with `npm`, npm) and gives what it printed, on both streams. */
export function runNode(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = process.env): Outcome {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, args, { cwd, encoding: "utf8", env });
  return { status, output: `${stdout ?? ""}${stderr ?? ""}${error ? String(error) : ""}`.trim() };
}

/** npm as it is installed beside this Node, without a shell and without the network. */
export function runNpm(args: readonly string[], cwd: string): Outcome {
  // the variables that `npm test` sets would make the inner npm believe that it is in this package
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle|config_local)/.test(name)),
  );
  const { status, stdout, stderr, error } = spawnSync("npm", [...args, "--offline", "--no-audit", "--no-fund"], {
    cwd,
    encoding: "utf8",
    env,
    shell: process.platform === "win32",
  });
  return {
    status,
    output: status === 0 ? stdout.trim() : `${stdout ?? ""}${stderr ?? ""}${error ? String(error) : ""}`,
  };
}

/** src → dist, if it is stale. */
export function buildDist(): void {
  const { status, output } = runNode([join(root, "scripts", "build.mjs")], root);
  if (status !== 0) throw new Error(`the build failed:\n${output}`);
}

/** An empty folder until the end of the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "tilework-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
