/**
 * What was found out once and is true for later processes: in Node beside the compiled modules (disk-cache.ts), in browsers in the
 * page's storage. Where nothing can be kept, it is found out again.
 */
import { cachePlace, cacheSettings, loadModule, storeModule } from "./disk-cache.js";

interface PageStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** Raised when what is stored changes its form. */
const FORMAT = 1;

/** Node has a storage of this name, too, which is none unless it is asked for. */
function pageStorage(): PageStorage | undefined {
  const { process, window } = globalThis as { process?: { versions?: { node?: string } }; window?: unknown };
  if (process?.versions?.node || window === undefined || !cacheSettings.cache) return undefined;
  try {
    return (globalThis as { localStorage?: PageStorage }).localStorage;
  } catch {
    return undefined; // the page may not
  }
}

/** A short name for a long key; what is stored says the key itself. */
function shortName(key: string): string {
  let [a, b] = [0x811c9dc5, 0x2545f491];
  for (let i = 0; i < key.length; i++) {
    a = Math.imul(a ^ key.charCodeAt(i), 0x01000193);
    b = Math.imul(b ^ key.charCodeAt(i), 0x5bd1e995) + 1;
  }
  return `tilework.${FORMAT}.${(a >>> 0).toString(36)}${(b >>> 0).toString(36)}`;
}

/** The value that was kept for this key; undefined when there is none. */
export function keptFact(key: string): unknown {
  try {
    const place = cachePlace(() => `fact ${FORMAT} ${key}`);
    if (place !== undefined) {
      const stored = loadModule(place);
      return stored && JSON.parse(new TextDecoder().decode(stored.bytes));
    }
    const text = pageStorage()?.getItem(shortName(key));
    if (!text) return undefined;
    const entry = JSON.parse(text) as { key: string; value: unknown };
    return entry.key === key ? entry.value : undefined;
  } catch {
    return undefined; // damaged
  }
}

/** Keeps a value of JSON for later, where that can be. */
export function keepFact(key: string, value: unknown): void {
  const place = cachePlace(() => `fact ${FORMAT} ${key}`);
  if (place !== undefined) {
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    storeModule(place, { ...NO_MODULE, bytes });
    return;
  }
  try {
    pageStorage()?.setItem(shortName(key), JSON.stringify({ key, value }));
  } catch {
    // full
  }
}

/** The head of a file that holds no module. */
const NO_MODULE = { arenaBytes: 0, ownBytes: 0, donatedFrom: [], optimise: false, shared: 0, ms: 0, operands: [] };
