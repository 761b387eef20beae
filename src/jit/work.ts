/** How much there is to compute in a program, and whether that is worth the optimising compiler's time before the first run. */
import type { Dim } from "../ir/dim.js";
import type { PlanStep } from "../ir/plan.js";
import { hintOf } from "../ir/size.js";
import type { TileAtom, TileProgram, TileStmt } from "../ir/tile.js";
import { timesOf } from "../ir/tile-rounds.js";
import { prod } from "../util/index.js";

type ValueOf = (d: Dim) => number;

/** Elementwise operations of all programs of a kernel; a loop whose length is not known beforehand counts once. */
export function operations(kernel: TileProgram, valueOf: ValueOf, weigh: (prim: string) => number = () => 1): number {
  const known = (a: TileAtom): number | undefined =>
    a.kind === "tilevar" ? undefined : a.kind === "tilesize" ? valueOf(a.size) : Number(a.value);
  // ends of loops are often their start and a constant
  const sums = new Map<TileAtom, { readonly of: TileAtom; readonly by: number }>();
  const trips = (start: TileAtom, end: TileAtom, step: number): number => {
    const sum = sums.get(end);
    const [first, last] = [known(start), known(end)];
    const length =
      first !== undefined && last !== undefined ? last - first : sum !== undefined && sum.of === start ? sum.by : step;
    return Math.max(0, Math.ceil(length / step));
  };
  const count = (body: readonly TileStmt[]): number => {
    let n = 0;
    for (const s of body) {
      if (s.kind === "op") {
        // scalar i32 arithmetic is about indices
        n += s.out.dtype === "i32" && s.out.shape.length === 0 ? 0 : prod(s.out.shape) * weigh(s.prim);
        const [of, by] = s.args;
        if (s.prim === "add" && by.kind === "tileconst") sums.set(s.out, { of, by: Number(by.value) });
        const bounded = s.prim === "min" ? sums.get(of) : undefined;
        if (bounded) sums.set(s.out, bounded);
      } else if (s.kind === "reduce") n += prod(s.arg.shape);
      else if (s.kind === "for") n += trips(s.start, s.end, s.step) * count(s.body);
      else if (s.kind === "while") n += count(s.cond) + count(s.body);
      else if (s.kind === "if") n += Math.max(count(s.then), count(s.else));
    }
    return n;
  };
  return kernel.stages.reduce((n, stage) => n + timesOf(stage) * prod(stage.grid.map(valueOf)) * count(stage.body), 0);
}

/** Operations of a run; loops of unknown length count once. */
function workOf(steps: readonly PlanStep[]): number {
  let sum = 0;
  for (const s of steps) {
    if (s.kind === "launch") sum += operations(s.kernel, hintOf, weight);
    else if (s.kind === "loop") sum += hintOf(s.length) * workOf(s.body);
    else if (s.kind === "while") sum += workOf(s.cond) + workOf(s.body);
    else if (s.kind === "switch") sum += Math.max(0, ...s.cases.map(workOf));
  }
  return sum;
}
/** Instructions of an operation, roughly. */
function weight(prim: string): number {
  return ONE.has(prim) ? 1 : 25;
}
const ONE: ReadonlySet<string> = new Set(
  (
    "neg abs sign floor ceil round not is_finite add sub mul div max min and or xor eq ne lt le gt ge select clamp sqrt rsqrt " +
    "convert_element_type bitcast_convert_type integer_pow shift_left shift_right_logical shift_right_arithmetic stop_gradient"
  ).split(" "),
);

/** Milliseconds that an operation takes longer in code that V8 made in haste (matrix product of 512: 11 ms for 2.7e8). */
const LOST = 4e-8;
/** Milliseconds of its optimising compiler, to begin with and for each byte of a module. */
const COST = 0.5;
const COST_OF_BYTE = 0.0004;
/** Runs until V8 itself would have optimised what is hot; long loops are never replaced while they run. */
const RUNS = 3;

/** Is less lost by optimising now than by running what is made in haste? */
export function worthOptimising(steps: readonly PlanStep[], bytes: number): boolean {
  return RUNS * LOST * workOf(steps) > COST + COST_OF_BYTE * bytes;
}
