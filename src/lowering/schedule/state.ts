/** References through loops and branches: which result is an operand with other contents, so that both are one place in memory. */
import { type AnyEqn, type Atom, isVar, type Program, type Var } from "../../ir/program.js";
import { definitions } from "../../ir/rewrite.js";

type Core = Program<"core">;

/** Programs never change, and a nest is asked from each of its levels. */
const known = new WeakMap<Core, readonly (number | undefined)[]>();

/** The input of `program` that output `k` is, after what was stored to it; undefined when it is something else. */
function inputOf(program: Core, k: number): number | undefined {
  let inputs = known.get(program);
  if (!inputs) {
    const made = definitions(program);
    inputs = program.outputs.map((out) => inputBehind(program, made, out));
    known.set(program, inputs);
  }
  return inputs[k];
}
function inputBehind(program: Core, made: ReadonlyMap<Var, AnyEqn>, out: Atom): number | undefined {
  let at: Atom = out;
  while (isVar(at)) {
    const v: Var = at;
    const eqn = made.get(v);
    if (!eqn) {
      const i = program.inputs.indexOf(v);
      return i < 0 ? undefined : i;
    }
    const from = stateOperands(eqn)[eqn.outputs.indexOf(v)];
    if (from === undefined) return undefined;
    at = eqn.inputs[from];
  }
  return undefined;
}

/** For each result the position of the operand of which it is the new contents. */
export function stateOperands(eqn: AnyEqn): readonly (number | undefined)[] {
  switch (eqn.prim) {
    case "store":
    case "atomic":
    case "atomic_cas":
      return [0];
    case "scan": {
      const { body, numConsts, numCarry } = eqn.params;
      return eqn.outputs.map((_, k) => {
        const carry = numConsts + k;
        return k < numCarry && inputOf(body, k) === carry ? carry : undefined;
      });
    }
    case "while": {
      const { body, condConsts, bodyConsts } = eqn.params;
      return eqn.outputs.map((_, k) => (inputOf(body, k) === bodyConsts + k ? condConsts + bodyConsts + k : undefined));
    }
    case "cond": {
      const { branches } = eqn.params;
      return eqn.outputs.map((_, k) => {
        const found = branches.map((b) => inputOf(b, k));
        const [first] = found;
        return first !== undefined && found.every((i) => i === first) ? first + 1 : undefined;
      });
    }
    default:
      return [];
  }
}
