/** The transpose of pooling where windows neither overlap nor reach into padding: each decides about its own elements, many side by side. */
import { type Dim, dimAdd, dimAtLeast, dimEqual, dimMul, dimProduct, dimSub, isStatic } from "../ir/dim.js";
import { byteSize, type DType } from "../ir/dtype.js";
import type { ReductionOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";
import type { TileAtom } from "../ir/tile.js";
import { TileBuilder } from "../ir/tile-builder.js";
import { strides as placesOf } from "./contract/pack.js";
import { ScalarCode } from "./scalar-code.js";
import type { WindowShapes } from "./window-shapes.js";
import { prod } from "../util/index.js";

/** Windows of at most so many elements: each is a comparison that is kept until the end. */
const MOST_TAPS = 16;

/** undefined where windows overlap, reach out, or slide along the last axis, whose neighbours are computed together. */
export function disjointWindows(
  { windowDims, strides, padding, select }: ReductionOps["select_and_scatter_add"],
  shapes: WindowShapes,
  dtype: DType,
): Program<"tile"> | undefined {
  const rank = shapes.operand.length;
  const last = rank - 1;
  const taps = prod(windowDims);
  const along = (i: number): boolean =>
    padding[i].every((p) => p === 0) &&
    strides[i] >= windowDims[i] &&
    dimAtLeast(shapes.operand[i], dimAdd(dimMul(dimSub(shapes.source[i], 1), strides[i]), windowDims[i])) === true;
  if (rank === 0 || taps > MOST_TAPS || windowDims[last] !== 1 || strides[last] !== 1) return undefined;
  if (shapes.operand.length === 0 || !shapes.operand.every((_, i) => along(i))) return undefined;
  const features = shapes.operand[last];
  if (!isStatic(features) || features < 4) return undefined;

  const t = new TileBuilder("select_and_scatter_add");
  const k = new ScalarCode(t);
  const source = t.ref("source", dtype, "in", dimMul(shapes.batch, dimProduct(shapes.source)));
  const operand = t.ref("operand", dtype, "in", dimMul(shapes.batch, dimProduct(shapes.operand)));
  const out = t.ref("out", dtype, "out", dimMul(shapes.batch, dimProduct(shapes.operand)));
  const zero = dtype === "i64" || dtype === "u64" ? 0n : 0;
  const [from, to] = [placesOf(shapes.source, 1), placesOf(shapes.operand, 1)];
  const axes = shapes.operand.slice(0, last).map((_, i) => i);
  const still = (i: number): boolean => windowDims[i] === 1 && strides[i] === 1;
  const grid = axes.filter(still);
  const sliding = axes.filter((i) => !still(i));
  // from an element of a window to the others, in row-major order
  const offsets = windowDims.reduce<Dim[]>(
    (list, n, i) => list.flatMap((at) => Array.from({ length: n }, (_, o) => dimAdd(at, dimMul(to[i], o)))),
    [0],
  );
  const widest = (taps <= 4 ? 64 : taps <= 9 ? 32 : 16) / Math.max(4, byteSize(dtype));
  const width = Math.min(widest, features);

  /** `body` for the blocks of a row of features. */
  const blocks = (body: (at: TileAtom, width: number) => void): void => {
    const whole = features - (features % width);
    if (whole > 0) t.for(t.i32(0), t.i32(whole), width, (i) => body(i, width));
    if (whole < features) body(t.i32(whole), features - whole);
  };
  const window = (position: TileAtom, corner: TileAtom): void =>
    blocks((i, n) => {
      const at = k.add(corner, i);
      let best = t.load(operand, at, [n], [1]);
      // which elements beat all before them: the last such one is the window's. A NaN beats numbers, nothing beats a NaN
      const takes = offsets.slice(1).map((offset) => {
        const x = t.load(operand, k.add(at, offset), [n], [1]);
        const beaten = t.op(select === "ge" ? "le" : "ge", [x, best]);
        const better = t.op("and", [t.op("eq", [best, best]), t.op("not", [beaten])]);
        best = t.op("select", [better, x, best]);
        return better;
      });
      const nothing = t.const(zero, dtype, [n]);
      const value = t.op("add", [t.load(source, k.add(position, i), [n], [1]), nothing]);
      let later: TileAtom | undefined;
      for (let tap = offsets.length - 1; tap >= 0; tap--) {
        const own: TileAtom | undefined = takes[tap - 1];
        const free: TileAtom | undefined = later && t.op("not", [later]);
        const here = own && free ? t.op("and", [own, free]) : (own ?? free);
        t.store(out, k.add(at, offsets[tap]), here ? t.op("select", [here, value, nothing]) : value, [1]);
        later = own && later ? t.op("or", [own, later]) : (own ?? later);
      }
    });
  const walk = (n: number, position: TileAtom, corner: TileAtom): void => {
    if (n === sliding.length) {
      window(position, corner);
      return;
    }
    const axis = sliding[n];
    k.for(0, shapes.source[axis], (i) =>
      walk(n + 1, k.add(position, k.mul(i, from[axis])), k.add(corner, k.mul(i, dimMul(to[axis], strides[axis])))),
    );
  };
  /** What no window covers. */
  const clear = (n: number, at: TileAtom): void => {
    if (n === sliding.length) blocks((i, w) => t.store(out, k.add(at, i), t.const(zero, dtype, [w]), [1]));
    else k.for(0, shapes.operand[sliding[n]], (i) => clear(n + 1, k.add(at, k.mul(i, to[sliding[n]]))));
  };

  t.stage(
    grid.map((i) => (i === 0 ? shapes.batch : shapes.operand[i])),
    (...ids) => {
      const flat = (s: readonly Dim[]): TileAtom =>
        ids.reduce<TileAtom>((at, id, i) => k.add(at, k.mul(id, s[grid[i]])), t.i32(0));
      if (sliding.some((i) => dimEqual(dimMul(shapes.source[i], windowDims[i]), shapes.operand[i]) !== true))
        clear(0, flat(to));
      walk(0, flat(from), flat(to));
    },
  );
  t.notes.push(`windows of ${windowDims.join("×")}, apart from each other`);
  return t.finish();
}
