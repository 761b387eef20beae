/** What the rules of equations with programs share: running the known half, and residuals that are operands anyway. */
import type { Builder } from "../../../ir/builder.js";
import type { Prim } from "../../../ir/ops/index.js";
import type { AnyEqn, Atom, Program } from "../../../ir/program.js";
import { isVar } from "../../../ir/program.js";
import { mapPrograms, withEqns } from "../../../ir/rewrite.js";
import { drop } from "../programs.js";
import type { Halves, PartialEvalResult } from "./rule.js";

type Core = Program<"core">;

/** Of each residual, the input of the known program that it is, or -1. */
export function forwarded(part: PartialEvalResult): number[] {
  const numOut = part.known.outputs.length - part.residuals.length;
  return part.known.outputs.slice(numOut).map((a) => (isVar(a) ? part.known.inputs.indexOf(a) : -1));
}

/** The program without the outputs that are marked. */
function withoutOutputs(p: Core, gone: readonly boolean[]): Core {
  return { ...p, outputs: drop(p.outputs, gone) };
}

/** Known operands of an equation, as atoms of the known program. */
export function knownOperands(h: Halves, operands: readonly Atom[]): Atom[] {
  return operands.filter((a) => !h.isUnknown(a)).map((a) => h.readKnown(a));
}
export function unknownOperands(h: Halves, operands: readonly Atom[]): Atom[] {
  return operands.filter((a) => h.isUnknown(a)).map((a) => h.readUnknown(a));
}

/** Binds an equation's results, the known ones from one list and the unknown ones from the other. */
export function bindResults(
  h: Halves,
  eqn: AnyEqn,
  unknownOut: readonly boolean[],
  known: readonly Atom[],
  unknown: readonly Atom[],
): void {
  let [k, u] = [0, 0];
  eqn.outputs.forEach((v, i) => {
    if (unknownOut[i]) h.bindUnknown(v, unknown[u++]);
    else h.bindKnown(v, known[k++]);
  });
}

/** Results that belong each to its own operand: those of known operands come at once. */
export function splitEach(h: Halves, eqn: AnyEqn): void {
  const unknown = eqn.inputs.map((a) => h.isUnknown(a));
  const emit = (b: Builder, operands: readonly Atom[]): readonly Atom[] =>
    operands.length === 0 ? [] : b.emit(eqn.prim as Prim, operands, eqn.params as never, eqn.span);
  const first = emit(h.known, knownOperands(h, eqn.inputs));
  bindResults(h, eqn, unknown, first, emit(h.unknown, unknownOperands(h, eqn.inputs)));
}

/** An equation that runs one program on its operands, in two. */
export function splitCall(h: Halves, eqn: AnyEqn, part: PartialEvalResult, emit: EmitCall): void {
  const operands = knownOperands(h, eqn.inputs);
  const from = forwarded(part);
  const numOut = part.known.outputs.length - part.residuals.length;
  const program = withoutOutputs(part.known, [...Array<boolean>(numOut).fill(false), ...from.map((i) => i >= 0)]);
  const results = isNothing(program) ? [] : emit.known(operands, program);
  let next = numOut;
  const residuals = from.map((i) => h.residual(i >= 0 ? operands[i] : results[next++]));
  const unknown =
    part.unknown.outputs.length === 0 && part.unknown.effects.length === 0
      ? []
      : emit.unknown([...residuals, ...unknownOperands(h, eqn.inputs)], part.unknown);
  bindResults(h, eqn, part.unknownOut, results.slice(0, numOut), unknown);
}
export interface EmitCall {
  known(operands: readonly Atom[], program: Core): readonly Atom[];
  unknown(operands: readonly Atom[], program: Core): readonly Atom[];
}

/** Running the program would do nothing: no results and no effects. */
export function isNothing(p: Core): boolean {
  return p.outputs.length === 0 && p.effects.length === 0;
}

const CALLBACK: Prim = "debug_callback";

/** The program without its callbacks: for what runs a second time. */
export function withoutIo(p: Core): Core {
  if (!p.effects.some((e) => e.startsWith("io:"))) return p;
  return withEqns(p, p.eqns.filter((e) => e.prim !== CALLBACK).map(eqnWithoutIo));
}
export function eqnWithoutIo(eqn: AnyEqn): AnyEqn {
  if (!eqn.effects.some((e) => e.startsWith("io:"))) return eqn;
  const silent = mapPrograms(eqn, withoutIo);
  return { ...silent, effects: silent.effects.filter((e) => !e.startsWith("io:")) };
}
