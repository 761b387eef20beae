/** Windows written out as slices: for the few derivatives that no window primitive expresses. */
import type { Builder } from "../../ir/builder.js";
import { type Dim, dimAdd, dimSub, type Shape } from "../../ir/dim.js";
import type { Window } from "../../ir/ops/index.js";
import type { Atom } from "../../ir/program.js";
import { dilate } from "./emit.js";
import { range } from "../../util/index.js";

/** Every place of a window, in row-major order. */
function offsets(windowDims: readonly number[]): number[][] {
  return windowDims.reduce<number[][]>((all, n) => all.flatMap((o) => range(n).map((i) => [...o, i])), [[]]);
}

function padded(shape: Shape, w: Window): Dim[] {
  return shape.map((n, i) => dimAdd(dilate(n, w.baseDilation[i]), w.padding[i][0] + w.padding[i][1]));
}

function counts(shape: Shape, result: Shape, w: Window, offset: readonly number[]) {
  const start = offset.map((o, i) => o * w.windowDilation[i]);
  const span = result.map((n, i) => dilate(n, w.strides[i]));
  const limit = span.map((n, i) => dimAdd(n, start[i]));
  return { start, limit, rest: padded(shape, w).map((n, i) => dimSub(n, limit[i])) };
}

/** What each place of the window reads, stacked on a new last axis; `pad` stands outside. */
export function windowPatches(b: Builder, x: Atom, w: Window, pad: number, result = windowShape(b, x, w)): Atom {
  const { shape, dtype } = x.aval;
  const wide = b.emit1("pad", [x, b.scalar(pad, dtype)], {
    low: w.padding.map((p) => p[0]),
    high: w.padding.map((p) => p[1]),
    interior: w.baseDilation.map((d) => d - 1),
  });
  const parts = offsets(w.windowDims).map((offset) => {
    const { start, limit } = counts(shape, result, w, offset);
    return b.reshape(b.emit1("slice", [wide], { start, limit, strides: w.strides }), [...result, 1]);
  });
  return parts.length === 1 ? parts[0] : b.emit1("concatenate", parts, { axis: result.length });
}

/** The transpose of `windowPatches`: puts each place of the window back where it was read and adds. */
export function unpatch(b: Builder, patches: Atom, shape: Shape, w: Window): Atom {
  const { dtype } = patches.aval;
  const result = patches.aval.shape.slice(0, -1);
  const zero = b.scalar(0, dtype);
  const parts = offsets(w.windowDims).map((offset, k) => {
    const { start, rest } = counts(shape, result, w, offset);
    const one = b.emit1("slice", [patches], {
      start: [...result.map(() => 0), k],
      limit: [...result, k + 1],
      strides: [...result.map(() => 1), 1],
    });
    return b.emit1("pad", [b.reshape(one, result), zero], {
      low: start,
      high: rest,
      interior: w.strides.map((s) => s - 1),
    });
  });
  const wide = parts.reduce<Atom>((x, y) => b.add(x, y), b.full(padded(shape, w), 0, dtype));
  const cropped = b.emit1("pad", [wide, zero], {
    low: w.padding.map((p) => -p[0]),
    high: w.padding.map((p) => -p[1]),
    interior: shape.map(() => 0),
  });
  return b.emit1("slice", [cropped], { start: shape.map(() => 0), limit: cropped.aval.shape, strides: w.baseDilation });
}

/** The shape of a window reduction's result, as abstract evaluation has it. */
function windowShape(b: Builder, x: Atom, w: Window): Shape {
  const probe = b.eqns.length;
  const { shape } = b.emit1("reduce_window", [x], { ...w, op: "sum" }).aval;
  b.eqns.length = probe; // only its type was wanted
  return shape;
}
