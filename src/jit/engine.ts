/** The engine that runs what we compile: what it can do, with those optional parts switched on that prove themselves. */
import type { Target } from "../lowering/target.js";
import { wasmFeatures, wasmTarget } from "../lowering/wasm/features.js";
import { tuneV8 } from "./v8.js";

/** Settings, read at the first compilation. */
export const engineSettings: {
  /** Whether switches of V8 may be set. */
  v8: boolean;
} = { v8: true };

let target: Target | undefined;

/** The target for this engine; the first call decides what is switched on. */
export function engineTarget(): Target {
  target ??= wasmTarget((engineSettings.v8 && tuneV8()) || wasmFeatures());
  return target;
}
