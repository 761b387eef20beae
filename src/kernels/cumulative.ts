/**
 * Running sums, products, extrema and log-sum-exps along one axis: lines side by side, in vectors where memory allows, and
 * long lines in parts.
 */
import {
  type Dim,
  dimAdd,
  dimAtLeast,
  dimFloorDiv,
  dimMax,
  dimMul,
  dimProduct,
  dimSub,
  isStatic,
  leastOf,
  type Shape,
} from "../ir/dim.js";
import { type DType, isFloat } from "../ir/dtype.js";
import type { Program } from "../ir/program.js";
import { identityOf } from "../ir/reduce-op.js";
import type { ElementwisePrim, TileAtom, TileRef, TileVar } from "../ir/tile.js";
import { TileBuilder } from "../ir/tile-builder.js";
import { ScalarCode } from "./scalar-code.js";

export type CumulativeOp = "sum" | "prod" | "max" | "min" | "logsumexp";
export interface CumulativeSpec {
  readonly op: CumulativeOp;
  readonly dtype: DType;
  readonly shape: Shape;
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

/** Lines shorter than this are followed as they are. */
const LONG = 32768;
/** Lines from which there is enough to do side by side. */
const MANY_LINES = 8;
/** Elements of a part of a long line, roughly: what is read twice stays in the cache. */
const PART = 8192;

/** Refs: x in, y out, then scratch. */
export function cumulative(spec: CumulativeSpec): Program<"tile"> {
  const { op, shape, axis } = spec;
  const t = new TileBuilder(op === "logsumexp" ? "cumlogsumexp" : `cum${op}`);
  const lines = new Lines(new ScalarCode(t), spec);
  const { n, outer, inner } = lines;
  if (n === 0 || inner === 0) t.stage([0], () => {});
  else if (inner !== 1) lines.acrossColumns();
  else if (isStatic(n) && n >= LONG && isStatic(outer) && outer < MANY_LINES) lines.inParts(n, outer);
  else lines.along();
  t.notes.push(`${String(dimMul(outer, inner))} lines of ${String(shape[axis])}`);
  return t.finish();
}

/** A number of lines that one program follows at once, as blocks: `size` lines `apart` from one another, at each of `bases`. */
interface Bundle {
  readonly bases: readonly TileAtom[];
  readonly size: number;
  readonly apart: number;
}

class Lines {
  readonly n: Dim;
  readonly outer: Dim;
  readonly inner: Dim;
  readonly #x: TileRef;
  readonly #y: TileRef;
  readonly #step: Dim;
  readonly #accumulate: DType;

  constructor(
    readonly k: ScalarCode,
    readonly spec: CumulativeSpec,
  ) {
    const { dtype, shape, axis, reverse } = spec;
    this.n = shape[axis];
    this.outer = dimProduct(shape.slice(0, axis));
    this.inner = dimProduct(shape.slice(axis + 1));
    const size = dimProduct([this.outer, this.n, this.inner]);
    this.#x = k.t.ref("x", dtype, "in", size);
    this.#y = k.t.ref("y", dtype, "out", size);
    this.#step = reverse ? dimSub(0, this.inner) : this.inner;
    this.#accumulate = dtype === "f16" || dtype === "bf16" ? "f32" : dtype;
  }

