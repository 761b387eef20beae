/** Running sums, products, extrema and log-sum-exps along one axis: lines side by side, in vectors where memory allows. */
import type { DType } from "../ir/dtype.js";
import type { Program } from "../ir/program.js";
import type { ElementwisePrim, TileAtom, TileVar } from "../ir/tile.js";
import { TileBuilder } from "../ir/tile-builder.js";
import { ScalarCode } from "./scalar-code.js";
import { prod } from "../util/index.js";

export type CumulativeOp = "sum" | "prod" | "max" | "min" | "logsumexp";
export interface CumulativeSpec {
  readonly op: CumulativeOp;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly axis: number;
  readonly reverse: boolean;
}

/** Elements of the inner axes that one program carries along. */
const WIDTH = 16;
/** Lines along the last axis that one program follows at once: their chains of additions overlap in time. */
const LINES = 4;

const COMBINE: Record<Exclude<CumulativeOp, "logsumexp">, ElementwisePrim> = {
  sum: "add",
  prod: "mul",
  max: "max",
  min: "min",
};

/** Refs: x in, y out. */
export function cumulative({ op, dtype, shape, axis, reverse }: CumulativeSpec): Program<"tile"> {
  const n = shape[axis];
  const outer = prod(shape.slice(0, axis));
  const inner = prod(shape.slice(axis + 1));
  const t = new TileBuilder(op === "logsumexp" ? "cumlogsumexp" : `cum${op}`);
  const k = new ScalarCode(t);
  const x = t.ref("x", dtype, "in", outer * n * inner);
  const y = t.ref("y", dtype, "out", outer * n * inner);
  const accumulate: DType = dtype === "f16" || dtype === "bf16" ? "f32" : dtype;
  const step = reverse ? -inner : inner;

  /** Follows lines from their first elements on: `size` neighbours as one block, at each of `bases`. */
  const follow = (bases: readonly TileAtom[], size: number): void => {
    const block = size === 1 ? [] : [size];
    const strides = size === 1 ? [] : [1];
    const read = (at: TileAtom): TileAtom => t.convert(t.load(x, at, block, strides), accumulate);
    const write = (at: TileAtom, value: TileAtom): void => t.store(y, at, t.convert(value, dtype), strides);
    const states = bases.map((base): TileVar => {
      const first = read(base);
      write(base, first);
      return t.var(first);
    });
    k.for(1, n, (i) => {
      const places = bases.map((base) => k.add(base, k.mul(i, step)));
      const values = places.map(read);
      states.forEach((state, line) => {
        t.assign(state, combine(k, op, state, values[line]));
        write(places[line], state);
      });
    });
  };
  const first = reverse ? (n - 1) * inner : 0;
  if (n === 0) {
    t.stage([0], () => {});
  } else if (inner === 1) {
    const lines = Math.min(LINES, outer);
    t.stage([Math.ceil(outer / LINES)], (p) => {
      // the last program starts early rather than late: lines that two programs follow get the same values twice
      const line = k.min(k.mul(p, LINES), outer - lines);
      const base = k.add(k.mul(line, n), first);
      follow(
        Array.from({ length: lines }, (_, i) => k.add(base, i * n)),
        1,
      );
    });
  } else {
    const size = Math.min(WIDTH, inner);
    t.stage([outer, Math.ceil(inner / WIDTH)], (o, p) => {
      const column = k.min(k.mul(p, WIDTH), inner - size);
      follow([k.add(k.add(k.mul(o, n * inner), column), first)], size);
    });
  }
  t.notes.push(`${outer * inner} lines of ${n}`);
  return t.finish();
}

function combine(k: ScalarCode, op: CumulativeOp, a: TileAtom, b: TileAtom): TileAtom {
  const { t } = k;
  if (op !== "logsumexp") return t.op(COMBINE[op], [a, b]);
  // m + log(1 + e^(least - m)); an infinite or NaN m is the result itself
  const m = k.max(a, b);
  const small = t.op("log1p", [t.op("exp", [k.sub(k.min(a, b), m)])]);
  return k.select(t.op("is_finite", [m]), k.add(m, small), m);
}
