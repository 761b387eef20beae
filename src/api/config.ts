import { engineSettings } from "../jit/engine.js";

/** Settings of this process. */
export interface Config {
  /** Check every result for NaN and name the operation that made it (slow). */
  debugNans: boolean;
  /** The most bytes that arrays may take (set before the first array is made). */
  memoryLimit: number | undefined;
  /** Resident bytes above which unused arrays are moved out of Wasm memory (set before the first array is made). */
  spillLimit: number | undefined;
  /**
   * May switches of V8 be set in Node, for wider and fused vector operations? They are set at the first compilation (set this
   * before), if a short trial shows that they are right and faster. The environment variable TILEWORK_V8=0 says no too.
   */
  v8: boolean;
}

export const config: Config = { debugNans: false, memoryLimit: undefined, spillLimit: undefined, v8: true };

/**
 * Changes settings of this process.
 * @example configure({ debugNans: true });
 */
export function configure(settings: Partial<Config>): void {
  Object.assign(config, settings);
  engineSettings.v8 = config.v8;
}
