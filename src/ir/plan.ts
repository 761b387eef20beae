/**
 * Plans: the order of launches, the loops and branches between them, and where every value lives in memory.
 * One plan is one module; on Wasm it becomes the module's driver function, so a scan never returns to JavaScript per step.
 */
import type { Aval } from "./aval.js";
import type { Dim } from "./dim.js";
import type { TileProgram } from "./tile.js";

/** A value's place: a function argument (pointer given by the caller) or a region of the arena. */
export interface Slot {
  readonly kind: "slot";
  readonly id: number;
  readonly bytes: Dim;
  /**
   * own: in the part of the arena that belongs to the thread which runs this iteration; sized: in the arena, at an offset that
   * depends on sizes given at run time; own sized: in the thread's part, at such an offset.
   */
  readonly space: "input" | "output" | "arena" | "own" | "sized" | "own sized";
  /**
   * Position among the inputs or outputs; byte offset in the arena (assigned by memory planning) or in a thread's own part of
   * it; position among the offsets that `PlanProgram.sized` finds.
   */
  offset: number;
  readonly name: string;
}
/** Bytes per iteration of the loop with this id. */
export interface Follow {
  readonly loop: number;
  readonly stride: Dim;
}
/** A slot, or a part of one at a byte offset that may follow loop counters: offset + Σ stride·counter. */
export interface SlotView {
  readonly slot: Slot;
  readonly offset: Dim;
  readonly follow?: readonly Follow[] | undefined;
}

export type PlanStep =
  | { readonly kind: "launch"; readonly kernel: TileProgram; readonly args: readonly SlotView[] }
  | { readonly kind: "copy"; readonly from: SlotView; readonly to: SlotView; readonly bytes: Dim }
  /** counter = 0 … length-1, or down when `reverse`. */
  | {
      readonly kind: "loop";
      readonly loop: number;
      readonly length: Dim;
      readonly reverse: boolean;
      /** No iteration needs what another one makes. */
      readonly independent?: boolean | undefined;
      /**
       * Whole iterations are shared among threads: the fewest that one takes at once. Where named sizes decide, what it is at certain
       * values: 0 where they are not shared.
       */
      readonly shared?: number | LeastAt | undefined;
      readonly body: readonly PlanStep[];
    }
  /** Runs `cond`, goes on while the bool at `test` is true. */
  | {
      readonly kind: "while";
      readonly cond: readonly PlanStep[];
      readonly test: SlotView;
      readonly body: readonly PlanStep[];
    }
  /** Runs cases[clamp(i32 or bool at index)]. */
  | {
      readonly kind: "switch";
      readonly index: SlotView;
      readonly bool: boolean;
      readonly cases: readonly (readonly PlanStep[])[];
    }
  /** Calls host function `callback` with copies of these values. */
  | {
      readonly kind: "callback";
      readonly callback: number;
      readonly args: readonly SlotView[];
      readonly avals: readonly Aval[];
    };

/** The fewest programs or iterations that a thread takes at once, at certain values of the named sizes; 0: one thread does all. */
export type LeastAt = (valueOf: (d: Dim) => number) => number;

export interface SizedArena {
  readonly bytes: number;
  /** Of them those of one thread, as `PlanProgram.ownBytes`. */
  readonly ownBytes: number;
  readonly liveBytes: number;
  /** Of each sized slot. */
  readonly offsets: readonly number[];
}
/** Places blocks whose bytes are sizes, each needed from its start to its end. */
export interface SizedPlacement {
  (valueOf: (d: Dim) => number): SizedArena;
  readonly blocks: readonly { readonly bytes: Dim; readonly start: number; readonly end: number }[];
}
export interface PlanProgram {
  readonly phase: "plan";
  readonly name: string;
  readonly inputs: readonly { readonly slot: Slot; readonly aval: Aval }[];
  /** Output i is written to output slot i, except where it is an input passed on (`aliasOf`: the input's position) or donated. */
  readonly outputs: readonly {
    readonly slot: Slot;
    readonly aval: Aval;
    readonly aliasOf?: number | undefined;
    readonly donatedFrom?: number | undefined;
  }[];
  readonly steps: readonly PlanStep[];
  /** At the sizes' hints where there are named ones. */
  readonly arenaBytes: number;
  /** Of the arena's bytes, those at its end that belong to one thread: each further thread needs as many more behind them. */
  readonly ownBytes: number;
  /** Greatest sum of bytes alive at one time: the lower bound for the arena. */
  readonly liveBytes: number;
  /** Of a plan with named sizes: the arena at certain values of them. */
  readonly sized: SizedPlacement | null;
  readonly callbacks: readonly ((...args: readonly unknown[]) => void)[];
  readonly notes: readonly string[];
}

declare module "./program.js" {
  interface Phases {
    plan: PlanProgram;
  }
}
