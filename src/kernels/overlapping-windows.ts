/** The transpose of pooling where windows overlap or reach into padding, for many features side by side. */
import { type Dim, dimMul, dimProduct, isStatic } from "../ir/dim.js";
import { byteSize, type DType } from "../ir/dtype.js";
import type { ReductionOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";
import type { TileAtom } from "../ir/tile.js";
import { TileBuilder } from "../ir/tile-builder.js";
import { strides as placesOf } from "./contract/pack.js";
import { type Operand, ScalarCode } from "./scalar-code.js";
import type { WindowShapes } from "./window-shapes.js";
import { range, stridesOf } from "../util/index.js";

/** Refs as for the general kernel; undefined where windows slide along the last axis, whose neighbours are computed together. */
export function overlappingWindows(
  { windowDims, strides, padding, select }: ReductionOps["select_and_scatter_add"],
  shapes: WindowShapes,
  dtype: DType,
): Program<"tile"> | undefined {
  const last = shapes.operand.length - 1;
  const still = (i: number): boolean => windowDims[i] === 1 && strides[i] === 1 && padding[i].every((p) => p === 0);
  if (last < 0 || !still(last) || dtype === "f16" || dtype === "bf16") return undefined;
  const features = shapes.operand[last];
  if (!isStatic(features) || features < 4) return undefined;

  const t = new TileBuilder("select_and_scatter_add");
  const k = new ScalarCode(t);
  const source = t.ref("source", dtype, "in", dimMul(shapes.batch, dimProduct(shapes.source)));
  const operand = t.ref("operand", dtype, "in", dimMul(shapes.batch, dimProduct(shapes.operand)));
  const out = t.ref("out", dtype, "out", dimMul(shapes.batch, dimProduct(shapes.operand)));
  const zero = dtype === "i64" || dtype === "u64" ? 0n : 0;
  const [from, to] = [placesOf(shapes.source, 1), placesOf(shapes.operand, 1)];
  const grid = range(last).filter(still);
  const sliding = range(last).filter((i) => !still(i));
  const tapStrides = stridesOf(sliding.map((i) => windowDims[i]));
  const width = Math.min(32 / Math.max(4, byteSize(dtype)), features);
  const blocks = (body: (at: TileAtom, width: number) => void): void => {
    const whole = features - (features % width);
    k.for(0, whole, (i) => body(i, width), width);
    if (whole < features) body(k.i32(whole), features - whole);
  };
  const clear = (n: number, at: TileAtom): void => {
    if (n === sliding.length) blocks((i, w) => t.store(out, k.add(at, i), t.const(zero, dtype, [w]), [1]));
    else k.for(0, shapes.operand[sliding[n]], (i) => clear(n + 1, k.add(at, k.mul(i, to[sliding[n]]))));
  };

  t.stage(
    grid.map((i) => (i === 0 ? shapes.batch : shapes.operand[i])),
    (...ids) => {
      const flat = (s: readonly Dim[]): TileAtom =>
        ids.reduce<TileAtom>((at, id, i) => k.add(at, k.mul(id, s[grid[i]])), t.i32(0));
      clear(0, flat(to));
      /** `body` at each element of the window that lies inside: where it is, and its number in the window. */
      const taps = (
        corners: readonly TileAtom[],
        start: TileAtom,
        body: (at: TileAtom, tap: TileAtom) => void,
      ): void => {
        const level = (m: number, at: TileAtom, tap: TileAtom): void => {
          if (m === sliding.length) {
            body(at, tap);
            return;
          }
          const axis = sliding[m];
          const next = (o: Operand): void =>
            level(m + 1, k.add(at, k.mul(k.add(corners[m], o), to[axis])), k.add(tap, k.mul(o, tapStrides[m])));
          k.for(k.max(k.neg(corners[m]), 0), k.min(k.sub(shapes.operand[axis], corners[m]), windowDims[axis]), next);
        };
        level(0, start, k.i32(0));
      };
      const windows = (n: number, position: TileAtom, corners: readonly TileAtom[]): void => {
        if (n < sliding.length) {
          const axis = sliding[n];
          k.for(0, shapes.source[axis], (i) => {
            const corner = k.add(k.mul(i, strides[axis]), t.i32(-padding[axis][0]));
            windows(n + 1, k.add(position, k.mul(i, from[axis])), [...corners, corner]);
          });
          return;
        }
        blocks((c, w) => {
          const start = k.add(flat(to), c);
          const best = t.var(t.const(zero, dtype, [w]));
          const winner = t.var(t.const(-1, "i32", [w]));
          taps(corners, start, (at, tap) => {
            const x = t.load(operand, at, [w], [1]);
            // the first NaN wins over all, then the first extremum
            const beaten = t.op(select === "ge" ? "le" : "ge", [x, best]);
            const better = t.op("and", [t.op("eq", [best, best]), t.op("not", [beaten])]);
            const takes = t.op("or", [t.op("lt", [winner, t.const(0, "i32", [w])]), better]);
            t.assign(winner, t.op("select", [takes, tap, winner]));
            t.assign(best, t.op("select", [takes, x, best]));
          });
          const value = t.load(source, k.add(position, c), [w], [1]);
          taps(corners, start, (at, tap) => {
            const here = t.op("eq", [winner, tap]);
            const more = t.op("select", [here, value, t.const(zero, dtype, [w])]);
            t.store(out, at, t.op("add", [t.load(out, at, [w], [1]), more]), [1]);
          });
        });
      };
      windows(0, flat(from), []);
    },
  );
  t.notes.push(`windows of ${windowDims.join("×")}, ${width} features side by side`);
  return t.finish();
}
