/** A copy of an array inside a larger one of zeros: padding at both ends of every axis and holes between elements. */
import { type Dim, dimAdd, dimFloorDiv, dimMax, dimMin, dimMul, dimProduct, dimSame, dimSub } from "../ir/dim.js";
import type { DType } from "../ir/dtype.js";
import type { Program } from "../ir/program.js";
import type { TileAtom } from "../ir/tile.js";
import { TileBuilder } from "../ir/tile-builder.js";
import { ScalarCode } from "./scalar-code.js";

/** An axis of `size` elements, `dilation` apart, that starts at `low` (which may be negative: cut off) of `full`. */
export interface EmbeddedAxis {
  readonly size: Dim;
  readonly low: number;
  readonly dilation: number;
  readonly full: Dim;
}

export function isPlain(axis: EmbeddedAxis): boolean {
  return axis.low === 0 && dimSame(axis.full, axis.size) && axis.dilation === 1;
}

/** Refs: source in, copy out; the axes keep their order. */
export function embed(dtype: DType, axes: readonly EmbeddedAxis[]): Program<"tile"> {
  const t = new TileBuilder("pad");
  const k = new ScalarCode(t);
  const source = t.ref("x", dtype, "in", dimProduct(axes.map((a) => a.size)));
  const out = t.ref("y", dtype, "out", dimProduct(axes.map((a) => a.full)));
  // axes behind the last padded one move along with its elements
  let last = axes.length - 1;
  while (last > 0 && isPlain(axes[last])) last--;
  const run = dimProduct(axes.slice(last + 1).map((a) => a.size));
  const line = axes[last];
  const outer = axes.slice(0, last);
  const within = (sizes: readonly Dim[]): Dim[] =>
    outer.map((_, i) => dimMul(dimProduct(sizes.slice(i + 1, last + 1)), run));
  const from = within(axes.map((a) => a.size));
  const to = within(axes.map((a) => a.full));
  const zero = t.const(dtype === "i64" || dtype === "u64" ? 0n : 0, dtype);
  const clear = (start: TileAtom, count: Dim): void => {
    if (count !== 0) k.vectorFor(start, k.add(start, count), (i, w) => fill(i, w));
  };
  const fill = (i: TileAtom, w: number): void => {
    if (w === 1) t.store(out, i, zero);
    else t.store(out, i, t.const(zero.value, dtype, [w]), [1]);
  };
  const copy = (target: TileAtom, start: TileAtom, count: Dim): void => {
    const shift = k.sub(target, start);
    k.vectorFor(start, k.add(start, count), (i, w) => {
      const x = w === 1 ? t.load(source, i) : t.load(source, i, [w], [1]);
      t.store(out, k.add(i, shift), x, w === 1 ? [] : [1]);
    });
  };
  t.stage(
    outer.map((a) => a.full),
    (...ids) => {
      const target = ids.reduce<TileAtom>((at, id, i) => k.add(at, k.mul(id, to[i])), t.i32(0));
      let inside: TileAtom | undefined;
      const both = (x: TileAtom): void => {
        inside = inside ? k.and(inside, x) : x;
      };
      let place: TileAtom = t.i32(0);
      ids.forEach((id, i) => {
        const axis = outer[i];
        if (isPlain(axis)) {
          place = k.add(place, k.mul(id, from[i]));
          return;
        }
        const at = k.sub(id, axis.low);
        both(k.ge(at, 0));
        const element = axis.dilation === 1 ? at : k.div(at, axis.dilation);
        if (axis.dilation > 1) both(k.eq(k.rem(at, axis.dilation), 0));
        both(k.lt(element, axis.size));
        place = k.add(place, k.mul(element, from[i]));
      });
      const data = (): void => {
        const { low, dilation, size, full } = line;
        const first = Math.max(0, Math.ceil(-low / dilation));
        const beyond = dimMin(size, dimAdd(dimFloorDiv(dimSub(full, low + 1), dilation), 1));
        const count = dimMax(dimSub(beyond, first), 0);
        const begin = dimMin(low + first * dilation, full);
        if (count === 0 || dilation > 1) clear(target, dimMul(full, run));
        else {
          clear(target, dimMul(begin, run));
          const end = dimAdd(count, begin);
          clear(k.add(target, dimMul(end, run)), dimMul(dimSub(full, end), run));
        }
        if (count === 0) return;
        const head = k.add(target, dimMul(begin, run));
        const source0 = k.add(place, dimMul(first, run));
        if (dilation === 1) copy(head, source0, dimMul(count, run));
        else
          k.for(0, count, (i) =>
            copy(k.add(head, k.mul(i, dimMul(dilation, run))), k.add(source0, k.mul(i, run)), run),
          );
      };
      if (inside) t.if(inside, data, () => clear(target, dimMul(line.full, run)));
      else data();
    },
  );
  return t.finish();
}
