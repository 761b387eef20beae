/**
 * The memory of concrete arrays. What users and running calls hold is a cell; the heap holds its place, with a block of linear memory.
 *
 * Blocks come back in three ways. Someone disposes or donates. Or nobody refers to the cell any more: in Node a census tells, each time
 * that some megabytes were handed out, also in a loop that never returns to the event loop; elsewhere a finalizer does, from the
 * event loop. Or the heap is under pressure: then the oldest unpinned places are spilled, which moves their elements to an array
 * that goes with the cell. Cells that nobody holds are then ordinary garbage of the engine; the others are read back in when
 * they are used next.
 */
import { fail } from "../diagnostics/error.js";
import { type Aval, printAval } from "../ir/aval.js";
import { Allocator, type Block } from "./allocator.js";
import { ArrayCell, type Place } from "./cell.js";
import type { Census } from "./census.js";

export { ArrayCell };

const PAGE = 65536;
/**
 * What a resident array counts at least. Its block may be small, but its handle, its cell and what tells of their end weigh up to a
 * kilobyte of JavaScript heap.
 */
const LEAST_WEIGHT = 8192;
/** Resident bytes at which everything is tried to get some back. */
const SOFT_LIMIT = 256 * 1024 ** 2;
/**
 * A census is made each time that so many bytes were handed out: the fewer, the more of what is handed out again lies in caches. More where
 * the censuses take more of the time than this share, less where they take less than a quarter of it.
 */
const LEAST_ALLOWANCE = 2 * 1024 ** 2;
const FIRST_ALLOWANCE = 16 * 1024 ** 2;
const MOST_ALLOWANCE = SOFT_LIMIT / 4;
const CENSUS_SHARE = 1 / 16;

/** A shared memory that may not grow to this is of less use than one that is not shared. */
const LEAST_SHARED = 256 * 1024 ** 2;
/** Where there is no room for a memory that may grow to this, there is room for none. */
const LEAST_UNSHARED = 16 * 1024 ** 2;

export interface HeapOptions {
  /**
   * Resident bytes at which the oldest arrays are spilled; it doubles when that turns out to hit arrays in use. Without it, there is
   * one only where no census can tell what is in use.
   */
  softLimit?: number;
  /** The most bytes that the memory may grow to. */
  hardLimit?: number;
  /** Whether other threads are to see it. It is not when the engine refuses. */
  shared?: boolean;
  /** Tells which arrays are still referred to; finalizers do without it. */
  census?: Census | undefined;
}

export class Heap {
  /** @internal (declarations name no global that a library lacks) */
  readonly memory: WebAssembly.Memory;
  readonly #allocator: Allocator;
  /** Blocks that belong to no array, by address. */
  readonly #raw = new Map<number, Block>();
  /** Resident places, in the order in which they came: a list through the places themselves, which costs nothing. */
  #oldest: Place | undefined;
  #newest: Place | undefined;
  #residents = 0;
  readonly #census: Census | undefined;
  readonly #registry: FinalizationRegistry<Place> | undefined;
  /** Gives back working memory that no call uses at present. */
  readonly #idle: (() => void)[] = [];
  readonly #spillsInUse: boolean;
  #softLimit: number;
  readonly #hardLimit: number;
  readonly shared: boolean;
  #clock = 0;
  #residentBytes = 0;
  #spilledBytes = 0;
  #pagedInBytes = 0;
  /** Censuses so far. */
  #round = 0;
  /** What came since the last one and is still there; the most of it before the next; and when it was. */
  #fresh = 0;
  #allowance = FIRST_ALLOWANCE;
  #lastCensus = 0;

