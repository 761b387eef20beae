/** What the pointer table holds after the pointers: numbers that depend on sizes given at run time, each once. */
import { internal } from "../../diagnostics/error.js";
import type { Dim, SymDim } from "../../ir/dim.js";
import type { LeastAt, SizedArena } from "../../ir/plan.js";
import type { Program } from "../../ir/program.js";

/** A size, the number of a sized slot, what the sharing of a stage or loop is, or something of the arena. */
type Word = SymDim | number | LeastAt | OwnPart;
/** Where the first thread's own part of the arena begins, and how large such a part is. */
type OwnPart = "own start" | "own bytes";

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
  /** The table's entry for what the sharing of a stage or loop is at the sizes. */
  least(name: string, at: LeastAt): number {
    return this.#position(`#${name}`, at);
  }
  own(part: OwnPart): number {
    return this.#position(part, part);
  }
  /** The words at these values, and the size of the arena. */
  solve(valueOf: (d: Dim) => number): {
    readonly words: Uint32Array;
    readonly arenaBytes: number;
    readonly ownBytes: number;
  } {
    const arena: SizedArena | undefined = this.plan.sized?.(valueOf);
    const arenaBytes = arena?.bytes ?? this.plan.arenaBytes;
    const ownBytes = arena?.ownBytes ?? this.plan.ownBytes;
    const words = Uint32Array.from(this.#words, (w) => {
      if (typeof w === "number") return arena?.offsets[w] ?? internal("an offset of another plan");
      if (w === "own start") return arenaBytes - ownBytes;
      if (w === "own bytes") return ownBytes;
      return typeof w === "function" ? w(valueOf) : valueOf(w);
    });
    return { words, arenaBytes, ownBytes };
  }
}
