/** Long reductions are done in parts: for the sake of rounding, and so that several programs can share them. */
import { hintOf } from "../../ir/size.js";
import { isStatic } from "../../ir/dim.js";
import type { Loop } from "./affine.js";
import type { PreparedNest } from "./nest.js";

/** Steps from which a sum is done in parts. */
const LONG_SUM = 2048;
/** Points from which a reduction to scalars is shared by programs, and those of one of them, at least. */
const SHARED = 2 ** 17;
const SHARE = 2 ** 15;
const MOST_SHARES = 64;

/**
 * The loop of a long sum that is cut, and into how long parts, so that parts and what is in one are about as many. `rows`:
 * only so many iterations of the outermost reduced loop are done.
 */
export function longSum(nest: PreparedNest, rows?: number): { readonly loop: Loop; readonly size: number } | null {
  const { reduced, vector, width } = nest;
  const loops = reduced.filter((l) => l !== vector).reverse();
  if (vector && vector.reduced) loops.unshift(vector);
  const steps = (l: Loop): number => {
    const extent = rows !== undefined && l === reduced[0] ? rows : hintOf(l.extent);
    return l === vector ? Math.ceil(extent / width) : extent;
  };
  const total = loops.reduce((n, l) => n * steps(l), 1);
  if (total < LONG_SUM) return null;
  const target = 2 ** Math.round(Math.log2(total) / 2);
  let inside = 1;
  for (const loop of loops) {
    const n = steps(loop);
    if (inside * n >= target) {
      const size = Math.max(1, Math.floor(target / inside));
      return { loop, size: loop === vector ? size * width : size };
    }
    inside *= n;
  }
  return null;
}

/** How a reduction of everything is shared: by so many programs, each with `rows` iterations of the outermost loop. */
export function partsOf(nest: PreparedNest): { readonly programs: number; readonly rows: number } | null {
  const { reduced, members, vector, width, points } = nest;
  const [outermost] = reduced;
  if (points < SHARED || !reduced.every((l) => isStatic(l.extent))) return null;
  const simple = members.every(
    (m) =>
      m.kind !== "reduce" ||
      (m.payload === null && m.dtype !== "bool" && m.combine !== "argmax" && m.combine !== "argmin"),
  );
  if (!simple || !members.some((m) => m.kind === "reduce")) return null;
  const extent = hintOf(outermost.extent);
  const unit = outermost === vector ? width * 4 : 1;
  const shares = Math.min(MOST_SHARES, Math.floor(points / SHARE));
  const rows = Math.ceil(extent / shares / unit) * unit;
  const programs = Math.ceil(extent / rows);
  return programs < 2 ? null : { programs, rows };
}
