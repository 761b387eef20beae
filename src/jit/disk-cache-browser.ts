/** Stands for disk-cache.ts in bundles for browsers, where nothing is kept (package.json, "browser"). */
import type * as node from "./disk-cache.js";

export const cacheSettings: typeof node.cacheSettings = { cache: true };
export const cachePlace: typeof node.cachePlace = () => undefined;
export const loadModule: typeof node.loadModule = () => undefined;
export const storeModule: typeof node.storeModule = () => {};
