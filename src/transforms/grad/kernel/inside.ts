/**
 * Adjoints that only add up, in the form of kernels written by hand: steps of a loop that touch different elements become an axis of
 * the grid, and programs that would add to one element in turn become a loop in one program, which adds up in a block and stores it once.
 */
import { aval } from "../../../ir/aval.js";
import { Builder } from "../../../ir/builder.js";
import { type Dim, isStatic } from "../../../ir/dim.js";
import { familyOf } from "../../../ir/ops/families.js";
import { type AnyEqn, type Atom, isVar, type Program, Var } from "../../../ir/program.js";
import { definitions } from "../../../ir/rewrite.js";
import { copyEqn, strong, zeros } from "../emit.js";
import { split } from "../programs.js";
import type { Access } from "./access.js";

type Core = Program<"core">;

export interface Gridded {
  /** (…operands, …program ids, …outs) → outs. */
  readonly body: Core;
  readonly grid: readonly Dim[];
}

/** The loop that makes all of these outs as the last axis of the grid; null where there is none, or much is done before it. */
export function loopAsAxis({ body, grid }: Gridded, operands: number, members: readonly number[]): Gridded | null {
  const defined = definitions(body);
  const makes = members.map((k) => defined.get(body.outputs[k] as Var));
  const [loop] = makes;
  if (loop?.prim !== "scan" || !makes.every((e) => e === loop) || !isStatic(loop.params.length)) return null;
  const { body: step, numConsts, numCarry, length } = loop.params;
  const [consts, carry, xs] = split(loop.inputs, numConsts, numCarry);
  const outVars = body.inputs.slice(operands + grid.length);
  const isMember = (a: Atom): boolean => members.some((k) => outVars[k] === a);
  const counts = xs.every((a) => {
    const made = isVar(a) ? defined.get(a) : undefined;
    return made?.prim === "iota" && made.params.shape.length === 1;
  });
  const others = body.eqns.filter((e) => e !== loop);
  if (!counts || numCarry !== members.length || !carry.every(isMember) || !others.every(isCheap)) return null;
  if (others.some((e) => e.inputs.some((a) => isMember(a) || loop.outputs.includes(a as Var)))) return null;

  const b = new Builder();
  const env = new Map<Var, Atom>();
  const [ofOperands, ofIds] = split(body.inputs, operands, grid.length);
  for (const v of [...ofOperands, ...ofIds]) env.set(v, b.input(v.aval, v.name));
  const id = b.input(aval([], "i32"));
  for (const v of outVars) env.set(v, b.input(v.aval, v.name));
  const read = (a: Atom): Atom => (isVar(a) ? (env.get(a) ?? a) : a);
  for (const eqn of others) {
    const results = copyEqn(b, eqn, eqn.inputs.map(read));
    eqn.outputs.forEach((v, i) => env.set(v, results[i]));
  }
  const results = b.inline(step, [...consts.map(read), ...carry.map(read), ...xs.map(() => id)]);
  loop.outputs.forEach((v, i) => env.set(v, results[i]));
  const outputs = body.outputs.map((o, k) => (members.includes(k) ? read(o) : read(outVars[k])));
  return { body: b.finish(outputs, body.name), grid: [...grid, length] };
}

function isCheap(eqn: AnyEqn): boolean {
  if (eqn.prim === "load") return true;
  const family = familyOf(eqn.prim);
  return eqn.effects.length === 0 && (family === "elementwise" || family === "movement");
}

/** Axis `axis` of the grid as a loop in each program, whose steps add up blocks; null where places depend on the step. */
export function sumInside(
  { body, grid }: Gridded,
  operands: number,
  members: ReadonlyMap<number, Access>,
  axis: number,
): Gridded | null {
  const length = grid[axis];
  const [ofOperands, ofIds, outVars] = split(body.inputs, operands, grid.length);
  const late = new Set<Atom>([ofIds[axis]]);
  for (const eqn of body.eqns) if (eqn.inputs.some((a) => late.has(a))) for (const v of eqn.outputs) late.add(v);
  const sums = [...members].map(([k, { eqn }]) => {
    const [ref, value, ...at] = eqn.inputs;
    const alone =
      eqn.prim === "atomic" && eqn.params.op === "add" && ref === outVars[k] && body.outputs[k] === eqn.outputs[0];
    return { k, eqn, value, at, fits: alone && at.every((a) => !late.has(a)) };
  });
  if (!sums.every((s) => s.fits)) return null;
  const added = new Set<AnyEqn>(sums.map((s) => s.eqn));

  const b = new Builder();
  const env = new Map<Var, Atom>();
  const take = (v: Var): void => {
    env.set(v, b.input(v.aval, v.name));
  };
  ofOperands.forEach(take);
  ofIds.forEach((v, a) => {
    if (a !== axis) take(v);
  });
  outVars.forEach(take);
  const read = (a: Atom): Atom => (isVar(a) ? (env.get(a) ?? a) : a);
  // what does not depend on the step is made once, what does in each
  for (const eqn of body.eqns) {
    if (added.has(eqn) || eqn.outputs.some((v) => late.has(v))) continue;
    const results = copyEqn(b, eqn, eqn.inputs.map(read));
    eqn.outputs.forEach((v, i) => env.set(v, results[i]));
  }
  const steps = body.eqns.filter((e) => !added.has(e) && e.outputs.some((v) => late.has(v)));
  const inner = new Builder();
  const local = new Map<Var, Atom>();
  const consts: Var[] = [];
  const wanted = new Set<Atom>([...steps.flatMap((e) => e.inputs), ...sums.map((s) => s.value)]);
  for (const v of env.keys())
    if (wanted.has(v)) {
      consts.push(v);
      local.set(v, inner.input(read(v).aval, v.name));
    }
  const before = sums.map((s) => inner.input(strong(s.value.aval)));
  local.set(ofIds[axis], inner.input(aval([], "i32")));
  const here = (a: Atom): Atom => (isVar(a) ? (local.get(a) ?? a) : a);
  for (const eqn of steps) {
    const results = copyEqn(inner, eqn, eqn.inputs.map(here));
    eqn.outputs.forEach((v, i) => local.set(v, results[i]));
  }
  const step = inner.finish(
    sums.map((s, i) => inner.add(before[i], here(s.value))),
    `sum(${body.name})`,
  );
  const totals = b.emit(
    "scan",
    [...consts.map(read), ...sums.map((s) => zeros(b, s.value.aval)), b.iota([length], 0, "i32")],
    { body: step, length, reverse: false, numConsts: consts.length, numCarry: sums.length },
  );
  const outputs = outVars.map(read);
  sums.forEach(({ k, eqn, at }, i) => {
    outputs[k] = copyEqn(b, eqn, [outputs[k], totals[i], ...at.map(read)])[0];
  });
  return { body: b.finish(outputs, body.name), grid: grid.filter((_, a) => a !== axis) };
}
