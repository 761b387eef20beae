// Builds what is stale: src -> dist, and with --examples also examples -> build/examples.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
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
    "scripts/capture.mjs",
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
  const library = ["--own", join("src", "kernels", "library"), join("dist", "kernels", "library")];
  const captured = spawnSync(
    process.execPath,
    [join(root, "scripts", "capture.mjs"), ...(outDir === "dist" ? library : ["examples", outDir])],
    { cwd: root, stdio: "inherit" },
  );
  if (captured.status !== 0) return captured.status ?? 1;
  if (outDir === "dist") {
    const bundled = spawnSync(process.execPath, [join(root, "scripts", "bundle.mjs")], { cwd: root, stdio: "inherit" });
    if (bundled.status !== 0) return bundled.status ?? 1;
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, now);
  return 0;
}

/** A build takes seconds: who holds the lock for longer hangs, or has only the number of a process that was killed. */
const LONGEST_BUILD = 5 * 60_000;

/** One build at a time: tests that run side by side all ask for one, and would read what another is about to write. */
function alone(task) {
  const lock = join(root, "build", ".lock");
  mkdirSync(dirname(lock), { recursive: true });
  const own = `${process.pid} ${Date.now()}`;
  for (;;) {
    try {
      writeFileSync(lock, own, { flag: "wx" });
      break;
    } catch (e) {
      if (e.code !== "EEXIST") throw e;
      const stale = staleText(lock);
      if (stale !== undefined) takeAway(lock, stale);
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    }
  }
  try {
    return task();
  } finally {
    // another process may have taken it over, if this one was stopped for long
    if (read(lock) === own) rmSync(lock, { force: true });
  }
}

/** What the lock says, when nobody builds under it any more. */
function staleText(lock) {
  const text = read(lock);
  const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  if (text === undefined) return undefined;
  // empty: it is about to be written
  const isStale = text === "" ? age > 10_000 : age > LONGEST_BUILD || !isAlive(Number.parseInt(text, 10));
  return isStale ? text : undefined;
}

/** Two processes may find the same lock stale: what the second one takes away is the lock of the first. */
function takeAway(lock, stale) {
  const aside = `${lock}.${process.pid}`;
  try {
    renameSync(lock, aside);
    if (read(aside) !== stale) linkSync(aside, lock);
  } catch (e) {
    if (e.code !== "ENOENT" && e.code !== "EEXIST") throw e;
  }
  rmSync(aside, { force: true });
}

function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch (e) {
    if (e.code !== "ENOENT") throw e;
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
  } catch (e) {
    return e.code === "EPERM";
  }
  // a process that was killed and that nobody waited for is still listed
  return !/^\d+ \(.*\) [ZX]/s.test(read(`/proc/${pid}/stat`) ?? "");
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
