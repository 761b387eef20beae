/** Settings of this process. */
import { fail } from "../diagnostics/error.js";
import { cacheSettings } from "../jit/disk-cache.js";
import { engineSettings } from "../jit/engine.js";
import { checkOptions } from "../tracer/leaf.js";
import { scanSettings } from "../tracer/scan/settings.js";

export const MAX_THREADS = 64;

export interface Config {
  /** In development, is the text of a function read before its first trace, for conditions that cannot be traced (TW1010)? */
  scan: boolean;
  /** Check every result for NaN and name the operation that made it (slow). */
  debugNans: boolean;
  /**
   * The most bytes that Wasm memory may grow to, where arrays lie while compiled code works on them: 4 GB by default. Arrays beyond
   * it that are not in use are kept outside of it, in JavaScript's memory, which this does not limit; what one call needs at once
   * must fit (set before the first array is made).
   */
  memoryLimit: number | undefined;
  /**
   * Resident bytes above which unused arrays are moved out of Wasm memory (set before the first array is made). Without it, Node
   * moves none out before the memory is full: there it is known which arrays are in use.
   */
  spillLimit: number | undefined;
  /**
   * May switches of V8 be set in Node, for wider and fused vector operations? They are set at the first compilation (set this
   * before), if a short trial shows that they are right and faster. Others are set for a moment to have garbage collected. The environment variable TILEWORK_V8=0 says no too.
   */
  v8: boolean;
  /**
   * May modules be kept on disk for later processes (Node)? They lie in TILEWORK_CACHE_DIR, else in tilework in XDG_CACHE_HOME
   * or ~/.cache; the environment variable TILEWORK_CACHE=0 says no too.
   */
  cache: boolean;
  /**
   * Threads that share large kernels, the caller's included. By default what the machine offers and its container allows, 8 at
   * most, or the environment variable TILEWORK_THREADS. A process that begins with 1 stays with 1.
   */
  threads: number | undefined;
  /** Milliseconds after which a worker that does not finish its part of a kernel is given up. */
  workerTimeout: number;
  /** Where browsers load the workers' script from, when a content security policy forbids `blob:` (see `workerScript`). */
  workerUrl: string | undefined;
}

export const config: Config = {
  scan: true,
  debugNans: false,
  memoryLimit: undefined,
  spillLimit: undefined,
  v8: true,
  cache: true,
  threads: undefined,
  workerTimeout: 60_000,
  workerUrl: undefined,
};

/**
 * Changes settings of this process; those that are left out stay.
 * @example configure({ debugNans: true });
 * @example configure({ threads: 4, memoryLimit: 512 * 1024 ** 2 }); // before the first array is made
 */
export function configure(settings: Partial<Config>): void {
  checkOptions("configure", settings, Object.keys(config));
  const { threads } = settings;
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= MAX_THREADS))
    fail("TW1007", `configure: threads is ${String(threads)}`, {
      help: `give a whole number from 1 to ${MAX_THREADS}`,
    });
  Object.assign(config, settings);
  scanSettings.on = config.scan;
  engineSettings.v8 = config.v8;
  cacheSettings.cache = config.cache;
}
