/** The heap: spilling and reading back in under pressure, pins, donation, and a limit that leaves everything usable. */
import { describe, expect, it } from "vitest";
import { isTileworkError } from "../../src/diagnostics/error.js";
import { aval } from "../../src/ir/aval.js";
import { type ArrayCell, formatBytes, Heap } from "../../src/runtime/heap.js";
import { mulberry } from "./random.js";

const KB = 1024;
const MB = 1024 * KB;

function put(heap: Heap, values: readonly number[]): ArrayCell {
  const cell = heap.allocate(aval([values.length], "f32"));
  new Float32Array(heap.buffer, cell.address, values.length).set(values);
  return cell;
}
function big(heap: Heap, bytes: number, fill: number): ArrayCell {
  const cell = heap.allocate(aval([bytes / 4], "f32"));
  new Float32Array(heap.buffer, cell.address, bytes / 4).fill(fill);
  return cell;
}
const first = (c: ArrayCell): number => (c.read() as Float32Array)[0];
const codeOf = (f: () => unknown): string => {
  try {
    f();
  } catch (e) {
    if (isTileworkError(e)) return e.code;
    throw e;
  }
  return "no error";
};

describe("heap", () => {
  it("random arrays keep their values under constant pressure", () => {
    const heap = new Heap({ softLimit: 256 * KB, hardLimit: 2 * MB });
    const random = mulberry(7);
    const live = new Map<ArrayCell, number[]>();
    for (let step = 0; step < 4000; step++) {
      const r = random();
      if (r < 0.5 || live.size === 0) {
        const values = Array.from({ length: 1 + Math.floor(random() * 400) }, () => Math.fround(random()));
        live.set(put(heap, values), values);
      } else {
        const cells = [...live.keys()];
        const cell = cells[Math.floor(random() * cells.length)];
        if (r < 0.8) expect([...(cell.read() as Float32Array)]).toEqual(live.get(cell));
        else {
          cell.dispose();
          live.delete(cell);
        }
      }
    }
    for (const [cell, values] of live) expect([...(cell.read() as Float32Array)]).toEqual(values);
  });

  it("spills the least recently used first, and reads it back in when used", () => {
    const heap = new Heap({ softLimit: 1 * MB });
    const cells = Array.from({ length: 8 }, (_, i) => big(heap, 128 * KB, i));
    first(cells[0]); // the oldest was used just now
    big(heap, 128 * KB, 8);
    expect(cells[1].address).toBe(-1);
    expect(cells[0].address).toBeGreaterThan(0);
    expect(cells[7].address).toBeGreaterThan(0);
    expect(first(cells[1])).toBe(1);
    expect(cells[1].address).toBeGreaterThan(0);
    expect(cells.map(first)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it("pinned arrays stay where they are", () => {
    const heap = new Heap({ softLimit: 512 * KB });
    const pinned = big(heap, 128 * KB, 1);
    pinned.place.pins++;
    const at = pinned.address;
    for (let i = 0; i < 32; i++) big(heap, 128 * KB, i);
    expect(pinned.address).toBe(at);
    expect(first(pinned)).toBe(1);
    pinned.place.pins--;
    for (let i = 0; i < 32; i++) big(heap, 128 * KB, i);
    expect(pinned.address).toBe(-1);
  });

  it("the limit rises to what a program really uses", () => {
    const heap = new Heap({ softLimit: 512 * KB, hardLimit: 64 * MB });
    const working = Array.from({ length: 16 }, (_, i) => big(heap, 128 * KB, i));
    for (let round = 0; round < 20; round++) for (const c of working) first(c);
    const { pagedInBytes } = heap.stats();
    for (let round = 0; round < 20; round++) for (const c of working) first(c);
    expect(heap.stats().pagedInBytes).toBe(pagedInBytes); // nothing moves any more
    expect(working.every((c) => c.address > 0)).toBe(true);
  });

  it("what nobody refers to takes no memory, though nothing is ever disposed", () => {
    const heap = new Heap({ softLimit: 1 * MB });
    for (let i = 0; i < 2000; i++) big(heap, 64 * KB, i); // 128 MB in all
    expect(heap.stats().memoryBytes).toBeLessThan(4 * MB);
    expect(heap.stats().residentBytes).toBeLessThanOrEqual(1 * MB);
  });

  it("TW4001 at the hard limit; everything that was there can still be read, and smaller arrays still fit", () => {
    const heap = new Heap({ hardLimit: 4 * MB });
    const small = put(heap, [1, 2, 3]);
    const held = big(heap, 2 * MB, 5);
    held.place.pins++;
    expect(codeOf(() => heap.allocate(aval([1024, 1024], "f32")))).toBe("TW4001");
    held.place.pins--;
    expect(codeOf(() => heap.allocate(aval([4096, 1024], "f32")))).toBe("TW4001");
    expect([...(small.read() as Float32Array)]).toEqual([1, 2, 3]);
    expect(first(held)).toBe(5);
    expect(first(big(heap, 1 * MB, 6))).toBe(6);
    expect(() => heap.allocate(aval([1 << 20, 1 << 20], "f32"))).toThrow(
      /TW4001: no room for 4096\.0 GB \(f32\[1048576,1048576\]\)/,
    );
  });

  it("donation moves the block to the new array; the old one says so", () => {
    const heap = new Heap();
    const donor = put(heap, [1, 2, 3, 4]);
    const at = donor.address;
    const heir = heap.takeOver(donor, aval([2, 2], "f32"));
    expect(heir.address).toBe(at);
    expect([...(heir.read() as Float32Array)]).toEqual([1, 2, 3, 4]);
    expect(donor.disposed).toBe(true);
    expect(codeOf(() => donor.read())).toBe("TW1008");
    expect(heap.live()).toEqual([heir.place]);
  });

  it("disposed arrays say so, also when they were spilled before", () => {
    const heap = new Heap({ softLimit: 256 * KB });
    const a = big(heap, 128 * KB, 1);
    for (let i = 0; i < 8; i++) big(heap, 128 * KB, i);
    expect(a.address).toBe(-1);
    a.dispose();
    a.dispose();
    expect(a.place.spilled).toBeUndefined();
    expect(codeOf(() => a.read())).toBe("TW4003");
  });

  it("arrays without elements, and of every width", () => {
    const heap = new Heap({ softLimit: 64 * KB });
    const empty = heap.allocate(aval([0, 3], "f64"));
    const wide = heap.allocate(aval([2], "i64"));
    new BigInt64Array(heap.buffer, wide.address, 2).set([5n, -5n]);
    for (let i = 0; i < 8; i++) big(heap, 32 * KB, i);
    expect(wide.address).toBe(-1);
    expect(empty.read().length).toBe(0);
    expect([...(wide.read() as BigInt64Array)]).toEqual([5n, -5n]);
  });

  it("sizes are printed for people", () => {
    expect([0, 1023, 1536, 5 * MB, 3 * 1024 * MB].map(formatBytes)).toEqual([
      "0 bytes",
      "1023 bytes",
      "1.5 kB",
      "5.0 MB",
      "3.0 GB",
    ]);
  });
});
