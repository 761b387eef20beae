/**
 * What of a checkpointed program is kept by its policy and what runs again. Loops, branches and calls are looked into:
 * what the policy keeps of a loop's body is stacked over the steps, and only the rest of the body runs a second time.
 */
import { type Aval, aval } from "../../../ir/aval.js";
import { joinEffects } from "../../../ir/effects.js";
import type { CheckpointPolicy, ControlOps } from "../../../ir/ops/index.js";
import { type AnyEqn, type Atom, isVar, type Program, Var } from "../../../ir/program.js";
import { nestedPrograms, substitute, substituteAll, withEqns } from "../../../ir/rewrite.js";
import { strong } from "../emit.js";
import { assignSlots, fillSlots } from "./slots.js";
import { eqnWithoutIo } from "./nested.js";

type Core = Program<"core">;

export interface Recomputed {
  /** The program, which has kept values as further outputs. */
  readonly first: Core;
  /** What is kept: results of equations of `first`. */
  readonly saved: readonly Var[];
  /** Inputs of the program that the second run reads. */
  readonly inputs: readonly Var[];
  /** The second run: from what is kept and these inputs to `wanted`. */
  readonly eqns: readonly AnyEqn[];
  readonly wanted: readonly Atom[];
}

/** Cuts `p` so that its atoms `wanted` can be made a second time. No policy keeps nothing. */
export function recompute(p: Core, wanted: readonly Atom[], policy: CheckpointPolicy | null): Recomputed {
  const needed = new Set<Atom>(wanted);
  const saved: Var[] = [];
  const again: AnyEqn[] = [];
  const known = [...p.eqns];
  /** Results of the second run that are kept values or operands. */
  const same = new Map<Var, Atom>();
  /** Values that a kept call gives back as they came: `checkpointName` names what its operand's derivative reads too. */
  const named = new Map<Atom, Var>();
  for (let i = p.eqns.length - 1; i >= 0; i--) {
    const eqn = p.eqns[i];
    if (eqn.prim === "call" && policy && asks(policy, eqn)) identities(eqn, named);
    for (const v of eqn.outputs) {
      const name = needed.has(v) ? named.get(v) : undefined;
      if (!name) continue;
      if (!needed.has(name)) saved.push(name);
      needed.add(name);
      needed.delete(v);
      same.set(v, name);
    }
    const used = eqn.outputs.filter((v, k) => {
      if (!needed.has(v)) return false;
      if (policy === null || !mayKeep(eqn, k, policy)) return true;
      saved.push(v);
      return false;
    });
    if (used.length === 0) continue;
    const inside = policy && lookInside(eqn, used, policy);
    if (inside) {
      known[i] = inside.first;
      saved.push(...inside.saved);
      for (const [v, a] of inside.same) {
        same.set(v, a);
        needed.add(a);
      }
    }
    const second = inside ? inside.again : eqn;
    if (!second) continue;
    for (const a of second.inputs) needed.add(a);
    again.push(eqnWithoutIo(second));
  }
  const resolve = (a: Atom): Atom => {
    const b = isVar(a) ? same.get(a) : undefined;
    return b ? resolve(b) : a;
  };
  for (const v of same.keys()) same.set(v, resolve(v));
  saved.reverse();
  const first = saved.length === 0 ? p : withEqns(p, known, [...p.outputs, ...saved]);
  return {
    first,
    saved,
    inputs: p.inputs.filter((v) => needed.has(v)),
    eqns: again.reverse().map((e) => substitute(e, same)),
    wanted: substituteAll(wanted, same),
  };
}

/** Results of a call that are its operands. */
function identities({ inputs, outputs, params }: Extract<AnyEqn, { prim: "call" }>, into: Map<Atom, Var>): void {
  outputs.forEach((v, i) => {
    const operand = params.program.inputs.findIndex((x) => x === params.program.outputs[i]);
    if (operand >= 0 && isVar(inputs[operand])) into.set(inputs[operand], v);
  });
}

function asks(policy: CheckpointPolicy, eqn: AnyEqn): boolean {
  return policy(eqn.prim, eqn.params as unknown as Readonly<Record<string, unknown>>);
}

