/**
 * The memory of concrete arrays. A handle that users hold points to a cell; while the cell is resident the heap holds it,
 * and its block of linear memory, strongly.
 *
 * Blocks come back in three ways. Someone disposes or donates; or the handle was collected and the event loop ran its finalizer; or,
 * in a loop that never returns to the event loop (finalizers never fire there), the heap is under pressure: then the
 * oldest unpinned cells are spilled: their elements move to an array that the cell owns and the heap lets go of the cell.
 * Cells that nobody holds are then ordinary garbage, which the engine collects without any event loop; the others are
 * read back in when they are used next.
 */
import { fail } from "../diagnostics/error.js";
import { type Aval, printAval, sizeOf } from "../ir/aval.js";
import { byteSize, STORAGE, type TypedArray } from "../ir/dtype.js";
import { Allocator, type Block } from "./allocator.js";

const PAGE = 65536;
/**
 * What a resident array counts at least. Its block may be small, but its cell and its finalizer weigh about a kilobyte of
 * JavaScript heap, and what is resident is promoted to V8's old generation, which is collected late.
 */
const LEAST_WEIGHT = 8192;

/** A shared memory that may not grow to this is of less use than one that is not shared. */
const LEAST_SHARED = 256 * 1024 ** 2;
/** Where there is no room for a memory that may grow to this, there is room for none. */
const LEAST_UNSHARED = 16 * 1024 ** 2;

export interface HeapOptions {
  /** Resident bytes at which the oldest arrays are spilled; it doubles when that turns out to hit arrays in use. */
  softLimit?: number;
  /** The most bytes that the memory may grow to. */
  hardLimit?: number;
  /** Whether other threads are to see it. It is not when the engine refuses. */
  shared?: boolean;
}

let nextId = 0;

export class ArrayCell {
  /** Its elements never change, so equal numbers mean equal elements. */
  readonly id = nextId++;
  /** The resident block. */
  block: Block | undefined = undefined;
  /** Elements that were spilled. */
  spilled: Uint8Array | undefined = undefined;
  state: "live" | "disposed" | "donated" = "live";
  pins = 0;
  /** Handles that were made for it and are not known to be collected. */
  handles = 0;
  /** It was spilled, which ended the watch over its handles. */
  lost = false;
  lastUse = 0;
  /** Neighbours in the heap's list of resident cells. */
  older: ArrayCell | undefined = undefined;
  newer: ArrayCell | undefined = undefined;
  /** What this is a copy of in another order, which goes with its sources; and copies of this. */
  sources: readonly ArrayCell[] | undefined = undefined;
  copies: Set<ArrayCell> | undefined = undefined;
  readonly bytes: number;

  constructor(
    readonly heap: Heap,
    readonly aval: Aval,
  ) {
    this.bytes = sizeOf(aval) * byteSize(aval.dtype);
  }

  get traced(): false {
    return false;
  }
  /** Address of the resident block, or -1. */
  get address(): number {
    return this.block === undefined ? -1 : this.block.start;
  }
  cell(why: string): this {
    if (this.state === "donated") {
      fail(
        "TW1008",
        `${why}: the array ${printAval(this.aval)} was donated to an earlier call, which reused its memory`,
        {},
      );
    }
    if (this.state === "disposed")
      fail("TW4003", `${why}: the array ${printAval(this.aval)} was given back at the end of its \`using\` scope`, {});
    return this;
  }
  get disposed(): boolean {
    return this.state !== "live";
  }
  watch(handle: object): void {
    this.handles++;
    if (!this.lost) this.heap.watch(handle, this);
  }
  get unwatched(): boolean {
    // with more than one handle, the death of the first must not free what the second shows: those wait for pressure
    return this.lost && this.block !== undefined && this.handles === 1;
  }
  rewatch(handle: object): void {
    this.lost = false;
    this.heap.watch(handle, this);
  }
  read(): TypedArray {
    const address = this.heap.resident(this);
    const view = new STORAGE[this.aval.dtype](this.heap.buffer, address, sizeOf(this.aval));
    return view.slice() as TypedArray;
  }
  async readAsync(): Promise<TypedArray> {
    return this.read();
  }
  dispose(): void {
    if (this.state === "live") this.heap.release(this, "disposed");
  }
}

export class Heap {
  /** @internal (declarations name no global that a library lacks) */
  readonly memory: WebAssembly.Memory;
  readonly #allocator: Allocator;
  /** Blocks that belong to no array, by address. */
  readonly #raw = new Map<number, Block>();
  /** Resident cells, in the order in which they came: a list through the cells themselves, which costs nothing. */
  #oldest: ArrayCell | undefined;
  #newest: ArrayCell | undefined;
  #residents = 0;
  readonly #registry: FinalizationRegistry<ArrayCell> | undefined;
  #softLimit: number;
  readonly #hardLimit: number;
  readonly shared: boolean;
  #clock = 0;
  #residentBytes = 0;
  #spilledBytes = 0;
  #pagedInBytes = 0;

