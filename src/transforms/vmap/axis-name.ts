/** Which equations refer to a named axis: they change when it is batched, even if no operand does. */
import type { AnyEqn, Program } from "../../ir/program.js";

const known = new WeakMap<Program<"core">, Map<string, boolean>>();

export function programMentionsAxis(p: Program<"core">, name: string): boolean {
  let own = known.get(p);
  if (!own) {
    own = new Map();
    known.set(p, own);
  }
  let result = own.get(name);
  if (result === undefined) {
    result = p.eqns.some((e) => mentionsAxis(e, name));
    own.set(name, result);
  }
  return result;
}

/** True when the equation, or a program in its parameters, may refer to the axis. */
export function mentionsAxis(eqn: AnyEqn, name: string): boolean {
  if (eqn.effects.includes(`comm:${name}`)) return true;
  const within = (...programs: readonly Program<"core">[]): boolean =>
    programs.some((p) => programMentionsAxis(p, name));
  switch (eqn.prim) {
    case "axis_index":
      return eqn.params.axisName === name;
    case "cond":
      return within(...eqn.params.branches);
    case "while":
      return within(eqn.params.cond, eqn.params.body);
    case "scan":
      return within(eqn.params.body);
    case "call":
    case "checkpoint":
      return within(eqn.params.program);
    case "custom_linear_solve": {
      const { matvec, vecmat, solve, transposeSolve } = eqn.params;
      return within(matvec, vecmat, solve, transposeSolve);
    }
    // their rules are traced when needed and may use the name: only batching them can tell
    case "custom_jvp_call":
    case "custom_vjp_call":
    case "custom_vjp_linear":
      return true;
    default:
      return false;
  }
}
