/** How many threads this process may use, and why no more. */
import { nodeModule } from "../../util/node.js";
import { cpuQuota } from "./quota.js";

/** More threads than this are used only when they are asked for: kernels of ordinary sizes don't fill them. */
const MOST = 8;

/** Threads by default: what the machine offers and the container allows. */
export function availableThreads(): number {
  const os = nodeModule<{ availableParallelism?: () => number; cpus: () => readonly unknown[] }>("node:os");
  const { navigator } = globalThis as { navigator?: { readonly hardwareConcurrency?: number } };
  const cores = os ? (os.availableParallelism?.() ?? os.cpus().length) : (navigator?.hardwareConcurrency ?? 1);
  return Math.max(1, Math.min(MOST, cores, Math.floor(cpuQuota() ?? cores)));
}