  constructor(options: HeapOptions = {}) {
    const most = Math.min(options.hardLimit ?? 4 * 1024 ** 3 - PAGE, 4 * 1024 ** 3 - PAGE);
    const { memory, limit, shared } = reserve(most, options.shared ?? false);
    this.memory = memory;
    this.shared = shared;
    this.#hardLimit = limit;
    this.#softLimit = Math.min(options.softLimit ?? 256 * 1024 ** 2, limit);
    this.#allocator = new Allocator((bytes) => this.#grow(bytes));
    this.#registry =
      typeof FinalizationRegistry === "undefined"
        ? undefined
        : new FinalizationRegistry((cell) => {
            if (--cell.handles === 0) this.release(cell, "disposed");
          });
  }

  get buffer(): ArrayBuffer {
    return this.memory.buffer as ArrayBuffer;
  }

  /** A new array with undefined contents. */
  allocate(aval: Aval): ArrayCell {
    const cell = new ArrayCell(this, aval);
    cell.block = this.#block(cell.bytes, aval);
    this.#admit(cell);
    return cell;
  }

  /** Raw bytes, for arenas and tables; freed with `free`. */
  allocateBytes(bytes: number): number {
    const block = this.#block(bytes, undefined);
    this.#raw.set(block.start, block);
    return block.start;
  }
  free(address: number): void {
    const block = this.#raw.get(address);
    if (!block) return;
    this.#raw.delete(address);
    this.#allocator.release(block);
  }

  /** The address of a cell's elements, read back in when they were spilled. */
  resident(cell: ArrayCell): number {
    cell.lastUse = ++this.#clock;
    if (cell.block) return cell.block.start;
    const spilled = cell.spilled;
    if (!spilled) return cell.cell("reading").address;
    cell.pins++;
    try {
      cell.block = this.#block(cell.bytes, cell.aval);
    } finally {
      cell.pins--;
    }
    const { start } = cell.block;
    new Uint8Array(this.buffer, start, cell.bytes).set(spilled);
    cell.spilled = undefined;
    this.#pagedInBytes += cell.bytes;
    this.#admit(cell);
    return start;
  }

  /** Ties the cell to the life of the handle that users hold. */
  watch(handle: object, cell: ArrayCell): void {
    this.#registry?.register(handle, cell, cell);
  }

  release(cell: ArrayCell, state: "disposed" | "donated"): void {
    if (cell.state !== "live") return;
    cell.state = state;
    this.#expel(cell);
    cell.spilled = undefined;
    this.#dropCopies(cell);
  }

