/** The body of an adjoint before it is looked at: calls inlined, every variable its own, loops that keep only their carries. */
import { Builder } from "../../../ir/builder.js";
import { type AnyEqn, type Atom, isVar, type Program, Var } from "../../../ir/program.js";
import { callee, mapPrograms, nestedPrograms, withEqns } from "../../../ir/rewrite.js";
import { count, drop, keep, memoize, split } from "../programs.js";

type Core = Program<"core">;

/** A copy without calls; no variable of it, nor of the programs in it, is defined twice. */
export function flatten(program: Core): Core {
  const b = new Builder();
  const inputs = program.inputs.map((v) => b.input(v.aval, v.name));
  return b.finish(flattenInto(b, program, inputs), program.name);
}

function flattenInto(b: Builder, program: Core, args: readonly Atom[]): readonly Atom[] {
  const env = new Map<Var, Atom>(program.inputs.map((v, i) => [v, args[i]]));
  const read = (a: Atom): Atom => (isVar(a) ? (env.get(a) ?? a) : a);
  for (const eqn of program.eqns) {
    const inputs = eqn.inputs.map(read);
    const call = callee(eqn, inputs);
    if (call) {
      const results = flattenInto(b, call.program, call.args);
      eqn.outputs.forEach((v, i) => env.set(v, results[i]));
      continue;
    }
    const inner = { ...mapPrograms(eqn, flatten), inputs } as AnyEqn;
    const { eqn: left, results } = inner.prim === "scan" ? withoutFixedCarries(inner) : renamed(inner);
    b.eqns.push(left);
    eqn.outputs.forEach((v, i) => env.set(v, results[i]));
  }
  return program.outputs.map(read);
}

interface Renamed {
  readonly eqn: AnyEqn;
  readonly results: readonly Atom[];
}
function renamed(eqn: AnyEqn): Renamed {
  const outputs = eqn.outputs.map((v) => new Var(v.aval, v.name));
  return { eqn: { ...eqn, outputs } as AnyEqn, results: outputs };
}

/** Carries that every step hands on as they came are the same in all steps. */
function withoutFixedCarries(eqn: Extract<AnyEqn, { prim: "scan" }>): Renamed {
  const { body, numConsts, numCarry } = eqn.params;
  const [consts, carry, xs] = split(eqn.inputs, numConsts, numCarry);
  const [constVars, carryVars, xVars] = split(body.inputs, numConsts, numCarry);
  const fixed = carryVars.map((v, i) => body.outputs[i] === v);
  if (!fixed.includes(true)) return renamed(eqn);
  const [ends, ys] = split(body.outputs, numCarry);
  const outputs = [...drop(eqn.outputs.slice(0, numCarry), fixed), ...eqn.outputs.slice(numCarry)].map(
    (v) => new Var(v.aval, v.name),
  );
  let next = 0;
  return {
    eqn: {
      ...eqn,
      inputs: [...consts, ...keep(carry, fixed), ...drop(carry, fixed), ...xs],
      outputs,
      params: {
        ...eqn.params,
        body: {
          ...body,
          inputs: [...constVars, ...keep(carryVars, fixed), ...drop(carryVars, fixed), ...xVars],
          outputs: [...drop(ends, fixed), ...ys],
        },
        numConsts: numConsts + count(fixed),
        numCarry: numCarry - count(fixed),
      },
    },
    results: [...carry.map((a, i) => (fixed[i] ? a : outputs[next++])), ...outputs.slice(numCarry - count(fixed))],
  };
}

const made = memoize<Core>();

/** Every step of a loop is a checkpoint: what its derivative needs is made again from the carry that the step began with. */
export function checkpointLoops(program: Core): Core {
  return made(program, "", () => withEqns(program, program.eqns.map(checkpointed)));
}

function checkpointed(eqn: AnyEqn): AnyEqn {
  if (nestedPrograms(eqn).length === 0) return eqn;
  const inner = mapPrograms(eqn, checkpointLoops);
  if (inner.prim !== "scan") return inner;
  const { body } = inner.params;
  const b = new Builder();
  const inputs = body.inputs.map((v) => b.input(v.aval, v.name));
  const outs = b.emit("checkpoint", inputs, { program: body, policy: null, prevent: false });
  return { ...inner, params: { ...inner.params, body: b.finish(outs, body.name) } };
}
