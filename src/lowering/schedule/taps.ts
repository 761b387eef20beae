/**
 * A nest that sums products over a large space for a few taps of every feature (the gradient of a depthwise convolution's
 * filter): the taps are summed side by side, so that what they share is read once, row after row of the space.
 */
import { isStaticShape } from "../../ir/dim.js";
import { byteSize } from "../../ir/dtype.js";
import { staticSizes } from "../../ir/size.js";
import type { TileAtom } from "../../ir/tile.js";
import type { TileBuilder } from "../../ir/tile-builder.js";
import { ScalarCode } from "../../kernels/scalar-code.js";
import type { Affine, Loop } from "./affine.js";
import { plainLoad } from "./contract.js";
import { emitAtPoint } from "./at-point.js";
import type { RefOf } from "./emit.js";
import type { PreparedNest } from "./nest.js";
import type { LoadNode, Member } from "./node.js";
import { stridesOf } from "../../util/index.js";

const MOST_TAPS = 128;
/** Sums side by side. */
const MOST_SUMS = 9;
const FEW = 65536;
/** Features of one program. */
const GROUP = 32;

interface TapNest {
  readonly sum: Member;
  readonly operands: readonly [LoadNode, LoadNode];
  readonly taps: readonly Loop[];
  readonly features: Loop;
  readonly width: number;
}

function factorOf(a: Affine, loop: Loop): number {
  for (const t of a.terms) if (t.atom === loop) return staticSizes([t.factor])[0];
  return 0;
}
function extentOf(loop: Loop): number {
  return staticSizes([loop.extent])[0];
}

function matchTaps(nest: PreparedNest): TapNest | undefined {
  const sum = nest.members.find((m) => m.kind === "reduce");
  if (!sum || sum.combine !== "sum" || sum.payload || sum.valid || sum.dtype === "bool" || !nest.parallel)
    return undefined;
  if (nest.members.some((m) => m !== sum && m.kind !== "row")) return undefined;
  if (sum.node.kind !== "op" || sum.node.prim !== "mul") return undefined;
  const [lhs, rhs] = sum.node.args.map(plainLoad);
  const stored = nest.members.find((m) => m.store)?.store;
  if (!lhs || !rhs || !stored || nest.kept.length < 2 || nest.reduced.length === 0) return undefined;
  const places = [lhs.offset, rhs.offset, stored.offset];
  const dims = places.flatMap((a) => [a.constant, ...a.terms.map((t) => t.factor)]);
  if (!isStaticShape([...dims, ...[...nest.kept, ...nest.reduced].map((l) => l.extent)])) return undefined;
  const features = nest.kept[nest.kept.length - 1];
  const taps = nest.kept.slice(0, -1);
  const count = taps.reduce((n, l) => n * extentOf(l), 1);
  const steps = nest.reduced.reduce((n, l) => n * extentOf(l), 1);
  if (count > MOST_TAPS || steps < 8 * count || nest.points < FEW) return undefined;
  if (places.some((a) => factorOf(a, features) !== 1) || extentOf(taps[taps.length - 1]) > MOST_SUMS) return undefined;
  const most = 32 / Math.max(4, byteSize(sum.dtype));
  const width = [most, most / 2].find((w) => extentOf(features) % w === 0);
  return width === undefined ? undefined : { sum, operands: [lhs, rhs], taps, features, width };
}

