/**
 * Partial evaluation of a checkpointed call. The known half runs and keeps only its operands and what the policy names;
 * the unknown half makes all other residuals again when its turn comes, but repeats no callback.
 */
import type { ControlOps } from "../../../ir/ops/index.js";
import type { AnyEqn, Atom, Program, Var } from "../../../ir/program.js";
import { joinEffects } from "../../../ir/effects.js";
import { substitute, substituteAll } from "../../../ir/rewrite.js";
import { split } from "../programs.js";
import { bindResults, isNothing, knownOperands, unknownOperands } from "./nested.js";
import { recompute } from "./recompute.js";
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
  const again = recompute(part.known, residuals, policy);

  const operands = knownOperands(h, eqn.inputs);
  const known: Core = { ...again.first, outputs: [...outs, ...again.saved] };
  const results = isNothing(known) ? [] : h.known.emit("checkpoint", operands, { ...params, program: known }, eqn.span);
  const [resVars, unknownVars] = split(part.unknown.inputs, part.residuals.length);
  const env = new Map<Var, Atom>(resVars.map((v, i) => [v, again.wanted[i]]));
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
