/** What the container of a process in Node allows. Bundles for browsers have quota-browser.ts instead. */
import { environment, nodeModule } from "../../util/node.js";

/** CPUs that the control group of this process may use at a time (Linux); undefined where nothing limits it. */
export function cpuQuota(): number | undefined {
  const read = readText();
  return read && quotaOf(read);
}

/** Reads a file of Linux's, undefined where there is none. */
function readText(): ((path: string) => string | undefined) | undefined {
  const fs = nodeModule<{ readFileSync: (path: string, encoding: "utf8") => string }>("node:fs");
  if (!fs || environment("OS") === "Windows_NT") return undefined;
  return (path) => {
    try {
      return fs.readFileSync(path, "utf8").trim();
    } catch {
      return undefined;
    }
  };
}

/** The least of the quotas of the process's control groups and those around them, versions 2 and 1. @internal */
function quotaOf(read: (path: string) => string | undefined): number | undefined {
  const ratios: number[] = [];
  const add = (quota: number, period: number): void => {
    if (quota > 0 && period > 0) ratios.push(quota / period);
  };
  for (const line of (read("/proc/self/cgroup") ?? "").split("\n")) {
    const [, controllers = "", path = ""] = line.split(/^\d+:([^:]*):/);
    const isV2 = controllers === "" && line.startsWith("0:");
    if (!isV2 && !controllers.split(",").includes("cpu")) continue;
    for (const folder of withParents(path)) {
      if (isV2) {
        const [quota, period] = (read(`/sys/fs/cgroup${folder}/cpu.max`) ?? "").split(" ").map(Number);
        add(quota, period);
      } else {
        for (const mount of ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"])
          add(
            Number(read(`${mount}${folder}/cpu.cfs_quota_us`) ?? -1),
            Number(read(`${mount}${folder}/cpu.cfs_period_us`) ?? -1),
          );
      }
    }
  }
  return ratios.length > 0 ? Math.min(...ratios) : undefined;
}

/** "/a/b" → "/a/b", "/a", "". */
function withParents(path: string): string[] {
  const parts = path.split("/").filter((p) => p !== "");
  return parts.map((_, i) => `/${parts.slice(0, parts.length - i).join("/")}`).concat("");
}

/**
 * Bytes of addresses below which no workers are started: the engine ends the process when it finds no room for a new
 * worker's code, and a shared memory takes its largest size at once.
 */
const LEAST_ADDRESSES = 16 * 1024 ** 3;

/** The limit of this process's address space (Linux: `ulimit -v`) where it is too small for workers. */
export function scarceAddresses(): number | undefined {
  const [, soft] = /^Max address space\s+(\d+)\s/m.exec(readText()?.("/proc/self/limits") ?? "") ?? [];
  return soft !== undefined && Number(soft) < LEAST_ADDRESSES ? Number(soft) : undefined;
}