/** Whether the policy keeps a result: of control flow, what it keeps as a result of the program that makes it. */
function mayKeep(eqn: AnyEqn, result: number, policy: CheckpointPolicy): boolean {
  if (!asks(policy, eqn)) return false;
  switch (eqn.prim) {
    case "scan":
    case "call":
    case "checkpoint":
    case "cond":
      break;
    default:
      return true;
  }
  // a call that the policy knows by its name is kept whatever makes its result
  if (eqn.prim === "call") return true;
  return nestedPrograms(eqn).every((p) => {
    const a = p.outputs[result];
    const made = p.eqns.find((e) => e.outputs.some((v) => v === a));
    return made === undefined || mayKeep(made, made.outputs.indexOf(a as Var), policy);
  });
}

/** An equation that holds programs, in two: the first run gives what is kept as further results, the second reads it. */
interface Inside {
  readonly first: AnyEqn;
  /** Undefined when everything wanted is kept or an operand. */
  readonly again: AnyEqn | undefined;
  readonly saved: readonly Var[];
  readonly same: ReadonlyMap<Var, Atom>;
}

/** Undefined when nothing inside is kept: then all of the equation runs again. */
function lookInside(eqn: AnyEqn, used: readonly Var[], policy: CheckpointPolicy): Inside | undefined {
  switch (eqn.prim) {
    case "scan":
      return insideScan(eqn, used, policy);
    case "cond":
      return insideCond(eqn, used, policy);
    case "call":
    case "checkpoint":
      return insideCall(eqn, used, policy);
    default:
      // loops without a bound stack nothing, and functions with derivative rules keep their signature
      return undefined;
  }
}

const kept = (vars: readonly Var[], shape: (a: Aval) => Aval = strong): Var[] =>
  vars.map((v) => new Var(shape(v.aval), v.name));

/** A program of the second run. */
function secondProgram(p: Core, inputs: readonly Var[], eqns: readonly AnyEqn[], outputs: readonly Atom[]): Core {
  return { ...p, inputs, eqns, outputs, effects: joinEffects(...eqns.map((e) => e.effects)) };
}
function rebuild(eqn: AnyEqn, inputs: readonly Atom[], outputs: readonly Var[], params: object): AnyEqn {
  return { ...eqn, inputs, outputs, params } as AnyEqn;
}

/** Splits results into those that are at hand (kept, or an operand) and those to be made again. */
function atHand(
  results: readonly (readonly [Var, Atom])[],
  known: ReadonlyMap<Atom, Atom>,
): { same: Map<Var, Atom>; made: (readonly [Var, Atom])[] } {
  const same = new Map<Var, Atom>();
  const made = results.filter(([v, a]) => {
    const at = isVar(a) ? known.get(a) : undefined;
    if (at) same.set(v, at);
    return !at;
  });
  return { same, made };
}

function insideCall(
  eqn: Extract<AnyEqn, { prim: "call" | "checkpoint" }>,
  used: readonly Var[],
  policy: CheckpointPolicy,
): Inside | undefined {
  const { program } = eqn.params;
  const outs = used.map((v) => program.outputs[eqn.outputs.indexOf(v)]);
  const r = recompute(program, outs, policy);
  if (r.saved.length === 0) return undefined;
  const saved = kept(r.saved);
  const known = new Map<Atom, Atom>(program.inputs.map((v, i) => [v, eqn.inputs[i]]));
  r.saved.forEach((v, i) => known.set(v, saved[i]));
  const { same, made } = atHand(
    used.map((v, i) => [v, r.wanted[i]] as const),
    known,
  );
  const second = secondProgram(
    program,
    [...r.saved, ...r.inputs],
    r.eqns,
    made.map(([, a]) => a),
  );
  const params = { ...eqn.params, program: second, ...(eqn.prim === "checkpoint" ? { prevent: true } : {}) };
  return {
    first: rebuild(eqn, eqn.inputs, [...eqn.outputs, ...saved], { ...eqn.params, program: r.first }),
    again:
      made.length === 0
        ? undefined
        : rebuild(
            eqn,
            [...saved, ...r.inputs.map((v) => eqn.inputs[program.inputs.indexOf(v)])],
            made.map(([v]) => v),
            params,
          ),
    saved,
    same,
  };
}

