/** What autotune takes and tells. */

/** Constants of a kernel by name. */
export type KernelConfig = Readonly<Record<string, unknown>>;

// biome-ignore lint/suspicious/noExplicitAny: the arguments of the kernel
type Arguments = any[];

/** How far measuring has come. */
export interface TuneProgress {
  readonly name: string;
  /** Configurations that have run, or failed to. */
  readonly done: number;
  readonly total: number;
}

export interface AutotuneOptions {
  /** The constants to choose from: `[{ BLOCK: 64 }, { BLOCK: 128 }]`. */
  readonly configs: readonly KernelConfig[];
  /** For what a choice is made and kept, by default the shapes and dtypes of the arguments and the other constants. */
  readonly key?: (...args: Arguments) => readonly unknown[];
  /** Leaves out configurations that need no measuring: `prune(configs, args, meta)`. */
  readonly prune?: (configs: readonly KernelConfig[], args: Arguments, meta: KernelConfig) => readonly KernelConfig[];
  /** Milliseconds of measuring for all configurations together; by default 60 for each, at most 2000. */
  readonly budget?: number;
  /** Milliseconds that each configuration runs before it is measured (10). */
  readonly warmup?: number;
  /** Shows a bar (by default on a terminal, when it takes longer than half a second), or is told how far it is. */
  readonly progress?: boolean | ((progress: TuneProgress) => void);
}

export interface TuningRow {
  readonly config: KernelConfig;
  /** Milliseconds of one run; absent when it does not work. */
  readonly ms?: number;
  readonly error?: string;
  readonly chosen: boolean;
}

/** What was found for one key. */
export interface Tuning {
  readonly rows: readonly TuningRow[];
  /** It was measured by an earlier process. */
  readonly kept: boolean;
}
