/** What nobody refers to is found at once, also in a loop that never returns to the event loop; what somebody holds never is. */
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { aval } from "../../src/ir/aval.js";
import { type Census, makeCensus, Member } from "../../src/runtime/census.js";
import { ArrayCell, Heap, type HeapOptions } from "../../src/runtime/heap.js";
import { mulberry } from "./random.js";

const KB = 1024;
const MB = 1024 * KB;

function censusHere(): Census {
  return makeCensus(true) ?? expect.fail("Node takes a census");
}
function heapWith(options: HeapOptions = {}): Heap {
  return new Heap({ census: censusHere(), ...options });
}
/** An array as users get them. */
function put(heap: Heap, bytes: number, fill: number): ArrayCell {
  heap.prepare();
  const cell = heap.allocate(aval([bytes / 4], "f32"));
  new Float32Array(heap.buffer, cell.address, 1)[0] = fill;
  cell.watch();
  return cell;
}
function first(c: ArrayCell): number {
  // reading it back in may give the memory another buffer
  const address = c.heap.resident(c);
  return new Float32Array(c.heap.buffer, address, 1)[0];
}

class Named extends Member {
  constructor(
    readonly name: string,
    readonly found: string[],
  ) {
    super();
  }
  override answer(): void {
    this.found.push(this.name);
  }
}

describe("census", () => {
  it.each([false, true])("what is held answers, what is not does not (all of the heap: %s)", (all) => {
    const census = censusHere();
    const found: string[] = [];
    const held = Array.from({ length: 50 }, (_, i) => new Named(`held ${i}`, found));
    for (const x of held) census.add(x);
    (() => {
      for (let i = 0; i < 500; i++) census.add(new Named("dropped", found));
    })();
    census.collect(all);
    expect(census.ask()).toBe(true);
    // a value that the engine still has in a register is held
    expect(found.filter((n) => n === "dropped").length).toBeLessThan(5);
    expect(found.filter((n) => n !== "dropped").sort()).toEqual(held.map((x) => x.name).sort());
  });

  it("whatever defaults users set for printing", () => {
    const census = censusHere();
    const found: string[] = [];
    const held = new Named("held", found);
    census.add(held);
    const before = { ...inspect.defaultOptions };
    try {
      Object.assign(inspect.defaultOptions, {
        customInspect: false,
        maxArrayLength: 0,
        colors: true,
        compact: false,
        showProxy: true,
        sorted: true,
        depth: 0,
      });
      expect(census.ask()).toBe(true);
    } finally {
      Object.assign(inspect.defaultOptions, before);
    }
    expect(found).toEqual(["held"]);
  });

  it("says so where the stack ends before everybody was asked", () => {
    const census = censusHere();
    const found: string[] = [];
    const held = Array.from({ length: 20 }, (_, i) => new Named(`${i}`, found));
    for (const x of held) census.add(x);
    let sure = 0;
    let unsure = 0;
    // asks at every depth on the way back from the end of the stack
    const dive = (): void => {
      try {
        dive();
      } catch {
        // as deep as it goes
      }
      if (unsure + sure > 400) return;
      found.length = 0;
      try {
        if (census.ask()) {
          sure++;
          if (found.length !== held.length) throw new Error("not all were asked");
        } else unsure++;
      } catch (e) {
        if (!(e instanceof RangeError)) throw e;
        unsure++;
      }
    };
    dive();
    expect(sure).toBeGreaterThan(0);
    expect(unsure).toBeGreaterThan(0);
  });
});

describe("a heap with a census", () => {
  it("takes little memory in a loop that drops its results", () => {
    const heap = heapWith();
    for (let i = 0; i < 4000; i++) put(heap, 256 * KB, i); // 1 GB in all
    expect(heap.stats().memoryBytes).toBeLessThanOrEqual(1.25 * 256 * MB);
    expect(heap.stats().spilledBytes).toBe(0);
    expect(heap.live().length).toBeLessThan(5);
  });

  it("loses nothing that is held, wherever it is", () => {
    const heap = heapWith();
    const random = mulberry(5);
    const held = new Map<ArrayCell, number>();
    for (let i = 0; i < 3000; i++) {
      const cell = put(heap, 64 * KB, i);
      if (random() < 0.1) held.set(cell, i);
      if (random() < 0.05) held.delete([...held.keys()][0]);
    }
    for (const [cell, value] of held) expect(first(cell)).toBe(value);
    const places = [...held.keys()].map((c) => c.place);
    const live = heap.live();
    expect(places.every((p) => live.includes(p))).toBe(true);
  });

  it("leaves what no user has had yet, and what a call uses", () => {
    const heap = heapWith();
    const place = (() => heap.allocate(aval([4], "f32")).place)();
    const used = (() => put(heap, 64 * KB, 1).place)();
    used.pins++;
    expect([heap.live().includes(place), heap.live().includes(used)]).toEqual([true, true]);
    used.pins--;
    expect([heap.live().includes(place), heap.live().includes(used)]).toEqual([true, false]);
  });

  it("what is in use beyond the soft limit stays where it is; with a limit that the user gave it is spilled", () => {
    for (const softLimit of [undefined, 100 * MB]) {
      const heap = heapWith(softLimit === undefined ? {} : { softLimit });
      const held = Array.from({ length: 20 }, (_, i) => put(heap, 15 * MB, i)); // 300 MB
      expect(heap.stats().residentBytes).toBeLessThanOrEqual(softLimit ?? 300 * MB);
      if (softLimit === undefined) expect(held.every((c) => c.address > 0)).toBe(true);
      held.forEach((c, i) => {
        expect(first(c)).toBe(i);
      });
    }
  });

  it("does not collect for each of many small arrays that weigh more than the hard limit", () => {
    const census = censusHere();
    let collections = 0;
    const counting: Census = {
      collects: true,
      add: (m) => census.add(m),
      ask: () => census.ask(),
      collect(all) {
        if (all) collections++;
        census.collect(all);
      },
    };
    const heap = new Heap({ census: counting, hardLimit: 4 * MB });
    const held = Array.from({ length: 1500 }, (_, i) => put(heap, 16, i)); // with what tells of their end, 12 MB
    expect(collections).toBeLessThan(3);
    expect(held.map(first)).toEqual(held.map((_, i) => i));
  });

  it("at the hard limit garbage goes first, then what is kept for later calls, then the oldest are spilled", () => {
    const heap = heapWith({ hardLimit: 24 * MB });
    const kept = heap.allocateBytes(4 * MB);
    let dropped = 0;
    heap.whenScarce(() => {
      heap.free(kept);
      dropped++;
    });
    const held = put(heap, 4 * MB, 7);
    for (let i = 0; i < 8; i++) put(heap, 6 * MB, i);
    expect([dropped, held.address > 0]).toEqual([0, true]);
    put(heap, 19 * MB, 1);
    expect([dropped, held.address > 0]).toEqual([1, false]);
    expect(first(held)).toBe(7);
  });
});
