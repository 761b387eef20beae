/** Runs compiled programs on cells: addresses in, one call into Wasm, cells out. */
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import type { Program } from "../ir/program.js";
import type { ArrayCell, Heap } from "../runtime/heap.js";
import { type CompiledProgram, compileProgram } from "./compile.js";

/** A compiled program tied to a heap. */
export interface Executable {
  readonly compiled: CompiledProgram;
  /** `donated`: positions of inputs whose memory the call may take. */
  run(inputs: readonly ArrayCell[]): ArrayCell[];
}

/** Working memory that calls share: an arena as large as the largest program needs, and the pointer table. */
export class Workspace {
  #arena = 0;
  #arenaBytes = 0;
  #table = 0;
  #tableEntries = 0;
  #depth = 0;
  constructor(readonly heap: Heap) {}

  /** Gives `use` an arena and a table; a call from inside a callback gets ones of its own. */
  with<R>(arenaBytes: number, entries: number, use: (arena: number, table: number) => R): R {
    if (this.#depth > 0) {
      const arena = arenaBytes > 0 ? this.heap.allocateBytes(arenaBytes) : 0;
      const table = this.heap.allocateBytes(entries * 4);
      try {
        return use(arena, table);
      } finally {
        if (arena) this.heap.free(arena);
        this.heap.free(table);
      }
    }
    if (arenaBytes > this.#arenaBytes) {
      if (this.#arena) this.heap.free(this.#arena);
      this.#arena = 0;
      this.#arenaBytes = 0;
      this.#arena = this.heap.allocateBytes(arenaBytes);
      this.#arenaBytes = arenaBytes;
    }
    if (entries > this.#tableEntries) {
      if (this.#table) this.heap.free(this.#table);
      this.#tableEntries = Math.max(64, entries);
      this.#table = this.heap.allocateBytes(this.#tableEntries * 4);
    }
    this.#depth++;
    try {
      return use(this.#arena, this.#table);
    } finally {
      this.#depth--;
    }
  }
}

export function makeExecutable(
  program: Program<"core">,
  workspace: Workspace,
  donate: readonly number[] = [],
): Executable {
  const { heap } = workspace;
  const compiled = compileProgram(program, { donate });
  const { plan } = compiled;
  const instance = compiled.instantiate(heap.memory, plan.callbacks);
  const donated = new Set(donate);
  return {
    compiled,
    run(inputs) {
      const pinned: ArrayCell[] = [];
      const pin = (c: ArrayCell): void => {
        c.pins++;
        pinned.push(c);
      };
      try {
        for (const c of inputs) pin(c);
        const addresses = inputs.map((c) => heap.resident(c));
        if (donated.size > 0) checkDonation(inputs, donated);
        const outputs: ArrayCell[] = [];
        const fresh: ArrayCell[] = [];
        try {
          for (const o of plan.outputs) {
            if (o.donatedFrom !== undefined) continue;
            const cell = heap.allocate(o.aval);
            pin(cell);
            fresh.push(cell);
          }
          return workspace.with(compiled.arenaBytes, inputs.length + plan.outputs.length, (arena, table) => {
            const words = new Uint32Array(heap.buffer, table, inputs.length + plan.outputs.length);
            addresses.forEach((a, i) => {
              words[i] = a;
            });
            let next = 0;
            plan.outputs.forEach((o, i) => {
              words[inputs.length + i] = o.donatedFrom === undefined ? fresh[next++].address : addresses[o.donatedFrom];
            });
            instance.run(table, arena);
            // only now, when nothing can fail any more, do donated arrays lose their memory
            next = 0;
            for (const o of plan.outputs)
              outputs.push(o.donatedFrom === undefined ? fresh[next++] : heap.takeOver(inputs[o.donatedFrom], o.aval));
            for (const i of donated) heap.release(inputs[i], "donated");
            return outputs;
          });
        } catch (e) {
          for (const c of fresh) {
            c.pins = 0;
            heap.release(c, "disposed");
          }
          throw e;
        }
      } finally {
        for (const c of pinned) if (c.pins > 0) c.pins--;
      }
    },
  };
}

function checkDonation(inputs: readonly ArrayCell[], donated: ReadonlySet<number>): void {
  for (const i of donated) {
    if (inputs.some((c, k) => k !== i && c === inputs[i])) {
      fail("TW1008", `the donated array ${printAval(inputs[i].aval)} is passed twice in one call`, {
        help: "pass a copy, or do not donate it",
      });
    }
  }
}
