/** Settings of this process. */
export interface Config {
  /** Check every result for NaN and name the operation that made it (slow). */
  debugNans: boolean;
  /** The most bytes that arrays may take (set before the first array is made). */
  memoryLimit: number | undefined;
  /** Resident bytes above which unused arrays are moved out of Wasm memory (set before the first array is made). */
  spillLimit: number | undefined;
}

export const config: Config = { debugNans: false, memoryLimit: undefined, spillLimit: undefined };

/**
 * Changes settings of this process.
 * @example configure({ debugNans: true });
 */
export function configure(settings: Partial<Config>): void {
  Object.assign(config, settings);
}
