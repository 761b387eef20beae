/**
 * About how long a program of a stage takes on one thread. It decides whether a stage is shared among threads, where a mistake by
 * a factor of two or three does no harm: so it counts operations and elements, and knows nothing of pipelines.
 */
import type { Dim } from "../ir/dim.js";
import { byteSize } from "../ir/dtype.js";
import { hintOf } from "../ir/size.js";
import type { TileAtom, TileStage, TileStmt } from "../ir/tile.js";
import { timesOf } from "../ir/tile-rounds.js";
import { prod } from "../util/index.js";

/** Nanoseconds of an operation on one 4-byte element in a vector register, and on a scalar. */
const VECTOR = 0.025;
const SCALAR = 0.2;
/** Nanoseconds to load or store a byte in sequence, and an element anywhere. */
const BYTE = 0.012;
const ANYWHERE = 1;
/** Nanoseconds of one turn of a loop, and turns of a loop whose length is not known. */
const TURN = 0.5;
const UNKNOWN_TURNS = 8;

/** In additions. Functions that are not here and not in SIMPLE are dear ones of the mathematical library. */
const WEIGHTS: Readonly<Record<string, number>> = {
  div: 4,
  sqrt: 4,
  rsqrt: 6,
  rem: 12,
  exp: 10,
  exp2: 10,
  expm1: 14,
  log: 14,
  log2: 14,
  log1p: 16,
  logistic: 14,
  tanh: 14,
  sin: 16,
  cos: 16,
  tan: 24,
  pow: 30,
  cbrt: 20,
  erf: 20,
  erfc: 24,
  erf_inv: 24,
  atan: 20,
  atan2: 24,
  asin: 20,
  acos: 20,
  sinh: 20,
  cosh: 20,
  asinh: 24,
  acosh: 24,
  atanh: 24,
};
const SIMPLE: ReadonlySet<string> = new Set(
  "neg abs sign floor ceil round not is_finite add sub mul max min and or xor eq ne lt le gt ge select clamp convert_element_type bitcast_convert_type integer_pow shift_left shift_right_logical shift_right_arithmetic population_count clz square".split(
    " ",
  ),
);
const DEAR = 60;

/** Index arithmetic, and comparisons of indices, on numbers. */
const INDEX: Readonly<Record<string, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => Math.trunc(a / b),
  rem: (a, b) => a % b,
  min: Math.min,
  max: Math.max,
  lt: (a, b) => Number(a < b),
  ge: (a, b) => Number(a >= b),
};

/** Nanoseconds of all programs of a stage on one thread, in all rounds. */
export function stageCost(stage: TileStage, sizeOf: (d: Dim) => number = hintOf): number {
  return timesOf(stage) * prod(stage.grid.map(sizeOf)) * programCost(stage, sizeOf);
}
/**
 * Nanoseconds of the first program, as if the others took as long; `sizeOf` says what named sizes are taken for. In rounds less and
 * less is left to do, most often of a triangle: there it is the mean of the first and the last program, and of an `if` whose outcome
 * the round decides, half is done.
 */
export function programCost(stage: TileStage, sizeOf: (d: Dim) => number = hintOf): number {
  if (stage.work) return stage.work.ns;
  if (!stage.rounds) return costAt(stage, sizeOf, () => 0);
  const last = costAt(stage, sizeOf, (axis) => sizeOf(stage.grid[axis]) - 1);
  return (costAt(stage, sizeOf, () => 0) + last) / 2;
}
function costAt(stage: TileStage, sizeOf: (d: Dim) => number, idOf: (axis: number) => number): number {
  const known = new Map<TileAtom, number>();
  const value = (a: TileAtom): number | undefined =>
    a.kind === "tileconst" ? Number(a.value) : a.kind === "tilesize" ? sizeOf(a.size) : known.get(a);
  const turns = (start: number | undefined, end: number | undefined, step: number): number =>
    start === undefined || end === undefined ? UNKNOWN_TURNS : Math.max(0, Math.ceil((end - start) / step));
  const moved = (shape: readonly number[], bytes: number): number =>
    shape.length === 0 ? SCALAR : prod(shape) * bytes * BYTE;
  const products = new Set<TileAtom>();
  const cost = (body: readonly TileStmt[]): number => {
    let ns = 0;
    for (let i = 0; i < body.length; i++) {
      const s = body[i];
      switch (s.kind) {
        case "op": {
          const { shape, dtype } = s.out;
          // a product that is added to a vector takes no time of its own, and many of them run side by side
          if (s.prim === "mul" && shape.length > 0) products.add(s.out);
          const isFused = s.prim === "add" && s.args.some((a) => products.has(a));
          const weight = isFused ? 0 : SIMPLE.has(s.prim) ? 1 : (WEIGHTS[s.prim] ?? DEAR);
          ns += weight * (shape.length === 0 ? SCALAR : (prod(shape) * VECTOR * Math.max(4, byteSize(dtype))) / 4);
          if (shape.length === 0 && s.args.length === 2 && s.args[0].dtype === "i32") {
            const [a, b] = s.args.map(value);
            if (a !== undefined && b !== undefined && s.prim in INDEX) known.set(s.out, INDEX[s.prim](a, b));
          }
          break;
        }
        case "program_id":
          known.set(s.out, idOf(s.axis));
          break;
        case "program_end":
          known.set(s.out, idOf(0) + 1);
          break;
        case "reduce":
          ns += prod(s.arg.shape) * VECTOR;
          break;
        case "scan":
          ns += 2 * prod(s.arg.shape) * VECTOR;
          break;
        case "load":
          ns += moved(s.out.shape, byteSize(s.ref.dtype));
          break;
        case "store":
          ns += moved(s.value.shape, byteSize(s.ref.dtype));
          break;
        case "load_at":
        case "store_at":
          ns += prod(s.index.shape) * ANYWHERE;
          break;
        case "for": {
          const start = value(s.start);
          if (start !== undefined) known.set(s.index, start);
          ns += turns(start, value(s.end), s.step) * (cost(s.body) + TURN);
          break;
        }
        case "while":
          ns += UNKNOWN_TURNS * (cost(s.cond) + cost(s.body) + TURN);
          break;
        case "if": {
          const test = value(s.test);
          if (test === undefined && stage.rounds) ns += (cost(s.then) + cost(s.else)) / 2;
          else if (test === undefined) ns += Math.max(cost(s.then), cost(s.else));
          else ns += cost(test === 0 ? s.else : s.then);
          break;
        }
      }
    }
    return ns;
  };
  return cost(stage.body) + TURN;
}
