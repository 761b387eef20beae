/** Stands for v8.ts in bundles for browsers, where no switch can be set (package.json, "browser"). */
import type * as node from "./v8.js";

export const tuneV8: typeof node.tuneV8 = () => undefined;
export const compileOptimised: typeof node.compileOptimised = (bytes) => new WebAssembly.Module(bytes);
