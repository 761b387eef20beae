/**
 * Running sums, products, extrema and log-sum-exps along one axis. A line is followed block by block, each block being scanned in
 * registers; long lines are done in parts; columns are followed row by row, as they lie in memory. Steps of log-sum-exp are dear:
 * there lines go side by side.
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
import { byteSize, type DType, isFloat } from "../ir/dtype.js";
import type { Program } from "../ir/program.js";
import { identityOf } from "../ir/reduce-op.js";
import { staticSizes } from "../ir/size.js";
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
/** Lines along the last axis that one program follows at once where they are short: their chains of additions overlap in time. */
const LINES = 4;
/** Elements from which a line is scanned in blocks. */
const BLOCKS = 32;
/** Columns from which rows are followed as they lie in memory, and the fewest and the most columns of one program. */
const WIDE_ROWS = 128;
const LEAST_COLUMNS = 64;
const MOST_COLUMNS = 2048;
/** Rows that are followed at once: engines fetch ahead only within each. */
const TOGETHER = 4;

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
  else if (lines.hasWideRows()) lines.rowByRow();
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
  /** The type of what is combined: f32 extrema by keys, whole numbers in the order of the floats. */
  readonly #state: DType;

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
    const extremum = spec.op === "max" || spec.op === "min";
    this.#state = extremum && this.#accumulate === "f32" ? "i32" : this.#accumulate;
  }

  #read(ref: TileRef, at: TileAtom, size: number, apart: number): TileAtom {
    const { t } = this.k;
    const x = t.convert(size === 1 ? t.load(ref, at) : t.load(ref, at, [size], [apart]), this.#accumulate);
    return this.#state === this.#accumulate ? x : keyOf(t, x, this.spec.op === "max");
  }
  #write(ref: TileRef, at: TileAtom, value: TileAtom, size: number, apart: number): void {
    const { t } = this.k;
    const x = this.#state === this.#accumulate ? value : floatOf(t, value);
    t.store(ref, at, t.convert(x, ref.dtype), size === 1 ? [] : [apart]);
  }
  /** Elements of a block that is scanned: four registers. */
  get #block(): number {
    return byteSize(this.#accumulate) === 8 ? WIDTH / 2 : WIDTH;
  }
  /** Steps of log-sum-exp are dear, and short integers must be wrapped at each one of more steps. */
  get #inBlocks(): boolean {
    return this.spec.op !== "logsumexp" && byteSize(this.#accumulate) >= 4;
  }
  /** Lines from `bases` on, from position `start` to `end`, block by block; `states` are what came before. */
  #scan(bases: readonly TileAtom[], states: readonly TileVar[], start: TileAtom | number, end: Dim): void {
    const { k } = this;
    const { t } = k;
    const { op, reverse } = this.spec;
    if (op === "logsumexp") {
      this.#walk({ bases, size: 1, apart: 1 }, states, start, end);
      return;
    }
    const step = (i: TileAtom, width: number): void => {
      const places = bases.map((base) =>
        reverse ? k.sub(base, width === 1 ? i : k.add(i, width - 1)) : k.add(base, i),
      );
      const xs = places.map((at) => this.#read(this.#x, at, width, 1));
      const sums = xs.map((x, line) => t.op(COMBINE[op], [states[line], width === 1 ? x : t.scan(op, x, 0, reverse)]));
      sums.forEach((sum, line) => {
        t.assign(states[line], width === 1 ? sum : t.pick(sum, t.i32(reverse ? 0 : width - 1)));
        this.#write(this.#y, places[line], sum, width, 1);
      });
    };
    k.vectorFor(start, end, step, this.#block);
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

  hasWideRows(): boolean {
    const { dtype } = this.spec;
    const fits = isStatic(this.inner) && this.inner >= WIDE_ROWS && isStatic(this.outer) && isStatic(this.n);
    return fits && this.spec.op !== "logsumexp" && dtype === this.#accumulate && byteSize(dtype) >= 4;
  }
  /** Some columns, row by row: what was written last is what came before. */
  rowByRow(): void {
    const { k, n } = this;
    const { t } = k;
    const [columns, outer, length] = staticSizes([this.inner, this.outer, n]);
    const fair = outer < 4 ? Math.ceil(columns / 2 / WIDTH) * WIDTH : MOST_COLUMNS;
    const each = Math.max(LEAST_COLUMNS, Math.min(MOST_COLUMNS, fair));
    t.stage([outer, Math.ceil(columns / each)], (o, p) => {
      const start = k.mul(p, each);
      const end = columns % each === 0 ? k.add(start, each) : k.min(k.add(start, each), columns);
      const first = k.add(k.mul(o, dimMul(n, columns)), this.#first);
      const rows = (base: TileAtom, count: number, isFirst: boolean): void =>
        k.vectorFor(
          start,
          end,
          (c, width) => {
            const at = Array.from({ length: count }, (_, i) => k.add(k.add(base, k.mul(i, this.#step)), c));
            const load = (ref: TileRef, from: TileAtom): TileAtom =>
              width === 1 ? t.load(ref, from) : t.load(ref, from, [width], [1]);
            const xs = at.map((from) => load(this.#x, from));
            let before = isFirst ? undefined : load(this.#y, k.sub(at[0], this.#step));
            const sums = xs.map((x) => {
              before = before ? combine(k, this.spec.op, before, x) : x;
              return before;
            });
            sums.forEach((sum, i) => {
              t.store(this.#y, at[i], sum, width === 1 ? [] : [1]);
            });
          },
          this.#block,
        );
      rows(first, 1, true);
      const whole = 1 + Math.floor((length - 1) / TOGETHER) * TOGETHER;
      k.for(1, whole, (i) => rows(k.add(first, k.mul(i, this.#step)), TOGETHER, false), TOGETHER);
      if (whole < length) k.for(whole, length, (i) => rows(k.add(first, k.mul(i, this.#step)), 1, false));
    });
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
  /** Rows: long ones in blocks, short ones some at once. */
  along(): void {
    const { k, n, outer } = this;
    if (this.#inBlocks && (!isStatic(n) || n >= BLOCKS)) {
      // backwards, engines fetch too little ahead of one line
      const pair = this.spec.reverse ? Math.max(1, Math.min(LINES, leastOf(outer))) : 1;
      k.t.stage([dimFloorDiv(dimAdd(outer, pair - 1), pair)], (p) => {
        const line = pair === 1 ? p : k.min(k.mul(p, pair), dimSub(outer, pair));
        const base = k.add(k.mul(line, n), this.#first);
        const bases = Array.from({ length: pair }, (_, i) => k.add(base, dimMul(i, n)));
        const states = bases.map(() => k.t.var(this.#nothing()));
        this.#scan(bases, states, 0, n);
      });
      return;
    }
    const lines = Math.max(1, Math.min(this.#together, leastOf(outer)));
    k.t.stage([dimFloorDiv(dimAdd(outer, lines - 1), lines)], (p) => {
      // the last program starts early rather than late: lines that two programs follow get the same values twice
      const line = k.min(k.mul(p, lines), dimSub(outer, lines));
      this.#follow(this.#bundle(k.add(k.mul(line, n), this.#first), lines, n));
    });
  }

  #nothing(): TileAtom {
    return this.k.t.const(identity(this.spec.op, this.#state), this.#state);
  }

  /** Long lines in parts, which only their size decides: what each part comes to, what comes before it, then each part. */
  inParts(n: number, outer: number): void {
    const { k } = this;
    const { t } = k;
    const { op, reverse } = this.spec;
    const together = this.#inBlocks ? 1 : this.#together;
    const parts = Math.ceil(n / PART / together) * together;
    const length = Math.floor(n / parts);
    const totals = t.ref("totals", this.#state, "scratch", outer * (parts + 1));
    const totalsOf = (line: TileAtom): TileAtom => k.mul(line, parts + 1);
    t.stage([outer, parts], (line, part) => {
      const at = k.mul(part, length);
      const start = k.add(k.mul(line, n), reverse ? k.sub(n - length, at) : at);
      t.store(totals, k.add(totalsOf(line), part), this.#total(start, length));
    });
    t.stage([outer], (line) => {
      const state = t.var(this.#nothing());
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
      const before = k.add(totalsOf(line), part);
      if (this.#inBlocks) {
        this.#scan([base], [t.var(t.load(totals, before))], 0, length);
        return;
      }
      const bundle = this.#bundle(base, together, dimMul(this.#step, length));
      const states = bundle.bases.map((_, i) =>
        t.var(
          bundle.size === 1 ? t.load(totals, k.add(before, i)) : t.load(totals, k.add(before, i), [bundle.size], [1]),
        ),
      );
      this.#walk(bundle, states, 0, length);
    });
    const done = parts * length;
    if (done === n) return;
    t.stage([outer], (line) => {
      const base = k.add(k.mul(line, n), this.#first);
      const state = t.var(t.load(totals, k.add(totalsOf(line), parts)));
      this.#scan([base], [state], done, n);
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
    const first = identity(op, this.#state);
    const wide = t.var(t.const(first, this.#state, [WIDTH]));
    const single = t.var(t.const(first, this.#state));
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

/**
 * A whole number for each f32, in the order of the floats with -0 below 0: of negative ones all bits but the sign are turned. NaN is above
 * or below all others, as what must come of it.
 */
function keyOf(t: TileBuilder, x: TileAtom, greatest: boolean): TileAtom {
  const nan = t.const(greatest ? 0x7fc00000 : -0x80000000, "i32", x.shape);
  return t.op("select", [t.op("ne", [x, x]), nan, turned(t, t.op("bitcast_convert_type", [x], { dtype: "i32" }))]);
}
function floatOf(t: TileBuilder, key: TileAtom): TileAtom {
  return t.op("bitcast_convert_type", [turned(t, key)], { dtype: "f32" });
}
function turned(t: TileBuilder, bits: TileAtom): TileAtom {
  const by = (n: number): TileAtom => t.const(n, "i32", bits.shape);
  const sign = t.op("shift_right_arithmetic", [bits, by(31)]);
  return t.op("xor", [bits, t.op("shift_right_logical", [sign, by(1)])]);
}

function combine(k: ScalarCode, op: CumulativeOp, a: TileAtom, b: TileAtom): TileAtom {
  const { t } = k;
  if (op !== "logsumexp") return t.op(COMBINE[op], [a, b]);
  // m + log(1 + e^(least - m)); an infinite or NaN m is the result itself
  const m = k.max(a, b);
  const small = t.op("log1p", [t.op("exp", [k.sub(k.min(a, b), m)])]);
  return k.select(t.op("is_finite", [m]), k.add(m, small), m);
}
