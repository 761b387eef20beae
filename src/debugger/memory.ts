/**
 * Memory that kernels load from and store to, with a record of who touched each element: what was never written is known to be
 * undefined, and two programs that meet at an element are found, whatever the order in which they run here.
 */
import type { Aval } from "../ir/aval.js";
import type { TypedArray } from "../ir/dtype.js";
import type { NDArray } from "../interpreter/array.js";
import { undefinedArray } from "../interpreter/kernel.js";
import { toStored } from "../interpreter/stored.js";
import type { Cell } from "../tracer/tensor.js";

export type Role = "argument" | "out" | "scratch";
/** How an element is touched. Two atomic accesses may meet; of others, two reads. */
export type Access = "read" | "write" | "atomic";

/** Traffic of one kind, in elements. */
export interface Traffic {
  loads: number;
  stores: number;
  atomics: number;
}
export const noTraffic = (): Traffic => ({ loads: 0, stores: 0, atomics: 0 });

/** Who touched an element, and where in the source. */
export interface Toucher {
  readonly program: number;
  readonly site: number;
  readonly access: Access;
}

/** For each element the first two different programs that touched it in one way: with two, one is different from any third. */
class Touched {
  readonly #program: Int32Array[];
  readonly #site: Int32Array[];
  constructor(
    readonly access: Access,
    size: number,
  ) {
    this.#program = [new Int32Array(size).fill(-1), new Int32Array(size).fill(-1)];
    this.#site = [new Int32Array(size), new Int32Array(size)];
  }
  note(at: number, program: number, site: number): void {
    const [first, second] = this.#program;
    const k = first[at] < 0 ? 0 : first[at] !== program && second[at] < 0 ? 1 : -1;
    if (k < 0) return;
    this.#program[k][at] = program;
    this.#site[k][at] = site;
  }
  /** Another program that touched the element. */
  other(at: number, program: number): Toucher | undefined {
    for (let k = 0; k < 2; k++) {
      const p = this.#program[k][at];
      if (p >= 0 && p !== program) return { program: p, site: this.#site[k][at], access: this.access };
    }
    return undefined;
  }
}

/** What must not meet an access by another program. */
const CONFLICTS: Readonly<Record<Access, readonly Access[]>> = {
  read: ["write", "atomic"],
  write: ["write", "read", "atomic"],
  atomic: ["write", "read"],
};

export class Memory {
  readonly array: NDArray;
  /** Counted up by each store: a value of memory is what memory held then. */
  version = 0;
  readonly traffic = noTraffic();
  /** Whether each element has been written; undefined where all are defined from the beginning. */
  readonly written: Uint8Array | undefined;
  /** The last store that wrote each element, by its number. */
  #stores: Int32Array | undefined;
  readonly #touched: Partial<Record<Access, Touched>> = {};

  constructor(
    readonly name: string,
    readonly role: Role,
    readonly aval: Aval,
    /** What it holds from the beginning; undefined: nothing. */
    contents: NDArray | undefined,
  ) {
    this.array = contents
      ? { ...contents, data: contents.data.slice() }
      : undefinedArray(aval.shape as readonly number[], aval.dtype);
    if (!contents) this.written = new Uint8Array(this.array.data.length);
  }

  /** Notes an access, and gives another program's that must not meet it. Private and constant memory is of no interest. */
  touch(access: Access, at: number, program: number, site: number): Toucher | undefined {
    if (this.role !== "out") return undefined;
    for (const other of CONFLICTS[access]) {
      const found = this.#touched[other]?.other(at, program);
      if (found) return found;
    }
    this.#touched[access] ??= new Touched(access, this.array.data.length);
    this.#touched[access].note(at, program, site);
    return undefined;
  }

  /** Notes that store number `store` (from 1) writes an element; false when it did before. */
  claim(at: number, store: number): boolean {
    this.#stores ??= new Int32Array(this.array.data.length);
    if (this.#stores[at] === store) return false;
    this.#stores[at] = store;
    return true;
  }

  /** `out[3, 4]` */
  element(at: number): string {
    const shape = this.array.shape;
    if (shape.length === 0) return this.name;
    const index = new Array<number>(shape.length);
    let rest = at;
    for (let a = shape.length - 1; a >= 0; a--) {
      index[a] = rest % shape[a];
      rest = Math.floor(rest / shape[a]);
    }
    return `${this.name}[${index.join(", ")}]`;
  }
}

/** A block: the value of an operation. */
export class BlockCell implements Cell {
  readonly traced = false;
  readonly disposed = false;
  constructor(
    readonly aval: Aval,
    readonly array: NDArray,
  ) {}
  cell(): Cell {
    return this;
  }
  read(): TypedArray {
    const stored = toStored(this.array);
    return (stored as unknown) === this.array.data ? stored.slice() : stored;
  }
  async readAsync(): Promise<TypedArray> {
    return this.read();
  }
  primitive(): number | bigint | boolean | undefined {
    if (this.array.shape.length > 0) return undefined;
    const x = this.array.data[0];
    return this.aval.dtype === "bool" ? x !== 0 : x;
  }
  dispose(): void {}
  watch(): void {}
}

/** What memory holds after a number of stores. */
export class MemoryCell extends BlockCell {
  readonly version: number;
  constructor(readonly memory: Memory) {
    super(memory.aval, memory.array);
    this.version = memory.version;
  }
}