/** Writes the nest if it is such a gradient. */
export function writeTaps(b: TileBuilder, nest: PreparedNest, refOf: RefOf): boolean {
  const found = matchTaps(nest);
  if (found) emitTapNest(b, nest, found, refOf);
  return found !== undefined;
}
function emitTapNest(b: TileBuilder, nest: PreparedNest, match: TapNest, refOf: RefOf): void {
  const { sum, operands, taps, features, width } = match;
  const k = new ScalarCode(b);
  const { dtype } = sum;
  const size = extentOf(features);
  const sizes = taps.map(extentOf);
  const places = stridesOf([...sizes, size], 1);
  const sums = b.ref(
    "sums",
    dtype,
    "scratch",
    sizes.reduce((n, t) => n * t, size),
  );
  // the innermost taps are written out
  let first = taps.length;
  let written = 1;
  while (first > 0 && written * sizes[first - 1] <= MOST_SUMS) written *= sizes[--first];
  const indices = sizes
    .slice(first)
    .reduce<number[][]>((list, n) => list.flatMap((l) => Array.from({ length: n }, (_, i) => [...l, i])), [[]]);
  const row = nest.reduced[nest.reduced.length - 1];
  const zero = b.const(dtype === "i64" || dtype === "u64" ? 0n : 0, dtype, [width]);
  const group = Math.min(size, GROUP);
  const open = new Map<Loop, TileAtom>();
  const walk = (loops: readonly Loop[], body: () => void): void => {
    const [loop, ...rest] = loops;
    if (!loop) {
      body();
      return;
    }
    k.for(0, extentOf(loop), (i) => {
      open.set(loop, i);
      walk(rest, body);
      open.delete(loop);
    });
  };
  const place = (a: Affine): TileAtom =>
    a.terms.reduce<TileAtom>(
      (at, { atom, factor }) => {
        const index = atom.kind === "loop" ? open.get(atom) : undefined;
        return index ? k.add(at, k.mul(index, staticSizes([factor])[0])) : at;
      },
      k.i32(staticSizes([a.constant])[0]),
    );
  const far = (strides: readonly number[], index: readonly number[]): number =>
    index.reduce((at, i, n) => at + i * strides[n], 0);
  /** The place among the sums of the first of the taps that are written out. */
  const sumAt = (c: TileAtom): TileAtom =>
    taps.slice(0, first).reduce<TileAtom>((at, l, i) => k.add(at, k.mul(open.get(l) ?? k.i32(0), places[i])), c);

  b.stage([Math.ceil(size / group)], (id) => {
    const from = k.mul(id, group);
    const to = size % group === 0 ? k.add(from, group) : k.min(k.add(from, group), size);
    const blocks = (body: (c: TileAtom) => void): void =>
      k.for(
        from,
        to,
        (c) => {
          open.set(features, c);
          body(c);
        },
        width,
      );
    blocks((c) =>
      walk(taps.slice(0, first), () => {
        for (const index of indices) b.store(sums, k.add(sumAt(c), far(places.slice(first), index)), zero, [1]);
      }),
    );
    walk(nest.reduced.slice(0, -1), () =>
      blocks((c) =>
        walk(taps.slice(0, first), () => {
          const parts = indices.map(() => b.var(zero));
          const bases = operands.map((o) => place(o.offset));
          k.for(0, extentOf(row), (i) => {
            const known = new Map<string, TileAtom>();
            const read = (n: number, index: readonly number[]): TileAtom => {
              const { view, offset } = operands[n];
              const ahead = far(
                taps.slice(first).map((l) => factorOf(offset, l)),
                index,
              );
              const key = `${n}+${ahead}`;
              const found = known.get(key);
              if (found) return found;
              const at = k.add(k.add(bases[n], k.mul(i, factorOf(offset, row))), ahead);
              const value = b.convert(b.load(refOf(view, "read"), at, [width], [1]), dtype);
              known.set(key, value);
              return value;
            };
            indices.forEach((index, t) => {
              b.assign(parts[t], b.add(parts[t], b.mul(read(0, index), read(1, index))));
            });
          });
          const at = indices.map((index) => k.add(sumAt(c), far(places.slice(first), index)));
          const totals = at.map((p, t) => b.add(b.load(sums, p, [width], [1]), parts[t]));
          totals.forEach((total, t) => b.store(sums, at[t], total, [1]));
        }),
      ),
    );
    blocks((c) =>
      walk(taps.slice(0, first), () => {
        for (const index of indices) {
          const point = new Map(open);
          taps.slice(first).forEach((l, i) => point.set(l, k.i32(index[i])));
          const value = b.load(sums, k.add(sumAt(c), far(places.slice(first), index)), [width], [1]);
          emitAtPoint(b, { ...nest, vector: features }, refOf, point, sum, value);
        }
      }),
    );
  });
  b.notes.push(`${sizes.join("×")} taps, ${written} summed side by side`);
}
