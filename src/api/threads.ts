/** Threads of this process: how many, and what stands against more. */
import { fail } from "../diagnostics/error.js";
import { formatBytes, type Heap } from "../runtime/heap.js";
import { availableThreads } from "../runtime/threads/available.js";
import { Pool } from "../runtime/threads/pool.js";
import { scarceAddresses } from "../runtime/threads/quota.js";
import { spawner } from "../runtime/threads/spawn.js";
import { environment } from "../util/node.js";
import { config, MAX_THREADS } from "./config.js";

let available: number | undefined;

/** Threads that are wanted now. */
function wantedThreads(): number {
  if (config.threads !== undefined) return config.threads;
  available ??= fromEnvironment() ?? availableThreads();
  return available;
}

function fromEnvironment(): number | undefined {
  const text = environment("TILEWORK_THREADS");
  if (text === undefined || text === "") return undefined;
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1 || n > MAX_THREADS) {
    fail("TW1007", `TILEWORK_THREADS is ${JSON.stringify(text)}`, {
      help: `set it to a whole number from 1 to ${MAX_THREADS}, or not at all`,
    });
  }
  return n;
}

/** Why memory is not shared among threads here, undefined where it may be. */
function obstacle(): string | undefined {
  const { crossOriginIsolated } = globalThis as { crossOriginIsolated?: boolean };
  if (wantedThreads() < 2) return "one is wanted, or there is one CPU";
  if (crossOriginIsolated === false)
    return "the page is not cross-origin isolated (it needs the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp)";
  if (typeof SharedArrayBuffer === "undefined") return "there is no SharedArrayBuffer";
  if (!spawner(undefined)) return "there are no workers";
  const addresses = scarceAddresses();
  if (addresses !== undefined)
    return `workers need more addresses than the process may have, ${formatBytes(addresses)}`;
  return undefined;
}

/** Whether the heap is to be a shared one. */
export function canShare(): boolean {
  return obstacle() === undefined;
}

/** The pool for a heap that is shared. */
export function makePool(heap: Heap): Pool | undefined {
  const spawn = spawner(config.workerUrl);
  if (!heap.shared || !spawn) return undefined;
  return new Pool(heap, { threads: wantedThreads, timeout: () => config.workerTimeout, spawn });
}

/** Why there is one thread, undefined where there are more. */
export function singleThreadReason(pool: Pool | undefined): string | undefined {
  if (pool) return wantedThreads() === 1 ? "one is wanted" : pool.reason;
  return obstacle() ?? "the first array was made for one thread, or there is no room for a shared memory";
}

/** How many threads there are, for people. */
export function threadNote(pool: Pool | undefined): string {
  const why = singleThreadReason(pool);
  return why === undefined ? `threads: ${wantedThreads()}` : `threads: 1 (${why})`;
}
