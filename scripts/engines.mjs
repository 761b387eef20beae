// The Node whose V8 joins pairs of vectors (24), which is not the one that CI runs on: where it is, and how it is installed.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./build.mjs";

/** The first Node with 256-bit vectors. */
const FIRST = 24;
const folder = join(root, "scripts", "engines");
const packages = Object.keys(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).optionalDependencies);

/**
 * A Node that has 256-bit vectors: the one that TILEWORK_WIDE_NODE names, this one, the installed one; undefined where there is none.
 * Ends the process where TILEWORK_WIDE_NODE names something else.
 */
export function wideNode() {
  const named = process.env.TILEWORK_WIDE_NODE;
  if (named) {
    const refused = whyNot(named);
    if (refused !== undefined) {
      console.error(`\nTILEWORK_WIDE_NODE is ${named}: ${refused}`);
      process.exit(1);
    }
    return named;
  }
  if (Number(process.versions.node.split(".")[0]) >= FIRST) return process.execPath;
  return packages
    .flatMap((name) => ["node", "node.exe"].map((file) => join(folder, "node_modules", name, "bin", file)))
    .find(existsSync);
}

/** Why this is no Node with 256-bit vectors; undefined where it is one. */
function whyNot(file) {
  const { error, stdout } = spawnSync(file, ["--version"], { encoding: "utf8" });
  if (error) return `there is no such Node (${error.code}).`;
  const version = /^v(\d+)\.\d+\.\d+/.exec(stdout);
  if (!version) return "that is no Node.";
  if (Number(version[1]) < FIRST)
    return `that is Node ${stdout.trim()}; Node ${FIRST} is the first with 256-bit vectors.`;
  return undefined;
}

/** As the lock file has it: the binary alone, no script of a package runs. */
export function installWideNode() {
  console.log("\n— Installing Node 24 in scripts/engines/node_modules (60 MB)");
  spawnSync("npm", ["ci", "--ignore-scripts"], { cwd: folder, stdio: "inherit", shell: process.platform === "win32" });
}

/** Whether the processor has vectors of 256 bits for integers too, which V8 needs: true, false, or undefined for unknown. */
export function hasAvx2() {
  if (process.arch !== "x64") return false;
  if (process.platform === "linux") return /\bavx2\b/.test(readFileSync("/proc/cpuinfo", "utf8"));
  if (process.platform !== "darwin") return undefined;
  return /\bAVX2\b/.test(spawnSync("sysctl", ["-n", "machdep.cpu.leaf7_features"], { encoding: "utf8" }).stdout ?? "");
}
