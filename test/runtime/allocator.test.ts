/** The allocator's invariants: blocks that are given out never overlap, everything given back is one block again. */
import { describe, expect, it } from "vitest";
import { Allocator, type Block } from "../../src/runtime/allocator.js";
import { mulberry } from "./random.js";

function checkDisjoint(live: ReadonlyMap<Block, number>, limit: number): void {
  const blocks = [...live].map(([b, bytes]) => [b.start, bytes]).sort((a, b) => a[0] - b[0]);
  blocks.forEach(([start, bytes], i) => {
    if (start % 64 !== 0) throw new Error(`${start} is not aligned`);
    if (start < 64) throw new Error("a null pointer was given out");
    const end = start + bytes;
    if (end > limit) throw new Error(`[${start}, ${end}) ends behind ${limit}`);
    const next = blocks[i + 1];
    if (next && next[0] < end) throw new Error(`[${start}, ${end}) overlaps ${next[0]}`);
  });
}

describe("allocator", () => {
  it.each([1, 2, 3, 4])("random allocation and release keep blocks apart (seed %i)", (seed) => {
    const random = mulberry(seed);
    const limit = 4 << 20;
    let length = 0;
    const a = new Allocator((bytes) => {
      if (bytes > limit) return false;
      length = Math.max(length, bytes);
      return true;
    });
    const live = new Map<Block, number>();
    let refused = 0;
    for (let step = 0; step < 20_000; step++) {
      if (live.size === 0 || random() < (step < 15_000 ? 0.52 : 0.3)) {
        const bytes = random() < 0.1 ? Math.floor(random() * 300_000) : Math.floor(random() * 2000);
        const at = a.allocate(bytes);
        if (at === undefined) {
          refused++;
          const victim = [...live.keys()][Math.floor(random() * live.size)];
          a.release(victim);
          live.delete(victim);
          continue;
        }
        expect(live.has(at)).toBe(false);
        live.set(at, Math.max(1, bytes));
      } else {
        const victim = [...live.keys()][Math.floor(random() * live.size)];
        a.release(victim);
        live.delete(victim);
      }
      if (step % 500 === 0) checkDisjoint(live, length);
    }
    checkDisjoint(live, length);
    expect(refused).toBeGreaterThan(0);
    const sum = [...live.values()].reduce((x, y) => x + Math.ceil(y / 64) * 64, 0);
    expect(a.usedBytes).toBeGreaterThanOrEqual(sum);
    for (const at of live.keys()) a.release(at);
    expect(a.usedBytes).toBe(0);
    // all neighbours were merged: the whole memory is one block, and one allocation takes it
    const whole = a.allocate(length - 1024);
    expect(whole?.start).toBe(1024);
    expect(a.allocate(limit)).toBeUndefined();
  });

  it("a block that was given back is used again before the memory grows", () => {
    let grown = 0;
    const a = new Allocator((bytes) => {
      grown = bytes;
      return true;
    });
    const first = a.allocate(1000) as Block;
    a.allocate(64);
    a.release(first);
    const before = grown;
    expect(a.allocate(900)?.start).toBe(first.start);
    expect(grown).toBe(before);
  });

  it("releasing twice does nothing", () => {
    const a = new Allocator(() => true);
    const x = a.allocate(100) as Block;
    a.release(x);
    a.release(x);
    expect(a.usedBytes).toBe(0);
    expect(a.allocate(100)?.start).toBe(1024);
  });
});
