/** Offsets in one arena for blocks with lifetimes: as little memory as can be had by simple means. */
import type { Dim } from "../../ir/dim.js";
import type { SizedPlacement } from "../../ir/plan.js";

export interface ArenaBlock {
  readonly bytes: number;
  /** First and last position at which it is needed, both included. */
  readonly start: number;
  readonly end: number;
  offset: number;
}

/** A block's own alignment: vectors and cache lines for what is large, 16 bytes for scalars and other small things. */
function alignmentOf(bytes: number): number {
  return bytes < 64 ? 16 : 64;
}
function alignUp(n: number, to: number): number {
  return Math.ceil(n / to) * to;
}
function alignedBytes(bytes: number): number {
  return alignUp(bytes, alignmentOf(bytes));
}

/** The greatest sum of bytes alive at one position: no arena can be smaller. */
export function liveBound(blocks: readonly ArenaBlock[]): number {
  const changes = blocks.flatMap((b) => [
    { at: b.start, by: alignedBytes(b.bytes) },
    { at: b.end + 1, by: -alignedBytes(b.bytes) },
  ]);
  changes.sort((x, y) => x.at - y.at || x.by - y.by);
  let live = 0;
  let most = 0;
  for (const c of changes) {
    live += c.by;
    most = Math.max(most, live);
  }
  return most;
}

/** Bytes of its own that a thread may need; a loop whose iterations need more is not shared. */
export const MOST_OWN = 64 * 1024 ** 2;
/** Between what different threads write: two lines of a cache. */
const APART = 128;
const apart = (bytes: number): number => Math.ceil(bytes / APART) * APART;

interface PlacedParts {
  readonly bytes: number;
  readonly ownBytes: number;
  readonly bound: number;
}
/** Gives every block its offset: those of a thread's `own` in a part of the arena for themselves, at its end. */
export function placeParts(blocks: readonly (ArenaBlock & { readonly own: boolean })[]): PlacedParts {
  const own = blocks.filter((b) => b.own);
  if (own.length === 0) return { ...placeBlocks(blocks), ownBytes: 0 };
  const mine = placeBlocks(own);
  const rest = placeBlocks(blocks.filter((b) => !b.own));
  const ownBytes = apart(mine.bytes);
  return { bytes: apart(rest.bytes) + ownBytes, ownBytes, bound: rest.bound + mine.bound };
}

/** The same for blocks whose sizes depend on values given at run time: an arena for each combination of them. */
export function placeSized(
  blocks: readonly { readonly bytes: Dim; readonly start: number; readonly end: number; readonly own: boolean }[],
): SizedPlacement {
  const lives = blocks.map(({ bytes, start, end, own }) => ({ bytes, start, end, own }));
  const place = (valueOf: (d: Dim) => number) => {
    const placed = lives.map((b) => ({ ...b, bytes: valueOf(b.bytes), offset: 0 }));
    const { bytes, ownBytes, bound } = placeParts(placed.filter((b) => b.bytes > 0));
    return { bytes, ownBytes, liveBytes: bound, offsets: placed.map((b) => b.offset) };
  };
  return Object.assign(place, { blocks: lives });
}

/** Gives every block its offset; returns the size of the arena. */
export function placeBlocks(blocks: readonly ArenaBlock[]): { readonly bytes: number; readonly bound: number } {
  const bound = liveBound(blocks);
  const orders: ((x: ArenaBlock, y: ArenaBlock) => number)[] = [
    (x, y) => y.bytes - x.bytes || x.start - y.start,
    (x, y) => x.start - y.start || y.bytes - x.bytes,
    (x, y) => y.bytes * (y.end - y.start + 1) - x.bytes * (x.end - x.start + 1),
  ];
  let best: readonly number[] | undefined;
  let bytes = Number.POSITIVE_INFINITY;
  for (const order of orders) {
    const size = placeInOrder([...blocks].sort(order));
    if (size < bytes) {
      bytes = size;
      best = blocks.map((b) => b.offset);
    }
    if (bytes <= bound * 1.02) break;
  }
  blocks.forEach((b, i) => {
    b.offset = best?.[i] ?? 0;
  });
  return { bytes: best ? bytes : 0, bound };
}

/** Each block goes to the smallest gap between those placed before that are needed at the same time. */
function placeInOrder(order: readonly ArenaBlock[]): number {
  const placed: ArenaBlock[] = [];
  let size = 0;
  for (const block of order) {
    const bytes = alignedBytes(block.bytes);
    const alignment = alignmentOf(block.bytes);
    let end = 0;
    let at = -1;
    let smallest = Number.POSITIVE_INFINITY;
    for (const p of placed) {
      if (p.start > block.end || p.end < block.start) continue;
      const from = alignUp(end, alignment);
      const gap = p.offset - from;
      if (gap >= bytes && gap < smallest) {
        smallest = gap;
        at = from;
      }
      end = Math.max(end, p.offset + alignedBytes(p.bytes));
    }
    block.offset = at >= 0 ? at : alignUp(end, alignment);
    size = Math.max(size, block.offset + bytes);
    let i = placed.length;
    placed.push(block);
    for (; i > 0 && placed[i - 1].offset > block.offset; i--) placed[i] = placed[i - 1];
    placed[i] = block;
  }
  return size;
}
