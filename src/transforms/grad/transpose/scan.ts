/**
 * The transpose of a scan runs the other way. Its carry holds the cotangents of the carry and, for operands that every
 * step reads, the sums of what the steps contributed; residuals are read as they were written.
 */
import type { Builder } from "../../../ir/builder.js";
import { Builder as Body } from "../../../ir/builder.js";
import type { Aval } from "../../../ir/aval.js";
import { aval } from "../../../ir/aval.js";
import type { ControlOps } from "../../../ir/ops/index.js";
import type { Atom, Program } from "../../../ir/program.js";
import { instantiate, type MaybeZero, strong, zeros } from "../emit.js";
import { count, fill, keep, split } from "../programs.js";
import type { Operand, TransposeContext, Transposed, TransposeOptions } from "./rule.js";

const present = (xs: readonly MaybeZero[]): Atom[] => xs.filter((x) => x !== null);
const nonzero = (xs: readonly MaybeZero[]): boolean[] => xs.map((x) => x !== null);

export function transposeScan(
  b: Builder,
  cts: readonly MaybeZero[],
  inputs: readonly Operand[],
  params: ControlOps["scan"],
  { eqn, transpose, strict, inPlace, takeSum }: TransposeContext,
): readonly MaybeZero[] {
  const { body, numConsts, numCarry } = params;
  const [consts, init, xs] = split(inputs, numConsts, numCarry);
  const [carryCts, yCts] = split(cts, numCarry);
  // a carry may start from something fixed (zeros as a rule); in the body all of it is linear
  const linear = [...consts.map((x) => x === null), ...fill(numCarry, true), ...xs.map((x) => x === null)];
  const [linearConsts, linearXs] = [consts, xs].map((list) => list.filter((x) => x === null).length);
  const options = (c: readonly boolean[]): TransposeOptions => ({
    nonzero: [...c, ...nonzero(yCts)],
    // cotangents of the carry that circulate are wanted even where a step gives zero
    instantiate: [...fill(linearConsts, false), ...c, ...fill(linearXs, false)],
    strict,
    inPlace,
  });
  const { step: first, carry } = fixpoint(nonzero(carryCts), (c) => transpose(body, linear, options(c)), linearConsts);
  const [sumOf, , xOf] = split(first.nonzeroIn, linearConsts, numCarry);
  // steps add to the sums that they are given
  const accumulate = [...sumOf, ...fill(numCarry + linearXs, false)];
  const step = transpose(body, linear, { ...options(carry), accumulate });

  const [constAvals, initAvals] = split(
    eqn.inputs.map((a) => strong(a.aval)),
    numConsts,
    numCarry,
  );
  const summed = keep(
    consts.flatMap((x, i) => (x === null ? [i] : [])),
    sumOf,
  );
  const sumAvals = summed.map((i) => constAvals[i]);
  const residualConsts = consts.filter((x) => x !== null);
  const residualXs = xs.filter((x) => x !== null);
  const reversed = stepProgram(step.program, {
    consts: residualConsts.map((x) => x.aval),
    sums: sumAvals,
    carry: keep(initAvals, carry),
    xs: [...residualXs, ...present(yCts)].map((x) => aval(x.aval.shape.slice(1), x.aval.dtype)),
    numResidualXs: residualXs.length,
  });
  const start = keep(
    carryCts.map((ct, i) => (carry[i] ? instantiate(b, ct, initAvals[i]) : null)),
    carry,
  );
  const results = b.emit(
    "scan",
    [
      ...residualConsts,
      ...summed.map((i) => takeSum(i) ?? zeros(b, constAvals[i])),
      ...present(start),
      ...residualXs,
      ...present(yCts),
    ],
    {
      body: reversed,
      length: params.length,
      reverse: !params.reverse,
      numConsts: residualConsts.length,
      numCarry: sumAvals.length + count(carry),
    },
  );
  const [sums, carried, ofXs] = split(results, sumAvals.length, count(carry));
  return [
    ...scatterBack(consts, sumOf, sums),
    ...init.map((x, i) => (x === null && carry[i] ? carried[count(carry.slice(0, i))] : null)),
    ...scatterBack(xs, xOf, ofXs),
  ];
}

/** Cotangents of the linear operands that have one, in their places. */
function scatterBack(operands: readonly Operand[], has: readonly boolean[], found: readonly Atom[]): MaybeZero[] {
  let [linear, next] = [0, 0];
  return operands.map((x) => {
    if (x !== null) return null;
    return has[linear++] ? found[next++] : null;
  });
}

/** Which cotangents of the carry are not zero: grows until a step maps them into themselves. */
function fixpoint(
  first: readonly boolean[],
  transposed: (carry: readonly boolean[]) => Transposed,
  numConsts: number,
): { step: Transposed; carry: readonly boolean[] } {
  let carry = first;
  for (;;) {
    const step = transposed(carry);
    const more = carry.map((c, i) => c || step.nonzeroIn[numConsts + i]);
    if (more.every((c, i) => c === carry[i])) return { step, carry };
    carry = more;
  }
}

interface StepTypes {
  readonly consts: readonly Aval[];
  readonly sums: readonly Aval[];
  readonly carry: readonly Aval[];
  readonly xs: readonly Aval[];
  readonly numResidualXs: number;
}

/** (consts, sums, cotangents of the carry, residual xs, cotangents of the ys) → (sums, cotangents of the carry, of the xs). */
function stepProgram(step: Program<"core">, t: StepTypes): Program<"core"> {
  const b = new Body();
  const inputs = (avals: readonly Aval[]): Atom[] => avals.map((a) => b.input(a));
  const [consts, sums, carry, xs] = [t.consts, t.sums, t.carry, t.xs].map(inputs);
  const [residuals, yCts] = split(xs, t.numResidualXs);
  return b.finish(b.inline(step, [...consts, ...residuals, ...carry, ...yCts, ...sums]), step.name);
}