function insideCond(
  eqn: Extract<AnyEqn, { prim: "cond" }>,
  used: readonly Var[],
  policy: CheckpointPolicy,
): Inside | undefined {
  const { branches } = eqn.params;
  const places = used.map((v) => eqn.outputs.indexOf(v));
  const parts = branches.map((p) =>
    recompute(
      p,
      places.map((i) => p.outputs[i]),
      policy,
    ),
  );
  if (parts.every((r) => r.saved.length === 0)) return undefined;
  // branches keep different things: those of one type share a place
  const { slots, of } = assignSlots(parts.map((r) => r.saved.map((v) => strong(v.aval))));
  const saved = slots.map((a) => new Var(a));
  const [index, ...operands] = eqn.inputs;
  const read = operands.map((_, i) => parts.some((r, k) => r.inputs.includes(branches[k].inputs[i])));
  const seconds = parts.map((r, k) =>
    secondProgram(
      branches[k],
      [
        ...slots.map((a, i) => (of[k].includes(i) ? r.saved[of[k].indexOf(i)] : new Var(a))),
        ...branches[k].inputs.filter((_, i) => read[i]),
      ],
      r.eqns,
      r.wanted,
    ),
  );
  return {
    first: rebuild(eqn, eqn.inputs, [...eqn.outputs, ...saved], {
      branches: parts.map((r, k) => fillSlots(r.first, branches[k].outputs, r.saved, slots, of[k])),
    }),
    again: rebuild(eqn, [index, ...saved, ...operands.filter((_, i) => read[i])], used, { branches: seconds }),
    saved,
    same: new Map(),
  };
}

function insideScan(
  eqn: Extract<AnyEqn, { prim: "scan" }>,
  used: readonly Var[],
  policy: CheckpointPolicy,
): Inside | undefined {
  const params: ControlOps["scan"] = eqn.params;
  const { body, numConsts, numCarry, length } = params;
  const places = used.map((v) => eqn.outputs.indexOf(v));
  const ys = places.filter((i) => i >= numCarry);
  // carries whose last value is wanted, and those that what runs again reads
  const carry = body.outputs.slice(0, numCarry).map((_, i) => places.includes(i));
  const carries = (): number[] => carry.flatMap((c, i) => (c ? [i] : []));
  let r: Recomputed;
  for (;;) {
    r = recompute(
      body,
      [...carries(), ...ys].map((i) => body.outputs[i]),
      policy,
    );
    const reads = new Set(r.inputs);
    let grown = false;
    carry.forEach((c, i) => {
      if (c || !reads.has(body.inputs[numConsts + i])) return;
      carry[i] = true;
      grown = true;
    });
    if (!grown) break;
  }
  if (r.saved.length === 0) return undefined;
  const saved = kept(r.saved, (a) => aval([length, ...a.shape], a.dtype));
  const known = new Map<Atom, Atom>();
  body.inputs.forEach((v, i) => i >= numConsts + numCarry && known.set(v, eqn.inputs[i]));
  r.saved.forEach((v, i) => known.set(v, saved[i]));
  const numAgain = carries().length;
  const { same, made } = atHand(
    ys.map((i, k) => [eqn.outputs[i], r.wanted[numAgain + k]] as const),
    known,
  );
  const reads = (from: number, to: number): number[] =>
    body.inputs.flatMap((v, i) => (i >= from && i < to && r.inputs.includes(v) ? [i] : []));
  const first = rebuild(eqn, eqn.inputs, [...eqn.outputs, ...saved], { ...params, body: r.first });
  if (numAgain === 0 && made.length === 0) return { first, again: undefined, saved, same };

  const consts = reads(0, numConsts);
  const steps = reads(numConsts + numCarry, body.inputs.length);
  const at = carries().map((i) => numConsts + i);
  const second = secondProgram(
    body,
    [...[...consts, ...at].map((i) => body.inputs[i]), ...r.saved, ...steps.map((i) => body.inputs[i])],
    r.eqns,
    [...r.wanted.slice(0, numAgain), ...made.map(([, a]) => a)],
  );
  const again = rebuild(
    eqn,
    [...[...consts, ...at].map((i) => eqn.inputs[i]), ...saved, ...steps.map((i) => eqn.inputs[i])],
    [...carries().map((i) => eqn.outputs[i]), ...made.map(([v]) => v)],
    { ...params, body: second, numConsts: consts.length, numCarry: numAgain },
  );
  return { first, again, saved, same };
}
