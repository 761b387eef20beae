/**
 * How far rounding can move a program's results: the interpreter with every rounded value moved by about one unit in the
 * last place, at random. Two correct computations of an ill-conditioned program (a factorisation of a nearly singular
 * matrix, a comparison of equals) may differ by as much, whatever tolerance suits others.
 */
import type { NDArray } from "../../../src/interpreter/array.js";
import { interpret } from "../../../src/interpreter/index.js";
import type { Aval } from "../../../src/ir/aval.js";
import { Builder } from "../../../src/ir/builder.js";
import { dimProduct } from "../../../src/ir/dim.js";
import { type DType, isFloat } from "../../../src/ir/dtype.js";
import { familyOf } from "../../../src/ir/ops/families.js";
import { type AnyEqn, type Atom, isVar, type Program, type Var } from "../../../src/ir/program.js";
import { mapPrograms } from "../../../src/ir/rewrite.js";
import { Rng } from "../random.js";

type Core = Program<"core">;

/** 1 + ULP is the next number after 1. */
const ULP: Partial<Record<DType, number>> = { f64: 2 ** -52, f32: 2 ** -23, f16: 2 ** -10, bf16: 2 ** -7 };

const ROUNDED: ReadonlySet<string> = new Set(["elementwise", "reduction", "contraction", "linalg"]);
/** What gives one of its operands, or a whole number, is exact. */
const EXACT: ReadonlySet<string> = new Set(
  (
    "neg abs sign floor ceil round max min select clamp stop_gradient nextafter " +
    "reduce_max reduce_min cummax cummin select_and_gather_add"
  ).split(" "),
);
function isRounded(eqn: AnyEqn): boolean {
  return (ROUNDED.has(familyOf(eqn.prim)) && !EXACT.has(eqn.prim)) || eqn.prim === "scatter_add";
}

/**
 * `loose`: floats that are nearly equal count as equal. Noise hardly ever makes two floats the same, but a computation that
 * happens to be exact (log(0.5 + 0.5) = 0) does.
 */
function jittered(p: Core, rng: Rng, loose: boolean): Core {
  const b = new Builder();
  const env = new Map<Var, Atom>(p.inputs.map((v) => [v, b.input(v.aval, v.name)]));
  const read = (a: Atom): Atom => (isVar(a) ? (env.get(a) ?? a) : a);
  for (const old of p.eqns) {
    const eqn = mapPrograms(old, (q) => jittered(q, rng, loose));
    const inputs = eqn.inputs.map(read);
    const results = b.emit(eqn.prim, inputs, eqn.params as never);
    if (loose && (eqn.prim === "eq" || eqn.prim === "ne") && isFloat(inputs[0].aval.dtype)) {
      const near = nearlyEqual(b, inputs[0], inputs[1]);
      env.set(
        eqn.outputs[0],
        eqn.prim === "eq" ? b.op("or", results[0], near) : b.op("and", results[0], b.op("not", near)),
      );
      continue;
    }
    eqn.outputs.forEach((v, i) => {
      const moves = isRounded(eqn) && isFloat(v.aval.dtype);
      env.set(v, moves ? b.mul(results[i], nearlyOne(b, v.aval, rng.uniform(1, 100))) : results[i]);
    });
  }
  return b.finish(p.outputs.map(read), p.name);
}
/** Between 1 - ULP and 1 + ULP, another number for each element. */
function nearlyOne(b: Builder, { shape, dtype }: Aval, phase: number): Atom {
  const size = dimProduct(shape);
  const at = b.iota([size], 0, "f64");
  const full = (x: number): Atom => b.full([size], x, "f64");
  const wave = b.op("sin", b.mul(b.add(at, full(phase)), full(12.9898)));
  const factor = b.add(full(1), b.mul(wave, full(ULP[dtype] ?? 0)));
  return b.reshape(b.convert(factor, dtype), shape);
}

/** Within a few units in the last place of numbers about as large as they and 1. */
function nearlyEqual(b: Builder, x: Atom, y: Atom): Atom {
  const size = b.add(b.fullLike(x, 1), b.add(b.op("abs", x), b.op("abs", y)));
  const bound = b.mul(b.fullLike(x, 8 * (ULP[x.aval.dtype] ?? 0)), size);
  return b.op("le", b.op("abs", b.sub(x, y)), bound);
}

const SAMPLES = 8;
/** The implementation has more roundings than the program has equations. */
const MARGIN = 16;

/** Are the differences no larger than what rounding makes of this program? */
export function roundingExplains(
  program: Core,
  inputs: readonly NDArray[],
  actual: readonly NDArray[],
  expected: readonly NDArray[],
): boolean {
  const type = (x: NDArray): string => `${x.dtype}[${x.shape.join()}]`;
  if (actual.map(type).join() !== expected.map(type).join()) return false;
  const samples = Array.from({ length: SAMPLES }, (_, k) =>
    interpret(jittered(program, new Rng(k + 1), k % 2 === 1), inputs),
  );
  return expected.every((y, o) => {
    const sample = samples.map((s) => s[o]);
    if (!isFloat(y.dtype)) {
      return y.data.every((e, i) => actual[o].data[i] === e || sample.some((s) => s.data[i] !== e));
    }
    const gap = (x: NDArray): number => {
      let most = 0;
      for (let i = 0; i < y.data.length; i++) {
        const d = Math.abs(Number(x.data[i]) - Number(y.data[i]));
        if (!Object.is(x.data[i], y.data[i]) && !(d <= most)) most = Number.isNaN(d) ? Number.POSITIVE_INFINITY : d;
      }
      return most;
    };
    return gap(actual[o]) <= MARGIN * Math.max(...sample.map(gap).filter(Number.isFinite), 0);
  });
}