  #read(ref: TileRef, at: TileAtom, size: number, apart: number): TileAtom {
    const { t } = this.k;
    return t.convert(size === 1 ? t.load(ref, at) : t.load(ref, at, [size], [apart]), this.#accumulate);
  }
  #write(ref: TileRef, at: TileAtom, value: TileAtom, size: number, apart: number): void {
    const { t } = this.k;
    t.store(ref, at, t.convert(value, ref.dtype), size === 1 ? [] : [apart]);
  }
  /** From position `start` to `end`, the states being what came before. */
  #walk({ bases, size, apart }: Bundle, states: readonly TileVar[], start: TileAtom | number, end: Dim): void {
    const { k } = this;
    k.for(start, end, (i) => {
      const places = bases.map((base) => k.add(base, k.mul(i, this.#step)));
      const values = places.map((at) => this.#read(this.#x, at, size, apart));
      states.forEach((state, line) => {
        k.t.assign(state, combine(k, this.spec.op, state, values[line]));
        this.#write(this.#y, places[line], state, size, apart);
      });
    });
  }
  /** Whole lines from their first elements on. */
  #follow(bundle: Bundle): void {
    const { bases, size, apart } = bundle;
    const states = bases.map((base): TileVar => {
      const first = this.#read(this.#x, base, size, apart);
      this.#write(this.#y, base, first, size, apart);
      return this.k.t.var(first);
    });
    this.#walk(bundle, states, 1, this.n);
  }
  /** `count` lines from `base` on: as one block where a step is dear, else side by side. */
  #bundle(base: TileAtom, count: number, apart: Dim): Bundle {
    if (this.spec.op === "logsumexp" && isStatic(apart)) return { bases: [base], size: count, apart };
    return { bases: Array.from({ length: count }, (_, i) => this.k.add(base, dimMul(i, apart))), size: 1, apart: 1 };
  }
  get #together(): number {
    return this.spec.op === "logsumexp" ? WIDTH : LINES;
  }
  get #first(): Dim {
    return this.spec.reverse ? dimMul(dimSub(this.n, 1), this.inner) : 0;
  }

  /** Neighbouring columns as one block; fewer than a block has, where their number is not known, one by one. */
  acrossColumns(): void {
    const { k, n, outer, inner } = this;
    const size = isStatic(inner) ? Math.min(WIDTH, inner) : WIDTH;
    k.t.stage([outer, dimFloorDiv(dimAdd(inner, WIDTH - 1), WIDTH)], (o, p) => {
      const base = k.add(k.mul(o, dimMul(n, inner)), this.#first);
      const block = (): void => {
        const column = k.min(k.mul(p, WIDTH), dimMax(dimSub(inner, size), 0));
        this.#follow({ bases: [k.add(base, column)], size, apart: 1 });
      };
      if (dimAtLeast(inner, size) === true) block();
      else
        k.t.if(k.ge(k.i32(inner), size), block, () =>
          k.for(0, inner, (column) => this.#follow({ bases: [k.add(base, column)], size: 1, apart: 1 })),
        );
    });
  }
  /** Some rows at once. */
  along(): void {
    const { k, n, outer } = this;
    const lines = Math.max(1, Math.min(this.#together, leastOf(outer)));
    k.t.stage([dimFloorDiv(dimAdd(outer, lines - 1), lines)], (p) => {
      // the last program starts early rather than late: lines that two programs follow get the same values twice
      const line = k.min(k.mul(p, lines), dimSub(outer, lines));
      this.#follow(this.#bundle(k.add(k.mul(line, n), this.#first), lines, n));
    });
  }

  /** Long lines in parts, which only their size decides: what each part comes to, what comes before it, then each part. */
  inParts(n: number, outer: number): void {
    const { k } = this;
    const { t } = k;
    const { op, reverse } = this.spec;
    const together = this.#together;
    const parts = Math.ceil(n / PART / together) * together;
    const length = Math.floor(n / parts);
    const totals = t.ref("totals", this.#accumulate, "scratch", outer * (parts + 1));
    const totalsOf = (line: TileAtom): TileAtom => k.mul(line, parts + 1);
    t.stage([outer, parts], (line, part) => {
      const at = k.mul(part, length);
      const start = k.add(k.mul(line, n), reverse ? k.sub(n - length, at) : at);
      t.store(totals, k.add(totalsOf(line), part), this.#total(start, length));
    });
    t.stage([outer], (line) => {
      const state = t.var(t.const(identity(op, this.#accumulate), this.#accumulate));
      k.for(0, parts, (i) => {
        const at = k.add(totalsOf(line), i);
        const part = t.load(totals, at);
        t.store(totals, at, state);
        t.assign(state, combine(k, op, state, part));
      });
      t.store(totals, k.add(totalsOf(line), parts), state);
    });
    t.stage([outer, parts / together], (line, group) => {
      const part = k.mul(group, together);
      const base = k.add(k.add(k.mul(line, n), this.#first), k.mul(part, dimMul(this.#step, length)));
      const bundle = this.#bundle(base, together, dimMul(this.#step, length));
      const states = bundle.bases.map((_, i) =>
        t.var(this.#read(totals, k.add(k.add(totalsOf(line), part), i), bundle.size, 1)),
      );
      this.#walk(bundle, states, 0, length);
    });
    const done = parts * length;
    if (done === n) return;
    t.stage([outer], (line) => {
      const base = k.add(k.mul(line, n), this.#first);
      const state = t.var(t.load(totals, k.add(totalsOf(line), parts)));
      this.#walk({ bases: [base], size: 1, apart: 1 }, [state], done, n);
    });
  }
  /** What `length` elements from `start` on come to. */
  #total(start: TileAtom, length: number): TileAtom {
    const { k } = this;
    const { t } = k;
    const end = k.add(start, length);
    if (this.spec.op !== "logsumexp") return this.#reduce(this.spec.op, start, end, (x) => x);
    const m = this.#reduce("max", start, end, (x) => x);
    const sum = this.#reduce("sum", start, end, (x) => t.op("exp", [k.sub(x, m)]));
    return k.select(t.op("is_finite", [m]), k.add(m, t.op("log", [sum])), m);
  }
  #reduce(
    op: Exclude<CumulativeOp, "logsumexp">,
    start: TileAtom,
    end: TileAtom,
    of: (x: TileAtom) => TileAtom,
  ): TileAtom {
    const { k } = this;
    const { t } = k;
    const first = identity(op, this.#accumulate);
    const wide = t.var(t.const(first, this.#accumulate, [WIDTH]));
    const single = t.var(t.const(first, this.#accumulate));
    k.vectorFor(
      start,
      end,
      (i, width) => {
        const state = width === 1 ? single : wide;
        t.assign(state, t.op(COMBINE[op], [state, of(this.#read(this.#x, i, width, 1))]));
      },
      WIDTH,
    );
    return t.op(COMBINE[op], [t.reduce(op, wide, 0), single]);
  }
}

/** What changes nothing that it is combined with: -0 in sums, so that a sum of zeros keeps its sign. */
function identity(op: CumulativeOp, dtype: DType): number | bigint | boolean {
  if (op === "sum" && isFloat(dtype)) return -0;
  return identityOf(op === "logsumexp" ? "max" : op, dtype);
}

function combine(k: ScalarCode, op: CumulativeOp, a: TileAtom, b: TileAtom): TileAtom {
  const { t } = k;
  if (op !== "logsumexp") return t.op(COMBINE[op], [a, b]);
  // m + log(1 + e^(least - m)); an infinite or NaN m is the result itself
  const m = k.max(a, b);
  const small = t.op("log1p", [t.op("exp", [k.sub(k.min(a, b), m)])]);
  return k.select(t.op("is_finite", [m]), k.add(m, small), m);
}
