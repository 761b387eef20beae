/** Blocks of one linear memory: segregated free lists with splitting and merging of neighbours. Knows no arrays. */

const ALIGN = 64;
/** Address 0 is never given out, nor the first page: a null pointer traps nowhere in Wasm, so it must not look like data. */
const BASE = 1024;

/** A part of the memory, given out or free. Who has it gives it back by it, so that no block need be looked up. */
export class Block {
  free = true;
  /** Neighbours in the list of free blocks of its size. */
  above: Block | undefined = undefined;
  below: Block | undefined = undefined;
  constructor(
    public start: number,
    public size: number,
    public previous: Block | undefined,
    public next: Block | undefined,
  ) {}
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
  #last: Block | undefined;
  #end = BASE;
  /** Bytes in blocks that are given out. */
  usedBytes = 0;

  /** `grow(bytes)` makes the memory at least that long, or says that it can't. */
  constructor(readonly grow: (bytes: number) => boolean) {}

  /** At least `bytes` bytes, or undefined when the memory is full. */
  allocate(bytes: number): Block | undefined {
    const size = Math.max(ALIGN, Math.ceil(bytes / ALIGN) * ALIGN);
    const block = this.#fit(size) ?? this.#extend(size);
    if (!block) return undefined;
    if (block.size - size >= ALIGN) this.#split(block, size);
    block.free = false;
    this.usedBytes += block.size;
    return block;
  }

  /** Takes a block back that was given out. */
  release(block: Block): void {
    if (block.free) return;
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
    const block = new Block(start, size, last, undefined);
    if (last) last.next = block;
    this.#last = block;
    return block;
  }

  #split(block: Block, size: number): void {
    const rest = new Block(block.start + size, block.size - size, block, block.next);
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
