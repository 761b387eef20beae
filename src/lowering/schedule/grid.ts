/** How the loops of a nest are cut into the programs of a grid. */
import { type Dim, dimFloorDiv, dimMax, dimProduct, isStatic } from "../../ir/dim.js";
import { hintOf } from "../../ir/size.js";
import type { Loop } from "./affine.js";
import { instructionsOf, type PreparedNest } from "./nest.js";

/** Below this many points a kernel is one program: splitting costs more than it gains. */
const SMALL = 16384;
/** Points of one program of a grid, roughly. */
const CHUNK = 8192;
/** Both are for bodies of a few instructions; of longer ones, fewer points. */
const SHORT_BODY = 16;
const MOST_EFFORT = 8;
/** Iterations of the outermost loop from which it is the grid by itself. */
const MANY = 16;
/** Rows of a tile of a transposition: elements of a cache line. */
export const TILE = 16;

export interface GridLoop {
  readonly loop: Loop;
  /** Iterations that one program does. */
  readonly rows: Dim;
}

/**
 * The outermost of the loops that may be cut, in chunks, or the two outermost where the first is short; none where one program
 * does everything. `across`: a loop that is walked tile by tile.
 */
export function gridOf(nest: PreparedNest, chunkable: readonly Loop[], across: Loop | null): readonly GridLoop[] {
  const { vector, width, points, nodes } = nest;
  if (nest.gpu) return chunkable.map((loop) => ({ loop, rows: 1 }));
  const all = [...nest.kept, ...nest.reduced];
  const effort = Math.min(MOST_EFFORT, Math.max(1, instructionsOf(nodes) / SHORT_BODY));
  const small = points * effort <= SMALL && all.every((l) => isStatic(l.extent));
  if (small || chunkable.length === 0) return [];
  /** Iterations of a loop that one program does, when `outside` is in the grid as well. */
  const chunkOf = (loop: Loop, outside?: Loop): Dim => {
    // columns of one program of many, which are run as one, are a block
    if (loop === vector && !nest.parallel) return width;
    const unit = loop === vector ? width * 4 : loop === across ? TILE : 1;
    const inside = all.filter((l) => l !== loop && l !== outside).map((l) => l.extent);
    if (unit === 1 && !inside.every(isStatic))
      return dimMax(dimFloorDiv(Math.floor(CHUNK / effort), dimMax(dimProduct(inside), 1)), 1);
    const per = inside.reduce<number>((n, d) => n * Math.max(hintOf(d), 1), 1);
    return Math.max(1, Math.round(CHUNK / effort / per / unit)) * unit;
  };
  const [first, second] = chunkable;
  if (hintOf(first.extent) < MANY && second !== undefined && first !== vector && nest.parallel)
    return [
      { loop: first, rows: 1 },
      { loop: second, rows: chunkOf(second, first) },
    ];
  return [{ loop: first, rows: chunkOf(first) }];
}
