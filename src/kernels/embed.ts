/** A copy of an array inside a larger one of zeros: padding at both ends of every axis and holes between elements. */
import { type Dim, dimProduct, dimSame } from "../ir/dim.js";
import type { DType } from "../ir/dtype.js";
import type { Program } from "../ir/program.js";
import { staticSizes } from "../ir/size.js";
import type { TileAtom } from "../ir/tile.js";
import { TileBuilder } from "../ir/tile-builder.js";

import { ScalarCode } from "./scalar-code.js";
import { prod, stridesOf } from "../util/index.js";

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
  const run = prod(staticSizes(axes.slice(last + 1).map((a) => a.size)));
  const [size, full] = staticSizes([axes[last].size, axes[last].full]);
  const line = { ...axes[last], size, full };
  const outer = axes.slice(0, last);
  // only the outermost size is no part of any stride
  const within = (sizes: readonly Dim[]): number[] => stridesOf([1, ...staticSizes(sizes.slice(1))], run);
  const from = within([...outer.map((a) => a.size), line.size]);
  const to = within([...outer.map((a) => a.full), line.full]);
  const zero = t.const(dtype === "i64" || dtype === "u64" ? 0n : 0, dtype);
  const clear = (start: TileAtom, count: number): void => {
    if (count > 0) k.vectorFor(start, k.add(start, count), (i, w) => fill(i, w));
  };
  const fill = (i: TileAtom, w: number): void => {
    if (w === 1) t.store(out, i, zero);
    else t.store(out, i, t.const(zero.value, dtype, [w]), [1]);
  };
  const copy = (target: TileAtom, start: TileAtom, count: number): void => {
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
        const first = Math.max(0, Math.ceil(-line.low / line.dilation));
        const beyond = Math.min(line.size, Math.floor((line.full - 1 - line.low) / line.dilation) + 1);
        const count = Math.max(0, beyond - first);
        const begin = line.low + first * line.dilation;
        if (count === 0 || line.dilation > 1) clear(target, line.full * run);
        else {
          clear(target, begin * run);
          clear(k.add(target, (begin + count) * run), (line.full - begin - count) * run);
        }
        if (count === 0) return;
        const head = k.add(target, begin * run);
        const source0 = k.add(place, first * run);
        if (line.dilation === 1) copy(head, source0, count * run);
        else
          k.for(0, count, (i) => copy(k.add(head, k.mul(i, line.dilation * run)), k.add(source0, k.mul(i, run)), run));
      };
      if (inside) t.if(inside, data, () => clear(target, line.full * run));
      else data();
    },
  );
  return t.finish();
}
