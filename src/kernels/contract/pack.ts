/** Copies of one side of a contraction, tile by tile in the order in which tiles read it, converted once. */
import { type Dim, dimAtLeast, dimFloorDiv, dimMax, dimMin, dimMod, dimMul, dimProduct, dimSub } from "../../ir/dim.js";
import type { DType } from "../../ir/dtype.js";
import type { TileAtom, TileRef } from "../../ir/tile.js";
import type { Operand, ScalarCode } from "../scalar-code.js";
import { productOf, type SizedAxis, tileCount } from "./sized.js";
import { walk } from "./tile.js";

/** Row-major strides: the distance, in elements of `unit`, between neighbours along each axis. */
export function strides(sizes: readonly Dim[], unit: Dim): Dim[] {
  const result = new Array<Dim>(sizes.length);
  let stride = unit;
  for (let i = sizes.length - 1; i >= 0; i--) {
    result[i] = stride;
    stride = dimMul(stride, sizes[i]);
  }
  return result;
}

/** 1 from `least` on, else 0. */
export function reaches(size: Dim, least: number): Dim {
  return dimAtLeast(size, least) === true ? 1 : dimMin(dimFloorDiv(size, least), 1);
}

/** How the tiles of one side are found: strides of the grid's axes, of the tiles along the run, of the run and of k. */
export interface SideLayout {
  readonly ref: TileRef;
  readonly base: Dim;
  readonly batch: readonly Dim[];
  /** The axes of this side that are not cut into tiles. */
  readonly outer: readonly Dim[];
  /** From one tile to the next; null: tiles lie where their first row lies. */
  readonly tile: Dim | null;
  readonly run: { readonly size: Dim; readonly stride: Dim };
  readonly inner: readonly Dim[];
}

export interface PackedSide {
  readonly batch: readonly SizedAxis[];
  readonly outer: readonly SizedAxis[];
  readonly inner: readonly SizedAxis[];
  readonly height: number;
  /** 1 where the copy is read, 0 where it is not and need not be made. */
  readonly wanted: Dim;
}

/** Adds the stage that packs `side`; every tile is `height` elements of the run for each k. */
export function pack(
  k: ScalarCode,
  side: SideLayout,
  { batch, outer, inner, height, wanted }: PackedSide,
  dtype: DType,
): SideLayout {
  const { t } = k;
  const tiles = tileCount(side.run.size, height);
  const depth = productOf(inner);
  const sizes = [...batch, ...outer].map((a) => a.size);
  const steps = strides([...sizes, tiles], dimMul(depth, height));
  const tile = steps[sizes.length];
  const innerStrides = strides(
    inner.map((a) => a.size),
    height,
  );
  const ref = t.ref(
    `${side.ref.name}_packed`,
    dtype,
    "scratch",
    dimProduct([productOf([...batch, ...outer]), tiles, depth, height]),
  );
  const from = [...side.batch, ...side.outer];
  const axes = inner.map((a, i): SizedAxis => ({ size: a.size, lhs: side.inner[i], rhs: innerStrides[i], out: 0 }));
  const single = height === 1;
  t.stage([...sizes, dimMul(tiles, wanted)], (...ids) => {
    const id = ids[ids.length - 1];
    const first = k.mul(tileStart(k, id, side.run.size, height), side.run.stride);
    const source = sum(k, ids, [...from, 0], k.add(first, side.base));
    walk(k, axes, source, sum(k, ids, steps, 0), (a, b) => {
      const x = single ? t.load(side.ref, a) : t.load(side.ref, a, [height], [side.run.stride]);
      t.store(ref, b, t.convert(x, dtype), single ? [] : [1]);
    });
  });
  return {
    ref,
    base: 0,
    batch: steps.slice(0, batch.length),
    outer: steps.slice(batch.length, sizes.length),
    tile,
    run: { size: side.run.size, stride: 1 },
    inner: innerStrides,
  };
}

/** Adds the stage that copies `side` so that the inner axes of each element of the run lie one after the other. */
export function packInner(
  k: ScalarCode,
  side: SideLayout,
  { batch, outer, inner }: PackedSide,
  dtype: DType,
): SideLayout {
  const { t } = k;
  const depth = productOf(inner);
  const sizes = [...batch, ...outer].map((a) => a.size).concat(side.run.size);
  const steps = strides(sizes, depth);
  const innerStrides = strides(
    inner.map((a) => a.size),
    1,
  );
  const ref = t.ref(
    `${side.ref.name}_packed`,
    dtype,
    "scratch",
    dimProduct([productOf([...batch, ...outer]), side.run.size, depth]),
  );
  const last = inner.length - 1;
  const axes = inner
    .slice(0, last)
    .map((a, i): SizedAxis => ({ size: a.size, lhs: side.inner[i], rhs: innerStrides[i], out: 0 }));
  t.stage(sizes, (...ids) => {
    const source = sum(k, ids, [...side.batch, ...side.outer, side.run.stride], side.base);
    walk(k, axes, source, sum(k, ids, steps, 0), (a, b) => {
      k.vectorFor(0, inner[last].size, (i, width) => {
        const at = k.add(a, k.mul(i, side.inner[last]));
        const x = width === 1 ? t.load(side.ref, at) : t.load(side.ref, at, [width], [side.inner[last]]);
        t.store(ref, k.add(b, i), t.convert(x, dtype), width === 1 ? [] : [1]);
      });
    });
  });
  return {
    ref,
    base: 0,
    batch: steps.slice(0, batch.length),
    outer: steps.slice(batch.length, sizes.length - 1),
    tile: null,
    run: { size: side.run.size, stride: depth },
    inner: innerStrides,
  };
}

/** Tiles cover the run; the last one starts early rather than being cut. */
export function tileStart(k: ScalarCode, tile: Operand, size: Dim, height: number): TileAtom {
  const start = k.mul(tile, height);
  return dimMod(size, height) === 0 ? start : k.min(start, dimMax(dimSub(size, height), 0));
}
/** start + Σ ids[i] · strides[i]. */
export function sum(k: ScalarCode, ids: readonly TileAtom[], strides: readonly Dim[], start: Operand): TileAtom {
  return ids.reduce((at, id, i) => (strides[i] === 0 ? at : k.add(at, k.mul(id, strides[i]))), k.i32(start));
}
