/** Working memory that calls share: an arena as large as the largest program needs, and the pointer table. */
import type { Heap } from "../runtime/heap.js";
import type { Pool } from "../runtime/threads/pool.js";

/** Where one call works. */
export interface Scope {
  readonly arena: number;
  readonly table: number;
  /** The table's entries. */
  readonly words: Uint32Array;
}

export class Workspace {
  #arena = 0;
  #arenaBytes = 0;
  #table = 0;
  #tableEntries = 0;
  #depth = 0;
  #scope: Scope | undefined;
  constructor(
    readonly heap: Heap,
    /** Threads for large stages, where the heap is shared. */
    readonly pool?: Pool | undefined,
  ) {
    heap.whenScarce(() => this.#dropArena());
  }

  /** An arena and a table for a call, until `leave`; one from inside a callback gets its own. */
  enter(arenaBytes: number, entries: number): Scope {
    const scope = this.#depth > 0 ? this.#own(arenaBytes, entries) : this.#shared(arenaBytes, entries);
    this.#depth++;
    return scope;
  }
  leave(scope: Scope): void {
    this.#depth--;
    if (this.#depth === 0) return;
    if (scope.arena) this.heap.free(scope.arena);
    this.heap.free(scope.table);
  }

  /** The next call makes one that is as large as it needs. */
  #dropArena(): void {
    if (this.#depth > 0 || !this.#arena) return;
    this.heap.free(this.#arena);
    this.#arena = 0;
    this.#arenaBytes = 0;
    this.#scope = undefined;
  }

  #own(arenaBytes: number, entries: number): Scope {
    const arena = arenaBytes > 0 ? this.heap.allocateBytes(arenaBytes) : 0;
    try {
      const table = this.heap.allocateBytes(entries * 4);
      return { arena, table, words: new Uint32Array(this.heap.buffer, table, entries) };
    } catch (e) {
      if (arena) this.heap.free(arena);
      throw e;
    }
  }

  #shared(arenaBytes: number, entries: number): Scope {
    // the arena comes last: what asks for more memory than there is may have it dropped
    if (entries > this.#tableEntries) {
      if (this.#table) this.heap.free(this.#table);
      this.#tableEntries = 0;
      this.#scope = undefined;
      const room = Math.max(64, entries);
      this.#table = this.heap.allocateBytes(room * 4);
      this.#tableEntries = room;
    }
    if (arenaBytes > this.#arenaBytes) {
      this.#dropArena();
      this.#scope = undefined;
      this.#arena = this.heap.allocateBytes(arenaBytes);
      this.#arenaBytes = arenaBytes;
    }
    // the buffer is another one after the memory grew
    if (this.#scope === undefined || this.#scope.words.buffer !== this.heap.buffer) {
      const words = new Uint32Array(this.heap.buffer, this.#table, this.#tableEntries);
      this.#scope = { arena: this.#arena, table: this.#table, words };
    }
    return this.#scope;
  }
}
