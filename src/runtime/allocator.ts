/** Blocks of one linear memory: segregated free lists with splitting and merging of neighbours. Knows no arrays. */

const ALIGN = 64;
/** Address 0 is never given out, nor the first page: a null pointer traps nowhere in Wasm, so it must not look like data. */
const BASE = 1024;

interface Block {
  start: number;
  size: number;
  free: boolean;
  previous: Block | undefined;
  next: Block | undefined;
  /** Neighbours in the list of free blocks of its size. */
  above: Block | undefined;
  below: Block | undefined;
}

function sizeClass(size: number): number {
  // four classes to a power of two
  const units = size / ALIGN;
  const log = 31 - Math.clz32(units);
  return log < 2 ? units : log * 4 + ((units >>> (log - 2)) & 3);
}

export class Allocator {
  /** For each class of sizes the free block that was given back last: caches may still hold it. */
  readonly #bins: (Block | undefined)[] = [];
  /**
   * Blocks that are given out, by address. An address that comes back keeps its entry for the next time: V8's maps chain
   * entries that were deleted with those of the same key, so that one address given out and back many thousand times would be
   * slow to find.
   */
  #used = new Map<number, Block | undefined>();
  #unused = 0;
  #last: Block | undefined;
  #end = BASE;
  /** Bytes in blocks that are given out. */
  usedBytes = 0;

  /** `grow(bytes)` makes the memory at least that long, or says that it can't. */
  constructor(readonly grow: (bytes: number) => boolean) {}

  /** The address of `bytes` bytes, or undefined when the memory is full. */
  allocate(bytes: number): number | undefined {
    const size = Math.max(ALIGN, Math.ceil(bytes / ALIGN) * ALIGN);
    const block = this.#fit(size) ?? this.#extend(size);
    if (!block) return undefined;
    if (block.size - size >= ALIGN) this.#split(block, size);
    block.free = false;
    const entries = this.#used.size;
    this.#used.set(block.start, block);
    if (this.#used.size === entries) this.#unused--;
    this.usedBytes += block.size;
    return block.start;
  }

  release(address: number): void {
    const block = this.#used.get(address);
    if (!block) return;
    this.#used.set(address, undefined);
    if (++this.#unused > 4096 && 2 * this.#unused > this.#used.size) this.#dropUnused();
    this.usedBytes -= block.size;
    block.free = true;
    const { previous, next } = block;
    if (next?.free) {
      this.#unlist(next);
      this.#join(block, next);
    }
    if (previous?.free) {
      this.#unlist(previous);
      this.#join(previous, block);
      this.#list(previous);
    } else {
      this.#list(block);
    }
  }

  #dropUnused(): void {
    this.#used = new Map([...this.#used].filter(([, block]) => block !== undefined));
    this.#unused = 0;
  }

  #fit(size: number): Block | undefined {
    for (let c = sizeClass(size); c < this.#bins.length; c++) {
      for (let block = this.#bins[c]; block; block = block.below) {
        if (block.size >= size) {
          this.#unlist(block);
          return block;
        }
      }
    }
    return undefined;
  }

  #extend(size: number): Block | undefined {
    const last = this.#last;
    const reuse = last?.free ? last : undefined;
    const start = reuse ? reuse.start : this.#end;
    if (!this.grow(start + size)) return undefined;
    this.#end = start + size;
    if (reuse) {
      this.#unlist(reuse);
      reuse.size = size;
      return reuse;
    }
    const block: Block = {
      start,
      size,
      free: true,
      previous: last,
      next: undefined,
      above: undefined,
      below: undefined,
    };
    if (last) last.next = block;
    this.#last = block;
    return block;
  }

  #split(block: Block, size: number): void {
    const rest: Block = {
      start: block.start + size,
      size: block.size - size,
      free: true,
      previous: block,
      next: block.next,
      above: undefined,
      below: undefined,
    };
    if (block.next) block.next.previous = rest;
    else this.#last = rest;
    block.next = rest;
    block.size = size;
    this.#list(rest);
  }

  #join(a: Block, b: Block): void {
    a.size += b.size;
    a.next = b.next;
    if (b.next) b.next.previous = a;
    else this.#last = a;
  }
  #list(block: Block): void {
    const c = sizeClass(block.size);
    const top = this.#bins[c];
    block.above = undefined;
    block.below = top;
    if (top) top.above = block;
    this.#bins[c] = block;
  }
  #unlist(block: Block): void {
    const { above, below } = block;
    if (above) above.below = below;
    else this.#bins[sizeClass(block.size)] = below;
    if (below) below.above = above;
    block.above = undefined;
    block.below = undefined;
  }
}