  /** Ties a copy to what it was made of: it is given back with the first of them, or before anything is spilled. */
  keepCopy(copy: ArrayCell, sources: readonly ArrayCell[]): void {
    copy.sources = sources;
    for (const s of sources) {
      s.copies ??= new Set();
      s.copies.add(copy);
    }
  }
  #dropCopies(cell: ArrayCell): void {
    for (const s of cell.sources ?? []) s.copies?.delete(cell);
    cell.sources = undefined;
    const { copies } = cell;
    cell.copies = undefined;
    if (copies) for (const c of copies) this.release(c, "disposed");
  }

  /** Takes the block of a donated cell over to a new cell of as many bytes. */
  takeOver(donor: ArrayCell, aval: Aval): ArrayCell {
    const cell = new ArrayCell(this, aval);
    cell.block = donor.block;
    this.#forget(donor);
    donor.block = undefined;
    donor.state = "donated";
    this.#dropCopies(donor);
    this.#admit(cell);
    return cell;
  }

  /** Arrays that hold memory and were not given back; copies kept of them are not counted. */
  live(): ArrayCell[] {
    return this.#resident().filter((c) => c.sources === undefined);
  }
  #resident(): ArrayCell[] {
    const all: ArrayCell[] = [];
    for (let c = this.#oldest; c; c = c.newer) all.push(c);
    return all;
  }
  stats(): {
    residentBytes: number;
    residentArrays: number;
    memoryBytes: number;
    spilledBytes: number;
    pagedInBytes: number;
  } {
    return {
      residentBytes: this.#residentBytes,
      residentArrays: this.#residents,
      memoryBytes: this.buffer.byteLength,
      spilledBytes: this.#spilledBytes,
      pagedInBytes: this.#pagedInBytes,
    };
  }

  #admit(cell: ArrayCell): void {
    cell.lastUse = ++this.#clock;
    cell.older = this.#newest;
    if (this.#newest) this.#newest.newer = cell;
    else this.#oldest = cell;
    this.#newest = cell;
    this.#residents++;
    this.#residentBytes += cell.bytes;
  }
  /** A resident cell is none any more. */
  #forget(cell: ArrayCell): void {
    const { older, newer } = cell;
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
    cell.older = undefined;
    cell.newer = undefined;
    this.#residents--;
    this.#residentBytes -= cell.bytes;
    if (cell.handles > 0) this.#registry?.unregister(cell);
  }
  #expel(cell: ArrayCell): void {
    const { block } = cell;
    if (!block) return;
    this.#forget(cell);
    this.#allocator.release(block);
    cell.block = undefined;
  }

  /** Bytes that count as resident. */
  get #weight(): number {
    return Math.max(this.#residentBytes, this.#residents * LEAST_WEIGHT);
  }

  #block(bytes: number, aval: Aval | undefined): Block {
    if (this.#weight + bytes > this.#softLimit) this.#relieve(bytes);
    const block = this.#allocator.allocate(bytes);
    if (block !== undefined) return block;
    this.#spill(Number.POSITIVE_INFINITY);
    const again = this.#allocator.allocate(bytes);
    if (again !== undefined) return again;
    const { residentBytes } = this.stats();
    return fail(
      "TW4001",
      `no room for ${formatBytes(bytes)}${aval ? ` (${printAval(aval)})` : " of working memory"}: ${formatBytes(residentBytes)} are in use of ${formatBytes(this.#hardLimit)}`,
      {},
    );
  }

  #relieve(bytes: number): void {
    // what was read back in since the last time was alive: the limit is too small for this program
    if (this.#spilledBytes > 0 && this.#pagedInBytes * 4 > this.#spilledBytes && this.#softLimit < this.#hardLimit) {
      this.#softLimit = Math.min(this.#softLimit * 2, this.#hardLimit);
    }
    this.#spilledBytes = 0;
    this.#pagedInBytes = 0;
    if (this.#weight + bytes > this.#softLimit) this.#spill(this.#softLimit / 2 + bytes);
  }

  /** Spills the least recently used half or so; the newer ones are most likely in use. */
  #spill(bytes: number): void {
    const candidates = this.#resident()
      .filter((c) => c.pins === 0)
      .sort((a, b) => a.lastUse - b.lastUse);
    let done = 0;
    for (const cell of candidates) {
      if (cell.sources === undefined) continue;
      if (done >= bytes) return;
      done += Math.max(cell.bytes, LEAST_WEIGHT);
      this.release(cell, "disposed");
    }
    const memory = new Uint8Array(this.buffer);
    for (const cell of candidates) {
      if (done >= bytes) return;
      if (cell.state !== "live") continue;
      try {
        // not an ArrayBuffer: engines keep the elements of short typed arrays beside the object, at no further cost
        cell.spilled = memory.slice(cell.address, cell.address + cell.bytes);
      } catch {
        return; // the process has no memory left: what is resident stays so
      }
      done += Math.max(cell.bytes, LEAST_WEIGHT);
      cell.lost = true;
      this.#spilledBytes += cell.bytes;
      this.#expel(cell);
    }
  }

  #grow(bytes: number): boolean {
    const have = this.buffer.byteLength;
    if (bytes <= have) return true;
    if (bytes > this.#hardLimit) return false;
    const want = Math.min(this.#hardLimit, Math.max(bytes, have * 1.25));
    for (const target of [want, bytes]) {
      try {
        this.memory.grow(Math.ceil((target - have) / PAGE));
        return true;
      } catch {
        // the engine may refuse the generous step and grant the exact one
      }
    }
    return false;
  }
}

/** A shared memory reserves its largest size at once; where there is no room for that, less will do, or one that is not shared. */
function reserve(most: number, shared: boolean): { memory: WebAssembly.Memory; limit: number; shared: boolean } {
  if (typeof WebAssembly === "undefined") {
    fail("TW4001", "this JavaScript engine has no WebAssembly, where arrays live", {
      help: "run node without --jitless; in browsers, allow WebAssembly (wasm-unsafe-eval in the page's content security policy)",
    });
  }
  for (let limit = most; shared && limit >= Math.min(most, LEAST_SHARED); limit = limit / 2) {
    try {
      const maximum = Math.floor(limit / PAGE);
      return { memory: new WebAssembly.Memory({ initial: 16, maximum, shared }), limit, shared };
    } catch {
      // the next smaller one
    }
  }
  for (let limit = most; ; limit = limit / 2) {
    try {
      const maximum = Math.floor(limit / PAGE);
      return { memory: new WebAssembly.Memory({ initial: 16, maximum }), limit, shared: false };
    } catch (e) {
      if (limit / 2 >= Math.min(most, LEAST_UNSHARED)) continue;
      const why = e instanceof Error ? e.message : String(e);
      fail("TW4001", `the engine has no room for WebAssembly's memory: ${why}`, {
        // V8 reserves about 10 GB of addresses around a memory so that it need not check bounds
        help: "raise the limit of the process's address space (ulimit -v), or run node with --disable-wasm-trap-handler, which needs less of it",
      });
    }
  }
}

export function formatBytes(n: number): string {
  if (n < 1024) return `${n} bytes`;
  const units = ["kB", "MB", "GB"];
  let v = n / 1024;
  let u = 0;
  while (v >= 1024 && u < 2) {
    v /= 1024;
    u++;
  }
  return `${v.toFixed(1)} ${units[u]}`;
}
