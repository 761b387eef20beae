/**
 * Partial evaluation of a checkpointed call. The known half runs and keeps only its operands and what the policy names;
 * the unknown half makes all other residuals again when its turn comes, but repeats no callback.
 */
import type { ControlOps } from "../../../ir/ops/index.js";
import { type AnyEqn, type Atom, isVar, type Program, type Var } from "../../../ir/program.js";
import { joinEffects } from "../../../ir/effects.js";
import { substitute, substituteAll } from "../../../ir/rewrite.js";
import { split } from "../programs.js";
import { bindResults, eqnWithoutIo, isNothing, knownOperands, unknownOperands } from "./nested.js";
import type { Halves } from "./rule.js";

type Core = Program<"core">;

export function splitCheckpoint(h: Halves, eqn: AnyEqn, params: ControlOps["checkpoint"]): void {
  const { policy } = params;
  const part = h.partialEval(
    params.program,
    eqn.inputs.map((a) => h.isUnknown(a)),
  );
  const numOut = part.known.outputs.length - part.residuals.length;
  const [outs, residuals] = split(part.known.outputs, numOut);
  const again = recompute(
    part.known,
    residuals,
    (e) => policy?.(e.prim, e.params as Readonly<Record<string, unknown>>) ?? false,
  );

  const operands = knownOperands(h, eqn.inputs);
  const known: Core = { ...part.known, outputs: [...outs, ...again.saved] };
  const results = isNothing(known) ? [] : h.known.emit("checkpoint", operands, { ...params, program: known }, eqn.span);
  const [resVars, unknownVars] = split(part.unknown.inputs, part.residuals.length);
  const env = new Map<Var, Atom>(resVars.map((v, i) => [v, residuals[i]]));
  const eqns = [...again.eqns, ...part.unknown.eqns.map((e) => substitute(e, env))];
  const unknown: Core = {
    ...part.unknown,
    inputs: [...again.saved, ...again.inputs, ...unknownVars],
    eqns,
    outputs: substituteAll(part.unknown.outputs, env),
    effects: joinEffects(...eqns.map((e) => e.effects)),
  };
  const kept = [...results.slice(numOut), ...again.inputs.map((v) => operands[part.known.inputs.indexOf(v)])];
  const late = isNothing(unknown)
    ? []
    : h.unknown.emit(
        "checkpoint",
        [...kept.map((a) => h.residual(a)), ...unknownOperands(h, eqn.inputs)],
        { ...params, program: unknown, prevent: true },
        eqn.span,
      );
  bindResults(h, eqn, part.unknownOut, results.slice(0, numOut), late);
}

/** The equations that make `wanted` again from inputs and from results that are worth saving. */
function recompute(
  p: Core,
  wanted: readonly Atom[],
  worthSaving: (eqn: AnyEqn) => boolean,
): { eqns: readonly AnyEqn[]; saved: readonly Var[]; inputs: readonly Var[] } {
  const needed = new Set<Atom>(wanted);
  const saved: Var[] = [];
  const eqns: AnyEqn[] = [];
  for (let i = p.eqns.length - 1; i >= 0; i--) {
    const eqn = p.eqns[i];
    const used = eqn.outputs.filter((v) => needed.has(v));
    if (used.length === 0) continue;
    if (worthSaving(eqn)) saved.push(...used);
    else {
      for (const a of eqn.inputs) if (isVar(a)) needed.add(a);
      eqns.push(eqnWithoutIo(eqn));
    }
  }
  return { eqns: eqns.reverse(), saved: saved.reverse(), inputs: p.inputs.filter((v) => needed.has(v)) };
}
