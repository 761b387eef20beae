/** Runs compiled programs on cells: addresses in, one call into Wasm, cells out. */
import { fail } from "../diagnostics/error.js";
import { type Aval, printAval } from "../ir/aval.js";
import type { Program } from "../ir/program.js";
import type { NamedSize } from "../ir/size.js";
import { MOST_OWN } from "../lowering/plan/arena.js";
import { SHARE } from "../lowering/shares.js";
import type { ArrayCell } from "../runtime/heap.js";
import {
  type CompiledProgram,
  type CompileOptions,
  compileKept,
  compileProgram,
  explainTrap,
  type ProgramInstance,
} from "./compile.js";
import { Keeper } from "./keep.js";
import { type Scope, Workspace } from "./workspace.js";

export { Workspace };

const NO_SIZES: readonly number[] = [];

/** A compiled program tied to a heap. */
export class Executable {
  readonly #instance: ProgramInstance;
  /** Where copies of operands may be worth keeping. */
  keeper: Keeper | undefined;
  readonly #outputs: readonly { readonly aval: Aval; readonly donatedFrom: number | undefined }[];

  constructor(
    readonly name: string,
    readonly compiled: CompiledProgram,
    readonly workspace: Workspace,
    /** Types of the results, weakness included. */
    outputs: readonly Aval[],
    /** Positions of inputs whose memory the call may take. */
    readonly donated: readonly number[],
  ) {
    const { callbacks, donatedFrom } = compiled;
    this.#instance = compiled.instantiate(workspace.heap.memory, callbacks, undefined, workspace.pool);
    this.#outputs = outputs.map((aval, i) => ({ aval, donatedFrom: donatedFrom[i] ?? undefined }));
  }

  get outputCount(): number {
    return this.#outputs.length;
  }

  /**
   * One call; `values` are those of the program's named sizes. Its operands stay where they are while it runs. When it fails
   * (no memory, a callback that throws) its results are given back, and everything else is as before, except that donated
   * operands are gone if it had started. Callers that have a list for the results from an earlier call give it.
   */
  run(
    inputs: readonly ArrayCell[],
    values: readonly number[] = NO_SIZES,
    results: ArrayCell[] = new Array<ArrayCell>(this.#outputs.length),
  ): ArrayCell[] {
    return this.keeper?.run(inputs, values, results) ?? this.#run(inputs, values, results);
  }
  #run(inputs: readonly ArrayCell[], values: readonly number[], results: ArrayCell[]): ArrayCell[] {
    const { heap, pool } = this.workspace;
    const { member } = this.#instance;
    const outputs = this.#outputs;
    let scope: Scope | undefined;
    let started = false;
    let pinned = 0;
    let made = 0;
    try {
      for (; pinned < inputs.length; pinned++) inputs[pinned].place.pins++;
      heap.prepare();
      for (let i = 0; i < inputs.length; i++) heap.resident(inputs[i]);
      if (this.donated.length > 0 && hasRepetitions(inputs)) checkDonation(inputs, this.donated);
      const sized = this.compiled.sized?.at(values);
      for (; made < outputs.length; made++) {
        const { aval, donatedFrom } = outputs[made];
        // a donated operand's cell stands in for its result until the call is over
        if (donatedFrom !== undefined) results[made] = inputs[donatedFrom];
        else {
          const cell = heap.allocate(sized ? sized.outputs[made] : aval);
          cell.place.pins++;
          results[made] = cell;
        }
      }
      const pointers = inputs.length + outputs.length;
      if (member !== undefined) pool?.enter(member);
      const { arenaBytes, ownBytes } = sized ?? this.compiled;
      // for one, and loops are not shared where a thread would need too much
      const isShared = ownBytes > 0 && ownBytes <= MOST_OWN && member !== undefined;
      const threads = isShared ? (pool?.width ?? 1) : 1;
      scope = this.workspace.enter(
        arenaBytes + (threads - 1) * ownBytes,
        sized ? pointers + sized.words.length : pointers,
      );
      const { words } = scope;
      let at = 0;
      for (let i = 0; i < inputs.length; i++) words[at++] = inputs[i].address;
      for (let i = 0; i < outputs.length; i++) words[at++] = results[i].address;
      if (sized) words.set(sized.words, at);
      started = true;
      // calls of other sizes take other times
      const timed = sized === undefined ? member : undefined;
      if (timed !== undefined) pool?.begin(timed);
      this.#instance.run(scope.table, scope.arena, threads);
      if (timed !== undefined) pool?.leave(timed);
      for (let i = 0; i < outputs.length; i++) {
        const { aval, donatedFrom } = outputs[i];
        if (donatedFrom === undefined) results[i].place.pins--;
        else results[i] = heap.takeOver(inputs[donatedFrom], sized ? sized.outputs[i] : aval);
      }
      for (let i = 0; i < this.donated.length; i++) heap.release(inputs[this.donated[i]], "donated");
      return results;
    } catch (e) {
      if (started && member !== undefined) pool?.recover();
      for (let i = 0; i < made; i++) {
        if (outputs[i].donatedFrom !== undefined) continue;
        results[i].place.pins = 0;
        heap.release(results[i], "disposed");
      }
      if (started) for (const i of this.donated) heap.release(inputs[i], "donated");
      return explainTrap(e, this.name);
    } finally {
      if (scope) this.workspace.leave(scope);
      for (let i = 0; i < pinned; i++) inputs[i].place.pins--;
    }
  }
}

/** Whether a cell is there twice: each was used at a later time than the one before it. */
function hasRepetitions(inputs: readonly ArrayCell[]): boolean {
  for (let i = 1; i < inputs.length; i++) if (inputs[i].place.lastUse <= inputs[i - 1].place.lastUse) return true;
  return false;
}

export function makeExecutable(
  program: Program<"core">,
  workspace: Workspace,
  donate: readonly number[] = [],
  sizes: readonly NamedSize[] = [],
): Executable {
  const options: CompileOptions = { donate, sizes, share: workspace.heap.shared ? SHARE : undefined };
  const compiled = compileProgram(program, options);
  const results = program.outputs.map((o) => o.aval);
  const executable = new Executable(program.name, compiled, workspace, results, donate);
  if (compiled.operands.length > 0) {
    executable.keeper = new Keeper({
      workspace,
      compiled,
      compile: (keep) => compileKept(program, options, keep),
      runOf(part, outputs) {
        const made = new Executable(program.name, part, workspace, outputs ?? results, outputs ? [] : donate);
        return (inputs, values, list) => made.run(inputs, values, list);
      },
    });
  }
  return executable;
}

function checkDonation(inputs: readonly ArrayCell[], donated: readonly number[]): void {
  for (const i of donated) {
    if (inputs.some((c, k) => k !== i && c === inputs[i])) {
      fail("TW1008", `the donated array ${printAval(inputs[i].aval)} is passed twice in one call`, {
        help: "pass a copy, or do not donate it",
      });
    }
  }
}
