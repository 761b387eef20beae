/**
 * Copies of operands that are kept from call to call. A contraction reads a large operand from a copy in the order of its tiles,
 * and for few rows, making that copy takes as long as the products. So a program that is called again and again with the same
 * weights and other data is compiled a second time, in two parts: one makes the copies, the other takes them as inputs.
 *
 * When: once the time that went into copying what stayed the same is a multiple of what compiling takes. Calls in which nothing
 * differs count nothing: their result is known. Arrays never change, so a cell's number says whether a copy is still right.
 * Copies are cells of the heap: they go with the arrays that they were made of, and first of all when memory is scarce.
 */
import { isTileworkError } from "../diagnostics/error.js";
import { type Aval, sizeOf } from "../ir/aval.js";
import { byteSize } from "../ir/dtype.js";
import type { ArrayCell } from "../runtime/heap.js";
import type { CompiledProgram, KeptProgram } from "./compile.js";
import type { Workspace } from "./workspace.js";

/** Nanoseconds to copy an element, about. */
const COPY = 0.5;
/** Tests set both lower. */
export const KEEP = {
  /** Copying must have taken so many times as long as compiling. */
  worth: 4,
  /** Calls that an operand must have been the same for. */
  steady: 8,
};
/** Most bytes of copies for one program. */
const MOST_BYTES = 64 * 2 ** 20;
/** A call with other operands counts as much as so many with the same, of which so many are remembered. */
const MISS = 8;
const MOST_CREDIT = 4 * MISS;

type Run = (inputs: readonly ArrayCell[], values: readonly number[], results?: ArrayCell[]) => ArrayCell[];
export interface KeepOptions {
  readonly workspace: Workspace;
  readonly compiled: CompiledProgram;
  /** The program in two parts, with these inputs the same. */
  readonly compile: (keep: readonly number[]) => KeptProgram | undefined;
  /** How a compiled program with results of these types is run. */
  readonly runOf: (compiled: CompiledProgram, outputs: readonly Aval[] | null) => Run;
}
interface Kept {
  readonly positions: readonly number[];
  readonly prepare: Run;
  readonly main: Run;
  copies: ArrayCell[];
  /** Of the cells that the copies were made of. */
  ids: readonly number[];
  credit: number;
}

export class Keeper {
  /** The number of each input's cell in the last call. */
  readonly #last: number[] = [];
  /** For how many calls each operand has been the same. */
  readonly #steady: number[];
  #saved = 0;
  #worth: number;
  #kept: Kept | undefined;

  constructor(readonly options: KeepOptions) {
    this.#steady = options.compiled.operands.map(() => 0);
    this.#worth = KEEP.worth * options.compiled.ms * 1e6;
  }

  /** The positions of inputs of which copies are kept at present. */
  get positions(): readonly number[] {
    return this.#kept?.positions ?? [];
  }

  /** Runs the program with copies that are kept; undefined when it is to be run as it is. */
  run(inputs: readonly ArrayCell[], values: readonly number[], results: ArrayCell[]): ArrayCell[] | undefined {
    if (this.#kept === undefined) {
      if (this.#worth === Number.POSITIVE_INFINITY || !this.#watch(inputs)) return undefined;
      this.#begin();
    }
    const kept = this.#kept;
    if (kept === undefined) return undefined;
    try {
      return this.#fresh(kept, inputs) ? kept.main([...inputs, ...kept.copies], values, results) : undefined;
    } catch (e) {
      // no room for the copies beside what the program needs: it has not begun
      if (!isTileworkError(e) || e.code !== "TW4001") throw e;
      this.#end(Number.POSITIVE_INFINITY);
      return undefined;
    }
  }

  /** Notes what stayed the same; true when copies of it are worth keeping. */
  #watch(inputs: readonly ArrayCell[]): boolean {
    const { operands } = this.options.compiled;
    let same = 0;
    for (let k = 0; k < operands.length; k++) {
      const [at, elements] = operands[k];
      if (inputs[at].id === this.#last[at]) {
        this.#steady[k]++;
        same += elements;
      } else this.#steady[k] = 0;
    }
    let differs = false;
    for (let i = 0; i < inputs.length; i++) {
      const { id } = inputs[i];
      if (id === this.#last[i]) continue;
      this.#last[i] = id;
      differs = true;
    }
    if (same === 0 || !differs) return false;
    this.#saved += same * COPY;
    return this.#saved > this.#worth;
  }

  #begin(): void {
    const { compiled, compile, runOf } = this.options;
    const positions = compiled.operands.flatMap(([at], k) => (this.#steady[k] >= KEEP.steady ? [at] : []));
    if (positions.length === 0) return;
    const program = compile(positions);
    const copies = program?.prepare.plan.outputs.map((o) => o.aval) ?? [];
    if (!program || copies.reduce((n, a) => n + sizeOf(a) * byteSize(a.dtype), 0) > MOST_BYTES) {
      this.#worth = Number.POSITIVE_INFINITY;
      return;
    }
    this.#kept = {
      positions,
      prepare: runOf(program.prepare, copies),
      main: runOf(program.main, null),
      copies: [],
      ids: [],
      credit: MOST_CREDIT,
    };
  }

  /** Whether the copies are those of these inputs, which they are made of if need be; false when that is needed too often. */
  #fresh(kept: Kept, inputs: readonly ArrayCell[]): boolean {
    const { positions, copies } = kept;
    let same = copies.length > 0;
    for (let i = 0; same && i < positions.length; i++) same = inputs[positions[i]].id === kept.ids[i];
    for (let i = 0; same && i < copies.length; i++) same = copies[i].state === "live";
    if (same) {
      if (kept.credit < MOST_CREDIT) kept.credit++;
      return true;
    }
    if (kept.copies.length > 0) kept.credit -= MISS;
    this.#drop(kept);
    if (kept.credit < 0) {
      this.#end(4 * this.#worth);
      return false;
    }
    const sources = positions.map((i) => inputs[i]);
    kept.copies = kept.prepare(sources, []);
    kept.ids = sources.map((c) => c.id);
    for (const c of kept.copies) this.options.workspace.heap.keepCopy(c, sources);
    return true;
  }

  #drop(kept: Kept): void {
    for (const c of kept.copies) c.dispose();
    kept.copies = [];
  }
  #end(worth: number): void {
    if (this.#kept) this.#drop(this.#kept);
    this.#kept = undefined;
    this.#saved = 0;
    this.#worth = worth;
  }
}
