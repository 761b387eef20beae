/**
 * Stable radix sort of records that lie in several arrays: the keys' order becomes that of unsigned integers, whose digits
 * are sorted one after the other, the last first, by counting. Long lines only: the counts of all digits cost their share.
 */
import { type Dim, dimAdd, dimFloorDiv, dimMax, dimMin, dimMul, dimSub, isStatic } from "../ir/dim.js";
import type { DType } from "../ir/dtype.js";
import type { TileAtom, TileRef, TileVar } from "../ir/tile.js";
import type { Column } from "./merge-sort.js";
import type { Operand, ScalarCode } from "./scalar-code.js";

/** The bits of a key's order, and how many zeros stand below them. */
const SIGNIFICANT: Readonly<Record<DType, readonly [bits: number, below: number]>> = {
  bool: [1, 0],
  i8: [8, 0],
  u8: [8, 0],
  i16: [16, 0],
  u16: [16, 0],
  i32: [32, 0],
  u32: [32, 0],
  i64: [64, 0],
  u64: [64, 0],
  // as f32: sign, exponent and the bits of the mantissa that there can be
  bf16: [16, 16],
  f16: [19, 13],
  f32: [32, 0],
  f64: [64, 0],
  key: [0, 0],
};

interface Digit {
  /** Which column of the record. */
  readonly column: number;
  readonly shift: number;
  readonly bits: number;
}

/** Last key first, lowest digit first. */
function digitsOf(keys: readonly DType[], longTables: boolean): Digit[] {
  // tables that stay in the fastest cache, and are small beside the line
  const most = longTables ? 11 : 8;
  const digits: Digit[] = [];
  for (let column = keys.length - 1; column >= 0; column--) {
    const [bits, below] = SIGNIFICANT[keys[column]];
    const count = Math.ceil(bits / most);
    const size = Math.ceil(bits / count);
    for (let i = 0; i < count; i++) {
      digits.push({ column, shift: below + i * size, bits: Math.min(size, bits - i * size) });
    }
  }
  return digits;
}
/** An even number of them, so that passes to and fro end where they should: the widest in two halves. */
function evenly(digits: readonly Digit[]): readonly Digit[] {
  if (digits.length % 2 === 0) return digits;
  const at = digits.reduce((best, d, i) => (d.bits > digits[best].bits ? i : best), 0);
  const { column, shift, bits } = digits[at];
  const low = Math.floor(bits / 2);
  const halves = [
    { column, shift, bits: low },
    { column, shift: shift + low, bits: bits - low },
  ];
  return [...digits.slice(0, at), ...halves, ...digits.slice(at + 1)];
}

/** An integer of the key's order, when its bits are read as unsigned; both zeros are one, NaN comes last. */
function ordered(k: ScalarCode, x: TileAtom): TileAtom {
  const { t } = k;
  switch (x.dtype) {
    case "bool":
    case "u8":
    case "u16":
      return t.convert(x, "i32");
    case "i8":
      return k.add(t.convert(x, "i32"), 128);
    case "i16":
      return k.add(t.convert(x, "i32"), 32768);
    case "i32":
      return t.op("xor", [x, t.i32(-(2 ** 31))]);
    case "i64":
      return t.op("xor", [x, t.const(-(2n ** 63n), "i64")]);
    case "u32":
    case "u64":
    case "key":
      return x;
    default: {
      const wide = x.dtype === "f64";
      const float = wide ? x : t.convert(x, "f32");
      const integer = wide ? "i64" : "i32";
      const c = (v: bigint): TileAtom => t.const(wide ? v : Number(v), integer);
      const size = wide ? 64n : 32n;
      const bits = t.op("bitcast_convert_type", [float], { dtype: integer });
      const magnitude = t.op("and", [bits, c((1n << (size - 1n)) - 1n)]);
      const sign = t.op("shift_right_arithmetic", [bits, c(size - 1n)]);
      // sign and magnitude become a number of two's complement, whose zero is one; then the least of them becomes 0
      const number = t.sub(t.op("xor", [magnitude, sign]), sign);
      const key = t.op("xor", [number, c(-(1n << (size - 1n)))]);
      const infinity = c(wide ? 0x7ff0n << 48n : 0x7f80n << 16n);
      return k.select(t.op("gt", [magnitude, infinity]), c(-1n), key);
    }
  }
}

/** Lines from which on a line is worth several programs, where there are few of them. */
export const LONG = 1 << 16;
export const FEW_LINES = 8;
/** The length from which on longer tables of counts, for fewer passes, are small beside the line. */
export const LONG_TABLES = 1 << 14;
/** Elements of a part of a long line at least, and how many parts there are at most: each has its own counters. */
const PART = 1 << 14;
const MOST_PARTS = 16;

/** In how many parts a line of n elements is worked on; what there is to do decides, not the threads. */
export function partsOfLine(n: number, lines: Dim): number {
  if (n < LONG || !isStatic(lines) || lines >= FEW_LINES) return 1;
  return Math.min(MOST_PARTS, Math.floor(n / PART));
}
/** The same for lines that are long and few. */
const partsOfLong = (n: Dim): Dim => dimMax(1, dimMin(MOST_PARTS, dimFloorDiv(n, PART)));

/** Where one line's records are read at first, where they go, and the places between. */
export interface SortedLine {
  readonly source: (i: TileAtom) => TileAtom[];
  readonly target: readonly Column[];
  readonly spare: readonly Column[];
}

export class RadixSort {
  readonly #digits: readonly Digit[];
  readonly #evenDigits: readonly Digit[];
  readonly #buckets: number;

