// Builds what is stale: src -> dist, and with --examples also examples -> build/examples.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const tsc = join(root, "node_modules", "typescript", "bin", "tsc");

/** Every file under a folder of the repository, sorted; none if there is no such folder. */
function filesUnder(folder) {
  const path = join(root, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? filesUnder(join(folder, entry.name)) : [join(folder, entry.name)]))
    .sort();
}

/** A fingerprint of the inputs by name, size and time: much cheaper than asking tsc, which has to load itself first. */
function fingerprint(folders, configs) {
  const hash = createHash("sha256");
  for (const file of [
    ...folders.flatMap(filesUnder),
    ...configs,
    "tsconfig.base.json",
    "package.json",
    "scripts/bundle.mjs",
  ]) {
    const { size, mtimeMs } = statSync(join(root, file));
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest("hex");
}

function buildOne({ config, folders, outDir }) {
  const stamp = join(root, outDir, ".stamp");
  const fresh = () => existsSync(stamp) && readFileSync(stamp, "utf8") === fingerprint(folders, [config]);
  if (fresh()) return 0;
  // someone else may just have built it, while this process waited
  return alone(() => (fresh() ? 0 : compile(stamp, { config, folders, outDir })));
}

function compile(stamp, { config, folders, outDir }) {
  if (!existsSync(tsc)) {
    console.error("TypeScript is not installed: run npm ci first.");
    return 1;
  }
  const now = fingerprint(folders, [config]);
  const { status } = spawnSync(process.execPath, [tsc, "-p", config], { cwd: root, stdio: "inherit" });
  if (status !== 0) {
    rmSync(stamp, { force: true });
    return status ?? 1;
  }
  removeOrphans(folders[folders.length - 1], outDir);
  if (outDir === "dist") {
    const bundled = spawnSync(process.execPath, [join(root, "scripts", "bundle.mjs")], { cwd: root, stdio: "inherit" });
    if (bundled.status !== 0) return bundled.status ?? 1;
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, now);
  return 0;
}

/** One build at a time: tests that run side by side all ask for one, and would read what another is about to write. */
function alone(task) {
  const lock = join(root, "build", ".lock");
  mkdirSync(dirname(lock), { recursive: true });
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      break;
    } catch (e) {
      if (e.code !== "EEXIST") throw e;
      if (!isAlive(lock)) rmSync(lock, { force: true });
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
  }
  try {
    return task();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Whether the process that holds the lock is still there. */
function isAlive(lock) {
  try {
    const pid = readFileSync(lock, "utf8");
    // empty: it is about to be written
    if (pid !== "") process.kill(Number(pid), 0);
    return true;
  } catch (e) {
    return e.code === "EPERM" || e.code === "ENOENT";
  }
}

/** tsc never deletes; an output whose source is gone would still be shipped. */
function removeOrphans(sourceDir, outDir) {
  for (const file of filesUnder(outDir)) {
    const source = file.replace(outDir, sourceDir).replace(/(\.d\.ts|\.js\.map|\.js)$/, ".ts");
    const bundled = file.startsWith(join(outDir, "node"));
    if (source.endsWith(".ts") && !bundled && !existsSync(join(root, source))) rmSync(join(root, file));
  }
}

export function build({ examples = false } = {}) {
  const status = buildOne({ config: "tsconfig.build.json", folders: ["src"], outDir: "dist" });
  if (status !== 0 || !examples || filesUnder("examples").length === 0) return status;
  return buildOne({
    config: "tsconfig.examples.json",
    folders: ["src", "examples"],
    outDir: join("build", "examples"),
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = build({ examples: process.argv.includes("--examples") });
}
