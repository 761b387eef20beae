/**
 * Concrete arrays in the heap. A cell is what handles and running calls hold; its place is what the heap holds. The heap never
 * refers to a cell: that nothing refers to it any more is how it knows that the place is free.
 */
import { fail } from "../diagnostics/error.js";
import { type Aval, printAval, sizeOf } from "../ir/aval.js";
import { byteSize, STORAGE, type TypedArray } from "../ir/dtype.js";
import type { Block } from "./allocator.js";
import { Member } from "./census.js";
import type { Heap } from "./heap.js";

let nextId = 0;

/** Where the elements of an array are. */
export class Place {
  state: "live" | "disposed" | "donated" = "live";
  /** The resident block. */
  block: Block | undefined = undefined;
  /** Elements that were spilled. */
  spilled: Uint8Array | undefined = undefined;
  /** It stays where it is while a call uses it. */
  pins = 0;
  lastUse = 0;
  /** A user got a handle of the array: its collection gives the memory back. */
  watched = false;
  /** The census before which it came, and the last one in which the array was found alive. */
  born = 0;
  seen = 0;
  /** Neighbours in the heap's list of resident places. */
  older: Place | undefined = undefined;
  newer: Place | undefined = undefined;
  /** What this is a copy of in another order, which goes with its sources; and copies of this. */
  sources: readonly Place[] | undefined = undefined;
  copies: Set<Place> | undefined = undefined;

  constructor(
    readonly aval: Aval,
    readonly bytes: number,
  ) {}

  /** Address of the resident block, or -1. */
  get address(): number {
    return this.block === undefined ? -1 : this.block.start;
  }
}

export class ArrayCell extends Member {
  /** Its elements never change, so equal numbers mean equal elements. */
  readonly id = nextId++;
  readonly heap: Heap;
  readonly aval: Aval;
  readonly place: Place;

  constructor(heap: Heap, aval: Aval) {
    super();
    this.heap = heap;
    this.aval = aval;
    this.place = new Place(aval, sizeOf(aval) * byteSize(aval.dtype));
  }

  get traced(): false {
    return false;
  }
  get bytes(): number {
    return this.place.bytes;
  }
  get state(): Place["state"] {
    return this.place.state;
  }
  /** Address of the resident block, or -1. */
  get address(): number {
    return this.place.address;
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
  watch(): void {
    if (!this.place.watched) this.heap.watch(this);
  }
  override answer(): void {
    this.heap.found(this.place);
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
    this.heap.release(this, "disposed");
  }
}