  constructor(
    readonly k: ScalarCode,
    readonly n: Dim,
    /** Dtypes of the first columns, by which the records are sorted. */
    readonly keys: readonly DType[],
    readonly descending = false,
    longTables = isStatic(n) && n >= LONG_TABLES,
  ) {
    this.#digits = digitsOf(keys, longTables);
    this.#evenDigits = evenly(this.#digits);
    this.#buckets = Math.max(...this.#digits.map((d) => 1 << d.bits));
  }

  /** The length of a line from which on this is quicker than merging; undefined for keys that have no digits. */
  static leastLength(keys: readonly DType[]): number | undefined {
    return keys.includes("key") ? undefined : Math.max(128, 32 * evenly(digitsOf(keys, false)).length);
  }
  /** Counters of one line each, for that many lines. */
  counters(lines: Dim): (line: TileAtom) => Column {
    const ref: TileRef = this.k.t.ref("counts", "i32", "scratch", dimMul(lines, this.#buckets));
    return (line) => ({ ref, base: this.k.mul(line, this.#buckets), stride: 1 });
  }

  /** Sorts records 0 … n-1, read by `source`, into `target`. */
  sort({ source, target, spare }: SortedLine, counts: Column): void {
    const { k, n } = this;
    const { t } = k;
    this.#evenDigits.forEach((digit, pass) => {
      const buckets = 1 << digit.bits;
      const to = pass % 2 === 0 ? spare : target;
      const read = pass === 0 ? source : this.#reader(pass % 2 === 0 ? target : spare);
      this.#count(read, digit, counts, 0, n);
      const sum = t.var(t.i32(0));
      k.for(0, buckets, (b) => this.#start(counts, b, sum));
      this.#move(read, to, digit, counts, 0, n);
    });
  }
  /**
   * The same with each line in parts, three stages for a digit: each part counts for itself, then the parts' places follow
   * each other within each bucket, so that the order is that of one program whatever the parts.
   */
  sortInParts(lines: number, lineOf: (line: TileAtom) => SortedLine): void {
    const { k, n } = this;
    const { t } = k;
    const parts = partsOfLong(n);
    const length = dimFloorDiv(dimSub(dimAdd(n, parts), 1), parts);
    const counters = this.counters(dimMul(lines, parts));
    const countersOf = (line: TileAtom, part: TileAtom): Column => counters(k.add(k.mul(line, parts), part));
    const last = this.#digits.length - 1;
    this.#digits.forEach((digit, pass) => {
      const buckets = 1 << digit.bits;
      // the last pass ends in the target
      const direct = (last - pass) % 2 === 0;
      const read = ({ source, target, spare }: SortedLine): SortedLine["source"] =>
        pass === 0 ? source : this.#reader(direct ? spare : target);
      const ends = (part: TileAtom): [TileAtom, TileAtom] => {
        const start = k.mul(part, length);
        return [start, k.min(k.add(start, length), n)];
      };
      t.stage([lines, parts], (line, part) => {
        this.#count(read(lineOf(line)), digit, countersOf(line, part), ...ends(part));
      });
      t.stage([lines], (line) => {
        const sum = t.var(t.i32(0));
        k.for(0, buckets, (b) => k.for(0, parts, (part) => this.#start(countersOf(line, part), b, sum)));
      });
      t.stage([lines, parts], (line, part) => {
        const { target, spare } = lineOf(line);
        this.#move(read(lineOf(line)), direct ? target : spare, digit, countersOf(line, part), ...ends(part));
      });
    });
  }
  #at(c: Column, i: TileAtom): TileAtom {
    return this.k.add(c.base, this.k.mul(i, c.stride));
  }
  #reader(from: readonly Column[]): SortedLine["source"] {
    return (i) => from.map((c) => this.k.t.load(c.ref, this.#at(c, i)));
  }
  /** How many records from `start` to `end` fall into each bucket. */
  #count(read: SortedLine["source"], digit: Digit, counts: Column, start: Operand, end: Operand): void {
    const { k } = this;
    const { t } = k;
    k.for(0, 1 << digit.bits, (b) => t.store(counts.ref, this.#at(counts, b), t.i32(0)));
    k.for(start, end, (i) => {
      const place = this.#at(counts, this.#digit(read(i)[digit.column], digit));
      t.store(counts.ref, place, k.add(t.load(counts.ref, place), 1));
    });
  }
  /** A bucket's count becomes its first place, and `sum` that of the next. */
  #start(counts: Column, bucket: TileAtom, sum: TileVar): void {
    const { k } = this;
    const { t } = k;
    const place = this.#at(counts, bucket);
    const count = t.load(counts.ref, place);
    t.store(counts.ref, place, sum);
    t.assign(sum, k.add(sum, count));
  }
  /** Records from `start` to `end` to the next free places of their buckets. */
  #move(
    read: SortedLine["source"],
    to: readonly Column[],
    digit: Digit,
    counts: Column,
    start: Operand,
    end: Operand,
  ): void {
    const { k } = this;
    const { t } = k;
    k.for(start, end, (i) => {
      const record = read(i);
      const place = this.#at(counts, this.#digit(record[digit.column], digit));
      const free = t.load(counts.ref, place);
      t.store(counts.ref, place, k.add(free, 1));
      to.forEach((c, a) => {
        t.store(c.ref, this.#at(c, free), record[a]);
      });
    });
  }
  #digit(key: TileAtom, { shift, bits }: Digit): TileAtom {
    const { k } = this;
    const { t } = k;
    const x = ordered(k, key);
    const low = shift === 0 ? x : t.op("shift_right_logical", [x, k.const(shift, x.dtype)]);
    const digit = t.op("and", [t.convert(low, "i32"), t.i32((1 << bits) - 1)]);
    return this.descending ? t.op("xor", [digit, t.i32((1 << bits) - 1)]) : digit;
  }
}
