/**
 * Derivatives of atomic maxima and minima. Which values win is known when the kernel is over: a second one compares each value with
 * the result at its place, and values that are the result share its tangent evenly, what the out started from among them.
 */
import { Builder } from "../../../ir/builder.js";
import { isFloat } from "../../../ir/dtype.js";
import type { KernelOps } from "../../../ir/ops/index.js";
import { type AnyEqn, type Atom, isVar, type Program, type Var } from "../../../ir/program.js";
import { copyEqn, indicator, maskTo, strong, zeros } from "../emit.js";
import { count, split } from "../programs.js";

type Core = Program<"core">;
type Call = KernelOps["kernel_call"];

/** Of each out, the variables of the body that are it, where nothing but maxima, or minima, make it. */
function chains({ body, inits }: Call): readonly (ReadonlySet<Var> | null)[] {
  const first = body.inputs.length - inits.length;
  return inits.map((_, k) => {
    const start = body.inputs[first + k];
    if (!isFloat(start.aval.dtype)) return null;
    const own = new Set<Var>([start]);
    let op: string | undefined;
    for (const eqn of body.eqns) {
      const at = eqn.inputs.findIndex((a) => isVar(a) && own.has(a));
      if (at < 0) continue;
      if (eqn.prim !== "atomic" || (eqn.params.op !== "max" && eqn.params.op !== "min")) return null;
      if ((op !== undefined && op !== eqn.params.op) || eqn.inputs.slice(1).some((a) => isVar(a) && own.has(a)))
        return null;
      op = eqn.params.op;
      own.add(eqn.outputs[0]);
    }
    return op === undefined ? null : own;
  });
}

/**
 * (…operands of the call, …its results) → its results, as a function whose derivative is that of the call; null where no out is a
 * maximum or minimum. What is given as results is not differentiated.
 */
export function winners(call: Call, operands: readonly Atom[], results: readonly Atom[]): Core | null {
  const of = chains(call);
  if (of.every((c) => c === null)) return null;
  const { body, grid, inits } = call;
  const numReads = operands.length - count(inits);
  const known = of.flatMap((c, k) => (c ? [k] : []));

  // the kernel: (…reads, …results that are extrema, …ids, …outs, sums and numbers of winners for extrema) → outs
  const s = new Builder();
  const env = new Map<Var, Atom>();
  const same = (v: Var): void => {
    env.set(v, s.input(v.aval, v.name));
  };
  const [readVars, idVars, outVars] = split(body.inputs, numReads, grid.length);
  readVars.forEach(same);
  const winner = new Map(known.map((k) => [k, s.input(strong(outVars[k].aval))]));
  idVars.forEach(same);
  const sums = new Map<number, [Atom, Atom]>();
  outVars.forEach((v, k) => {
    if (of[k]) sums.set(k, [s.input(strong(v.aval)), s.input(strong(v.aval))]);
    else same(v);
  });
  const read = (a: Atom): Atom => (isVar(a) ? (env.get(a) ?? a) : a);
  for (const eqn of body.eqns) {
    const k = of.findIndex((c) => c?.has(eqn.inputs[0] as Var));
    s.span = eqn.span;
    if (k >= 0 && eqn.prim === "atomic") addWinners(s, eqn, k, { read, winner, sums });
    else {
      const outs = copyEqn(s, eqn, eqn.inputs.map(read));
      eqn.outputs.forEach((v, i) => env.set(v, outs[i]));
    }
  }
  s.span = undefined;
  const outputs = body.outputs.flatMap((o, k) => sums.get(k) ?? [read(o)]);
  const step = s.finish(outputs, body.name);

  const b = new Builder();
  const args = operands.map((a) => b.input(a.aval));
  const done = results.map((a) => b.input(strong(a.aval)));
  const [reads, starts] = split<Atom>(args, numReads);
  let next = 0;
  const startOf = inits.map((given) => (given ? starts[next++] : null));
  const from = startOf.flatMap((start, k) => {
    if (!of[k]) return start ? [start] : [];
    const none = zeros(b, outVars[k].aval);
    return [none, none];
  });
  const made = b.emit("kernel_call", [...reads, ...known.map((k) => done[k]), ...from], {
    ...call,
    body: step,
    inits: inits.flatMap((given, k) => (of[k] ? [true, true] : [given])),
    name: `winners(${call.name})`,
  });
  let at = 0;
  const outs = of.map((c, k) => {
    if (!c) return made[at++];
    const [sum, number] = made.slice(at, at + 2);
    at += 2;
    const start = startOf[k];
    if (!start) return b.div(sum, number);
    const stays = b.op("eq", start, done[k]);
    const all = b.add(number, indicator(b, stays, start.aval.dtype));
    return b.div(b.add(sum, maskTo(b, stays, start)), all);
  });
  return b.finish(outs, call.name);
}

function addWinners(
  s: Builder,
  eqn: Extract<AnyEqn, { prim: "atomic" }>,
  k: number,
  to: {
    readonly read: (a: Atom) => Atom;
    readonly winner: ReadonlyMap<number, Atom>;
    readonly sums: Map<number, [Atom, Atom]>;
  },
): void {
  const [, value, ...at] = eqn.inputs.map((a, i) => (i === 0 ? a : to.read(a)));
  const { masked } = eqn.params;
  const result = to.winner.get(k);
  const before = to.sums.get(k);
  if (!result || !before) return;
  const wins = s.op("eq", value, s.emit1("load", [result, ...at], { masked, other: false }));
  const add = (ref: Atom, x: Atom): Atom => s.emit("atomic", [ref, x, ...at], { op: "add", masked })[0];
  to.sums.set(k, [add(before[0], maskTo(s, wins, value)), add(before[1], indicator(s, wins, value.aval.dtype))]);
}
