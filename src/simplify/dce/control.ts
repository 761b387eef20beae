/** Control flow loses the carries, outputs and constants that nobody reads. */
import type { ControlOps } from "../../ir/ops/index.js";
import type { AnyEqn, Atom, Program, Var } from "../../ir/program.js";
import { mapPrograms } from "../../ir/rewrite.js";
import type { Rules } from "../../ir/rules.js";
import { type DceContext, type DceKind, whole } from "./rule.js";

type Core = Program<"core">;
type Mask = readonly boolean[];

const pick = <T>(list: readonly T[], mask: Mask): T[] => list.filter((_, i) => mask[i]);
const all = (mask: Mask): boolean => mask.every((x) => x);
const trues = (n: number): boolean[] => Array.from({ length: n }, () => true);
const either = (a: Mask, b: Mask): boolean[] => a.map((x, i) => x || b[i]);
const count = (mask: Mask): number => mask.filter((x) => x).length;

/** The program with only the inputs in `keep`; none of the others may be used. */
function withInputs(p: Core, keep: Mask): Core {
  return all(keep) ? p : { ...p, inputs: pick(p.inputs, keep) };
}
function rebuild(eqn: AnyEqn, inputs: readonly Atom[], outputs: readonly Var[], params: object): AnyEqn {
  return { ...eqn, inputs, outputs, params } as AnyEqn;
}
/** Dead code inside of programs that must keep their signature. */
const inside = (ctx: DceContext, eqn: AnyEqn): AnyEqn =>
  mapPrograms(eqn, (p) => ctx.prune(p, trues(p.outputs.length)).program);

/** A program called once on the operands. */
function called(ctx: DceContext, eqn: AnyEqn, live: Mask, params: { readonly program: Core }): AnyEqn {
  const { program, used } = ctx.prune(params.program, live);
  if (program === params.program && all(used) && all(live)) return eqn;
  return rebuild(eqn, pick(eqn.inputs, used), pick(eqn.outputs, live), {
    ...params,
    program: withInputs(program, used),
  });
}

export const control = {
  cond: (ctx, eqn, live, { branches }) => {
    const pruned = branches.map((b) => ctx.prune(b, live));
    const used = pruned.map((p) => p.used).reduce(either);
    if (all(used) && all(live) && pruned.every((p, i) => p.program === branches[i])) return eqn;
    return rebuild(eqn, [eqn.inputs[0], ...pick(eqn.inputs.slice(1), used)], pick(eqn.outputs, live), {
      branches: pruned.map((p) => withInputs(p.program, used)),
    });
  },
  while: (ctx, eqn, live, { cond, body, condConsts, bodyConsts }) => {
    const test = ctx.prune(cond, [true]);
    // a carry that the test or a live carry needs is live
    let carry = either(live, test.used.slice(condConsts));
    let step = ctx.prune(body, carry);
    for (;;) {
      const more = either(carry, step.used.slice(bodyConsts));
      if (count(more) === count(carry)) break;
      carry = more;
      step = ctx.prune(body, carry);
    }
    const [ofTest, ofBody] = [test.used.slice(0, condConsts), step.used.slice(0, bodyConsts)];
    const keep = [...ofTest, ...ofBody, ...carry];
    if (all(keep) && test.program === cond && step.program === body) return eqn;
    return rebuild(eqn, pick(eqn.inputs, keep), pick(eqn.outputs, carry), {
      cond: withInputs(test.program, [...ofTest, ...carry]),
      body: withInputs(step.program, [...ofBody, ...carry]),
      condConsts: count(ofTest),
      bodyConsts: count(ofBody),
    });
  },
  scan: (ctx, eqn, live, params) => {
    const { body, numConsts, numCarry } = params;
    let carry: Mask = live.slice(0, numCarry);
    const ys = live.slice(numCarry);
    let step = ctx.prune(body, [...carry, ...ys]);
    for (;;) {
      const more = either(carry, step.used.slice(numConsts, numConsts + numCarry));
      if (count(more) === count(carry)) break;
      carry = more;
      step = ctx.prune(body, [...carry, ...ys]);
    }
    const consts = step.used.slice(0, numConsts);
    const keep = [...consts, ...carry, ...step.used.slice(numConsts + numCarry)];
    if (all(keep) && all(ys) && step.program === body) return eqn;
    return rebuild(eqn, pick(eqn.inputs, keep), pick(eqn.outputs, [...carry, ...ys]), {
      ...params,
      body: withInputs(step.program, keep),
      numConsts: count(consts),
      numCarry: count(carry),
    });
  },
  call: called,
  checkpoint: called,
  // the derivative rules want all results and operands
  custom_jvp_call: inside,
  custom_vjp_call: inside,
  custom_vjp_linear: whole,
  custom_linear_solve: inside,
  optimization_barrier: (_ctx, eqn, live) =>
    all(live) ? eqn : rebuild(eqn, pick(eqn.inputs, live), pick(eqn.outputs, live), eqn.params),
  debug_callback: whole,
} satisfies Rules<ControlOps, DceKind>;
