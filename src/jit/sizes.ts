/**
 * Programs over named sizes: compiled once, run at any sizes that are at least what was promised.
 *
 * `makeExecutable(program, workspace, donate, sizes)` compiles a core program whose avals hold dims over the names in
 * `sizes`; it throws `NeedsStaticSize` when something in the program cannot be compiled so. Trace and transform such a
 * program inside of `withSizes(sizes, …)`, so that dims are simplified with what is known of their names.
 * `Executable.run(inputs, values)` takes one number for each name, in the order of `sizes`.
 */
import { internal } from "../diagnostics/error.js";
import type { Aval } from "../ir/aval.js";
import type { Dim } from "../ir/dim.js";
import { type NamedSize, valueOf } from "../ir/size.js";
import { LruMap } from "../util/index.js";

export { type NamedSize, NeedsStaticSize, withSizes } from "../ir/size.js";

/** What a run at certain sizes needs beside its operands. */
export interface SizedRun {
  /** Numbers that follow the pointers in the table: derived sizes, and offsets in the arena. */
  readonly words: Uint32Array;
  readonly arenaBytes: number;
  /** What each further thread needs beside. */
  readonly ownBytes: number;
  readonly outputs: readonly Aval[];
  readonly valueOf: (d: Dim) => number;
}

/** Size tuples whose numbers are kept. */
const KEPT = 64;

/** Finds the numbers of a tuple of sizes, made once for each of the last tuples. */
export class SizedRuns {
  readonly #runs = new LruMap<string, SizedRun>(KEPT);
  #last: { readonly values: readonly number[]; readonly run: SizedRun } | undefined;
  constructor(
    readonly sizes: readonly NamedSize[],
    readonly outputs: readonly Aval[],
    readonly solve: (valueOf: (d: Dim) => number) => Pick<SizedRun, "words" | "arenaBytes" | "ownBytes">,
  ) {}

  at(values: readonly number[]): SizedRun {
    const last = this.#last;
    if (last !== undefined && last.values.every((v, i) => v === values[i])) return last.run;
    const key = values.join();
    let run = this.#runs.get(key);
    if (!run) {
      this.sizes.forEach((s, i) => {
        if (!(values[i] >= s.atLeast)) internal(`${s.name} = ${values[i]}, compiled for ${s.atLeast} or more`);
      });
      const names = new Map(this.sizes.map((s, i) => [s.name, values[i]]));
      const number = (d: Dim): number => valueOf(d, names);
      const outputs = this.outputs.map((a) => ({ ...a, shape: a.shape.map(number) }));
      run = { ...this.solve(number), outputs, valueOf: number };
      this.#runs.set(key, run);
    }
    this.#last = { values: [...values], run };
    return run;
  }
}
