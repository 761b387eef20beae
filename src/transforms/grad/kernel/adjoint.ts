/**
 * Adjoints of kernels. The half of a kernel that waits is linear in references to tangents. Its adjoint runs over the same grid: each
 * program makes the values again that the linear part needs, reads the cotangents of what it stored and adds to those of what it
 * loaded. Nothing is kept in memory between the two kernels but their operands.
 */
import type { Aval } from "../../../ir/aval.js";
import { aval } from "../../../ir/aval.js";
import { Builder } from "../../../ir/builder.js";
import type { KernelOps } from "../../../ir/ops/index.js";
import type { Program, Var } from "../../../ir/program.js";
import { prune } from "../../../simplify/index.js";
import { instantiate, type MaybeZero, strong } from "../emit.js";
import { cotangentName } from "../names.js";
import { partialEval } from "../partial-eval/index.js";
import { withoutIo } from "../partial-eval/nested.js";
import { count, drop, fill, keep, split } from "../programs.js";
import type { Operand, TransposeContext, TransposeOptions } from "../transpose/rule.js";
import { withoutCounters } from "./counters.js";
import { checkpointLoops, flatten } from "./flatten.js";
import { type Out, placed } from "./place.js";

type Core = Program<"core">;

export function transposeKernel(
  b: Builder,
  cts: readonly MaybeZero[],
  inputs: readonly Operand[],
  { body, grid, inits, name, serial }: KernelOps["kernel_call"],
  ctx: TransposeContext,
): readonly MaybeZero[] {
  const { eqn, transpose, strict, takeSum } = ctx;
  const [reads, starts] = split(inputs, inputs.length - count(inits));
  let next = 0;
  const startOf = inits.map((given) => (given ? starts[next++] : undefined));
  const linearReads = reads.map((x) => x === null);
  const halves = cut(
    body,
    linearReads,
    grid.length,
    startOf.map((x) => x === null),
  );
  const { part, linearOuts } = halves;

  // the transposed linear half
  const numResiduals = part.residuals.length;
  const isLinear = part.unknown.inputs.map((_, i) => i >= numResiduals);
  const numReads = count(linearReads);
  const outCts = keep(cts, linearOuts);
  const options = (c: readonly boolean[]): TransposeOptions => ({
    nonzero: c,
    instantiate: [...fill(numReads, false), ...c],
    strict,
    inPlace: true,
  });
  let has = outCts.map((ct) => ct !== null);
  let step = transpose(part.unknown, isLinear, options(has));
  for (;;) {
    const more = has.map((c, i) => c || step.nonzeroIn[numReads + i]);
    if (more.every((c, i) => c === has[i])) break;
    has = more;
    step = transpose(part.unknown, isLinear, options(has));
  }
  const summed = step.nonzeroIn.slice(0, numReads);
  step = transpose(part.unknown, isLinear, { ...options(has), accumulate: [...summed, ...fill(has.length, false)] });

  // values are made again, then the cotangents flow back
  const p = new Builder();
  const given = (a: Aval, v?: Var): Var => p.input(strong(a), v?.name);
  const ofBody = split(body.inputs, reads.length, grid.length);
  const values = drop(ofBody[0], linearReads).map((v) => given(v.aval, v));
  const ids = grid.map(() => given(aval([], "i32")));
  const again = drop(ofBody[2], linearOuts).map((v) => given(v.aval, v));
  const ctVars = keep(keep(ofBody[2], linearOuts), has).map((v) => p.input(strong(v.aval), cotangentName(v.name)));
  const sumVars = keep(keep(ofBody[0], linearReads), summed).map((v) => p.input(strong(v.aval), cotangentName(v.name)));
  const made = p.inline(part.known, [...values, ...ids, ...again]);
  const [remade, residuals] = split(made, again.length);
  const back = p.inline(step.program, [...residuals, ...ctVars, ...sumVars]);
  const [sums, passed] = split(back, sumVars.length);
  // the kernel itself has called its callbacks
  const whole = flatten(withoutIo(p.finish([...remade, ...passed, ...sums], `transpose(${name})`)));

  // what each reference is to the adjoint
  const knownReads = reads.filter((x) => x !== null);
  const ctAtoms = keep(
    outCts.map((ct, i) => (has[i] ? instantiate(b, ct, ctVarType(keep(ofBody[2], linearOuts)[i])) : null)),
    has,
  ).filter((x) => x !== null);
  const linearStarts = keep(keep(startOf, linearOuts), has).map((x) => x === null);
  const places = reads.flatMap((x, i) => (x === null ? [i] : []));
  const summedAt = keep(places, summed);
  const outs: Out[] = [
    ...drop(startOf, linearOuts).map((x): Out => ({ kind: "again", start: x ?? null })),
    ...ctAtoms.map((ct, i): Out => ({ kind: "cotangent", start: ct, wanted: linearStarts[i] })),
    ...summedAt.map((i): Out => ({ kind: "sum", start: takeSum(i) })),
  ];
  const found = placed(b, {
    body: prune(
      whole,
      whole.outputs.map(() => true),
    ).program,
    operands: knownReads,
    outs,
    grid,
    serial,
    name: `transpose(${name})`,
  });
  const [, ofCts, ofSums] = split(found, again.length, ctAtoms.length);

  const result: MaybeZero[] = inputs.map(() => null);
  summedAt.forEach((i, k) => {
    result[i] = ofSums[k];
  });
  let k = 0;
  const ctOfOut = linearOuts.map((l) => l && has[k++]);
  k = 0;
  let at = reads.length;
  inits.forEach((init, i) => {
    const ct = ctOfOut[i] ? ofCts[k++] : null;
    if (!init) return;
    if (startOf[i] === null) result[at] = ct;
    at++;
  });
  return eqn.inputs.map((_, i) => result[i]);
}

const ctVarType = (v: Var): Aval => strong(v.aval);

/** The body in what its known operands decide and what is linear; an out is linear where anything linear is stored to it. */
function cut(body: Core, linearReads: readonly boolean[], axes: number, first: readonly boolean[]) {
  const loops = checkpointLoops(withoutCounters(body));
  let outs = first;
  for (;;) {
    const unknown = [...linearReads, ...fill(axes, false), ...outs];
    const part = partialEval(loops, unknown, outs);
    const more = outs.map((o, k) => o || part.unknownOut[k]);
    if (more.every((o, k) => o === outs[k])) return { part, linearOuts: outs };
    outs = more;
  }
}
