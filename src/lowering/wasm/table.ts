/** What the pointer table holds after the pointers: numbers that depend on sizes given at run time, each once. */
import { internal } from "../../diagnostics/error.js";
import type { Dim, SymDim } from "../../ir/dim.js";
import type { SizedArena } from "../../ir/plan.js";
import type { Program } from "../../ir/program.js";
import type { LeastAt } from "../shares.js";

/** A size, the number of a sized slot, or what a stage's sharing is. */
type Word = SymDim | number | LeastAt;

export class TableWords {
  readonly #positions = new Map<string, number>();
  readonly #words: Word[] = [];
  constructor(readonly plan: Program<"plan">) {}

  get count(): number {
    return this.#words.length;
  }
  /** In their order: sizes, and numbers of sized slots for their offsets. */
  get list(): readonly Word[] {
    return this.#words;
  }
  #position(key: string, word: Word): number {
    let at = this.#positions.get(key);
    if (at === undefined) {
      at = this.#words.length;
      this.#positions.set(key, at);
      this.#words.push(word);
    }
    return this.plan.inputs.length + this.plan.outputs.length + at;
  }
  /** The table's entry for a size. */
  size(d: SymDim): number {
    return this.#position(d.toString(), d);
  }
  /** The table's entry for the offset of a sized slot. */
  offset(slot: number): number {
    return this.#position(`@${slot}`, slot);
  }
  /** The table's entry for what a stage's sharing is at the sizes. */
  least(stage: string, at: LeastAt): number {
    return this.#position(`#${stage}`, at);
  }
  /** The words at these values, and the size of the arena. */
  solve(valueOf: (d: Dim) => number): { readonly words: Uint32Array; readonly arenaBytes: number } {
    const arena: SizedArena | undefined = this.plan.sized?.(valueOf);
    const words = Uint32Array.from(this.#words, (w) => {
      if (typeof w === "number") return arena?.offsets[w] ?? internal("an offset of another plan");
      return typeof w === "function" ? w(valueOf) : valueOf(w);
    });
    return { words, arenaBytes: arena?.bytes ?? this.plan.arenaBytes };
  }
}