  constructor(options: HeapOptions = {}) {
    const most = Math.min(options.hardLimit ?? 4 * 1024 ** 3 - PAGE, 4 * 1024 ** 3 - PAGE);
    const { memory, limit, shared } = reserve(most, options.shared ?? false);
    this.memory = memory;
    this.shared = shared;
    this.#hardLimit = limit;
    this.#softLimit = Math.min(options.softLimit ?? SOFT_LIMIT, limit);
    this.#spillsInUse = options.softLimit !== undefined;
    this.#allocator = new Allocator((bytes) => this.#grow(bytes));
    this.#census = options.census;
    this.#registry =
      this.#census || typeof FinalizationRegistry === "undefined"
        ? undefined
        : new FinalizationRegistry((place) => this.#end(place, "disposed"));
  }

  get buffer(): ArrayBuffer {
    return this.memory.buffer as ArrayBuffer;
  }

  /** A new array with undefined contents. */
  allocate(aval: Aval): ArrayCell {
    const cell = new ArrayCell(this, aval);
    const { place } = cell;
    place.block = this.#block(place.bytes, aval);
    this.#admit(place);
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

  /** Called when a call asks for memory that was not needed before: `drop` gives back what is kept for later calls. */
  whenScarce(drop: () => void): void {
    this.#idle.push(drop);
  }

  /** The address of a cell's elements, read back in when they were spilled. */
  resident(cell: ArrayCell): number {
    const { place } = cell;
    place.lastUse = ++this.#clock;
    if (place.block) return place.block.start;
    const { spilled } = place;
    if (!spilled) return cell.cell("reading").address;
    place.block = this.#block(place.bytes, place.aval);
    const { start } = place.block;
    new Uint8Array(this.buffer, start, place.bytes).set(spilled);
    place.spilled = undefined;
    this.#pagedInBytes += place.bytes;
    this.#admit(place);
    if (place.watched) this.#registry?.register(cell, place, place);
    return start;
  }

  /** Ties the place to the life of the cell, which handles of users refer to from now on. */
  watch(cell: ArrayCell): void {
    const { place } = cell;
    place.watched = true;
    if (this.#census) this.#census.add(cell);
    else if (place.block) this.#registry?.register(cell, place, place);
  }
  /** Something refers to the array there. */
  found(place: Place): void {
    place.seen = this.#round;
  }

  release(cell: ArrayCell, state: "disposed" | "donated"): void {
    this.#end(cell.place, state);
  }
  #end(place: Place, state: "disposed" | "donated"): void {
    if (place.state !== "live") return;
    place.state = state;
    this.#expel(place);
    place.spilled = undefined;
    if (place.sources || place.copies) this.#dropCopies(place);
  }

  /**
   * Before a call makes arrays: finds out which of the others nobody refers to any more, where enough came since the last time. Not
   * amid of a call, because what lives through two collections of young objects counts as old.
   */
  prepare(): void {
    if (this.#fresh > this.#allowance && this.#census) this.#takeCensus();
  }
  #takeCensus(): void {
    const start = performance.now();
    this.#sweep(false);
    const end = performance.now();
    const share = (end - start) / (end - this.#lastCensus);
    if (share > CENSUS_SHARE) this.#allowance = Math.min(this.#allowance * 2, Math.max(MOST_ALLOWANCE, this.#weight));
    else if (share < CENSUS_SHARE / 4) this.#allowance = Math.max(this.#allowance / 2, LEAST_ALLOWANCE);
    this.#lastCensus = end;
  }
  /** Frees the places of arrays that nobody refers to: of young ones, or of all. */
  #sweep(all: boolean): void {
    const census = this.#census;
    if (!census) return;
    census.collect(all);
    this.#round++;
    this.#fresh = 0;
    if (!census.ask()) return;
    for (let place = this.#oldest; place; ) {
      const { newer } = place;
      if (place.watched && place.seen !== this.#round && place.pins === 0) this.#end(place, "disposed");
      place = newer;
    }
  }

  /** Ties a copy to what it was made of: it is given back with the first of them, or before anything is spilled. */
  keepCopy(copy: ArrayCell, sources: readonly ArrayCell[]): void {
    const places = sources.map((s) => s.place);
    copy.place.sources = places;
    for (const s of places) {
      s.copies ??= new Set();
      s.copies.add(copy.place);
    }
  }
  #dropCopies(place: Place): void {
    for (const s of place.sources ?? []) s.copies?.delete(place);
    place.sources = undefined;
    const { copies } = place;
    place.copies = undefined;
    if (copies) for (const c of copies) this.#end(c, "disposed");
  }

  /** Takes the block of a donated cell over to a new cell of as many bytes. */
  takeOver(donor: ArrayCell, aval: Aval): ArrayCell {
    const from = donor.place;
    const cell = new ArrayCell(this, aval);
    cell.place.block = from.block;
    this.#forget(from);
    from.block = undefined;
    from.state = "donated";
    this.#dropCopies(from);
    this.#admit(cell.place);
    return cell;
  }

  /** Arrays that hold memory and were not given back, as far as that is known; copies kept of them are not counted. */
  live(): Place[] {
    this.#sweep(true);
    return this.#resident().filter((p) => p.sources === undefined);
  }
  #resident(): Place[] {
    const all: Place[] = [];
    for (let p = this.#oldest; p; p = p.newer) all.push(p);
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

  #admit(place: Place): void {
    place.lastUse = ++this.#clock;
    place.older = this.#newest;
    if (this.#newest) this.#newest.newer = place;
    else this.#oldest = place;
    this.#newest = place;
    this.#residents++;
    this.#residentBytes += place.bytes;
    place.born = this.#round;
    this.#fresh += Math.max(place.bytes, LEAST_WEIGHT);
  }
  /** A resident place is none any more. */
  #forget(place: Place): void {
    const { older, newer } = place;
    if (older) older.newer = newer;
    else this.#oldest = newer;
    if (newer) newer.older = older;
    else this.#newest = older;
    place.older = undefined;
    place.newer = undefined;
    this.#residents--;
    this.#residentBytes -= place.bytes;
    if (place.born === this.#round) this.#fresh -= Math.max(place.bytes, LEAST_WEIGHT);
    if (place.watched) this.#registry?.unregister(place);
  }
  #expel(place: Place): void {
    const { block } = place;
    if (!block) return;
    this.#forget(place);
    this.#allocator.release(block);
    place.block = undefined;
  }

  /** Bytes that count as resident. */
  get #weight(): number {
    return Math.max(this.#residentBytes, this.#residents * LEAST_WEIGHT);
  }

  #block(bytes: number, aval: Aval | undefined): Block {
    if (this.#weight + bytes > this.#softLimit) this.#relieve(bytes);
    const block = this.#allocator.allocate(bytes) ?? this.#scrape(bytes);
    if (block !== undefined) return block;
    const { residentBytes } = this.stats();
    return fail(
      "TW4001",
      `no room for ${formatBytes(bytes)}${aval ? ` (${printAval(aval)})` : " of working memory"}: ${formatBytes(residentBytes)} are in use of ${formatBytes(this.#hardLimit)}`,
      {},
    );
  }
  /** Room for so many bytes where the memory is full. */
  #scrape(bytes: number): Block | undefined {
    if (bytes > this.#hardLimit) return undefined;
    this.#sweep(true);
    const block = this.#allocator.allocate(bytes);
    if (block !== undefined) return block;
    for (const drop of this.#idle) drop();
    this.#spill(Number.POSITIVE_INFINITY);
    return this.#allocator.allocate(bytes);
  }

  #relieve(bytes: number): void {
    if (this.#census) {
      const may = this.#census.collects && !this.#spillsInUse;
      this.#sweep(may);
      if (may) {
        // what is left is in use; not cut at the hard limit, which many small arrays weigh without taking as much memory
        this.#softLimit = Math.max(SOFT_LIMIT, 2 * (this.#weight + bytes));
        return;
      }
      if (this.#weight + bytes <= this.#softLimit) return;
    }
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
      .filter((p) => p.pins === 0)
      .sort((a, b) => a.lastUse - b.lastUse);
    let done = 0;
    for (const place of candidates) {
      if (place.sources === undefined) continue;
      if (done >= bytes) return;
      done += Math.max(place.bytes, LEAST_WEIGHT);
      this.#end(place, "disposed");
    }
    const memory = new Uint8Array(this.buffer);
    for (const place of candidates) {
      if (done >= bytes) return;
      if (place.state !== "live") continue;
      try {
        // not an ArrayBuffer: engines keep the elements of short typed arrays beside the object, at no further cost
        place.spilled = memory.slice(place.address, place.address + place.bytes);
      } catch {
        return; // the process has no memory left: what is resident stays so
      }
      done += Math.max(place.bytes, LEAST_WEIGHT);
      this.#spilledBytes += place.bytes;
      this.#expel(place);
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
