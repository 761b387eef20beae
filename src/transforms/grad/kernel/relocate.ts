/** The body of an adjoint for the grid that it gets: program ids from axes that are cut and reordered, sums to their places. */
import { aval } from "../../../ir/aval.js";
import { Builder } from "../../../ir/builder.js";
import type { Dim } from "../../../ir/dim.js";
import { type AnyEqn, type Atom, isVar, type Program, type Var } from "../../../ir/program.js";
import { copyEqn, maskTo } from "../emit.js";
import { absentLanes, type Access, type Accesses, lanesApart } from "./access.js";

type Core = Program<"core">;

/** An axis of the grid cut into runs of `length` programs; the last may be shorter. */
export interface Runs {
  readonly axis: number;
  readonly runs: number;
  readonly length: number;
  readonly size: number;
}
/** What becomes of a reference that is added to. */
export interface Plan {
  readonly accesses: Accesses;
  /** Its one access is a plain store. */
  readonly store: boolean;
  /** It has one more axis in front, the run. */
  readonly partial: boolean;
}
interface Move {
  readonly operands: number;
  readonly ids: readonly Var[];
  readonly vars: readonly Var[];
  readonly live: readonly boolean[];
  /** Outs that are only read. */
  readonly read: readonly boolean[];
  readonly grid: readonly Dim[];
  readonly serial: readonly boolean[];
  readonly runs: Runs | null;
  readonly plans: ReadonlyMap<Var, Plan>;
  readonly accesses: ReadonlyMap<AnyEqn, Access>;
}

/** (…operands, …outs that are only read, …program ids, …live outs) → live outs. */
export function relocate(
  body: Core,
  move: Move,
): { readonly body: Core; readonly grid: readonly Dim[]; readonly serial: readonly boolean[] } {
  const { runs, serial, plans, live, vars } = move;
  const b = new Builder();
  const env = new Map<Var, Atom>();
  const same = (v: Var): void => {
    env.set(v, b.input(v.aval, v.name));
  };
  body.inputs.slice(0, move.operands).forEach(same);
  vars.forEach((v, k) => {
    if (move.read[k]) same(v);
  });

  // the run, then axes whose programs are independent, then the others
  const order = [...serial.keys()].sort((x, y) => Number(serial[x]) - Number(serial[y]) || x - y);
  const grid: Dim[] = [];
  const flags: boolean[] = [];
  const id = (length: Dim, inOrder: boolean): Var => {
    grid.push(length);
    flags.push(inOrder);
    return b.input(aval([], "i32"));
  };
  const run = runs ? id(runs.runs, false) : null;
  let inside: Atom | null = null;
  for (const a of order) {
    if (!runs || !run || a !== runs.axis) {
      env.set(move.ids[a], id(move.grid[a], serial[a]));
      continue;
    }
    const at = b.add(b.mul(run, b.scalar(runs.length, "i32")), id(runs.length, true));
    if (runs.runs * runs.length === runs.size) env.set(move.ids[a], at);
    else {
      inside = b.op("lt", at, b.scalar(runs.size, "i32"));
      env.set(move.ids[a], b.op("min", at, b.scalar(runs.size - 1, "i32")));
    }
  }
  const refs = new Map<Var, Plan>();
  vars.forEach((v, k) => {
    if (!live[k]) return;
    const plan = plans.get(v);
    if (plan && !plan.accesses.opaque) refs.set(v, plan);
    const { shape, dtype } = v.aval;
    env.set(v, b.input(plan?.partial && runs ? aval([runs.runs, ...shape], dtype) : v.aval, v.name));
  });
  const outputs = rebuild(b, body, { env, refs, accesses: move.accesses, run, inside });
  return { body: b.finish(outputs, body.name), grid, serial: flags };
}

interface Scope {
  readonly env: Map<Var, Atom>;
  /** Variables that are references which are added to, in the program as it was. */
  readonly refs: Map<Var, Plan>;
  readonly accesses: ReadonlyMap<AnyEqn, Access>;
  readonly run: Atom | null;
  /** False for programs past the end of the last run. */
  readonly inside: Atom | null;
}

function rebuild(b: Builder, program: Core, scope: Scope): readonly Atom[] {
  const { env, refs } = scope;
  const read = (a: Atom): Atom => (isVar(a) ? (env.get(a) ?? a) : a);
  const planOf = (a: Atom | undefined): Plan | undefined => (a && isVar(a) ? refs.get(a) : undefined);
  const inherit = (from: readonly Atom[], to: readonly Var[]): void => {
    from.forEach((a, i) => {
      const plan = planOf(a);
      if (plan && to[i]) refs.set(to[i], plan);
    });
  };
  for (const eqn of program.eqns) {
    b.span = eqn.span;
    const operands = eqn.inputs.map(read);
    let results: readonly Atom[];
    const plan = planOf(eqn.inputs[0]);
    if (eqn.prim === "atomic" && plan) {
      refs.set(eqn.outputs[0], plan);
      results = [addTo(b, eqn, operands, plan, scope)];
    } else if (eqn.prim === "scan" && eqn.inputs.some((a) => planOf(a))) {
      const { body, numConsts, numCarry } = eqn.params;
      inherit(eqn.inputs.slice(0, numConsts + numCarry), body.inputs);
      inherit(eqn.inputs.slice(numConsts, numConsts + numCarry), eqn.outputs);
      const kept = operands.slice(0, numConsts + numCarry).map((x) => x.aval);
      const inner = nested(body, kept, numConsts, scope);
      results = b.emit("scan", [...operands.slice(0, numConsts), ...inner.more, ...operands.slice(numConsts)], {
        ...eqn.params,
        body: inner.program,
        numConsts: numConsts + inner.more.length,
      });
    } else if (eqn.prim === "cond" && eqn.inputs.some((a) => planOf(a))) {
      const { branches } = eqn.params;
      const [index, ...rest] = operands;
      const kept = rest.map((x) => x.aval);
      const inner = branches.map((p) => {
        inherit(eqn.inputs.slice(1), p.inputs);
        return nested(p, kept, 0, scope);
      });
      inherit(branches[0].outputs, eqn.outputs);
      results = b.emit("cond", [index, ...inner[0].more, ...rest], { branches: inner.map((x) => x.program) });
    } else results = copyEqn(b, withMeeting(eqn, scope), operands);
    eqn.outputs.forEach((v, i) => {
      if (results[i]) env.set(v, results[i]);
    });
  }
  b.span = undefined;
  return program.outputs.map(read);
}

/** Sums in memory that is not planned: that of the program itself, or which only it touches. */
function withMeeting(eqn: AnyEqn, { accesses }: Scope): AnyEqn {
  if (eqn.prim !== "atomic" || eqn.params.meet !== "lanes") return eqn;
  const access = accesses.get(eqn);
  if (!access || !lanesApart(access, [])) return eqn;
  return { ...eqn, params: { ...eqn.params, meet: "none" } };
}

/** A program in the program, its first inputs of the types that its operands have now; after `at` of them it takes the run. */
function nested(
  program: Core,
  types: readonly Atom["aval"][],
  at: number,
  scope: Scope,
): { readonly program: Core; readonly more: readonly Atom[] } {
  const b = new Builder();
  const env = new Map<Var, Atom>();
  const input = (v: Var, i: number): void => {
    env.set(v, b.input(types[i] ?? v.aval, v.name));
  };
  program.inputs.slice(0, at).forEach((v, i) => {
    input(v, i);
  });
  const more = [scope.run, scope.inside].filter((x) => x !== null);
  const own = more.map((x) => b.input(x.aval));
  program.inputs.slice(at).forEach((v, i) => {
    input(v, at + i);
  });
  const outputs = rebuild(b, program, {
    ...scope,
    env,
    run: scope.run && own[0],
    inside: scope.inside && own[own.length - 1],
  });
  return { program: b.finish(outputs, program.name), more };
}

/** One sum: over lanes that are at one element first, then to the place that the plan says. Gives the reference as it is then. */
function addTo(
  b: Builder,
  eqn: Extract<AnyEqn, { prim: "atomic" }>,
  [ref, block, ...rest]: readonly Atom[],
  plan: Plan,
  { accesses, run, inside }: Scope,
): Atom {
  const { masked, op } = eqn.params;
  const access = accesses.get(eqn);
  const rank = ref.aval.shape.length - (plan.partial ? 1 : 0);
  const absent = access ? absentLanes(access) : [];
  const gone = absent.flatMap((x, d) => (x ? [d] : []));
  // lanes along axes that are gone are all at the place of the first
  const first = (x: Atom): Atom => {
    const { shape } = x.aval;
    const cut = b.emit1("slice", [x], {
      start: shape.map(() => 0),
      limit: shape.map((d, i) => (absent[i] ? 1 : d)),
      strides: shape.map(() => 1),
    });
    return b.reshape(
      cut,
      shape.filter((_, i) => !absent[i]),
    );
  };
  let value = block;
  let index = rest.slice(0, rank);
  let mask = masked ? rest[rank] : null;
  if (gone.length > 0) {
    index = index.map(first);
    const same = access?.mask.exact === true && access.mask.forms.every((f) => gone.every((d) => f.lanes[d] === 0));
    if (mask && !same) value = maskTo(b, mask, value);
    value = b.reduceSum(value, gone);
    mask = mask && (same ? first(mask) : b.emit1("reduce_or", [mask], { axes: gone }));
  }
  const { shape } = value.aval;
  if (inside) {
    const all = b.broadcast(inside, shape, []);
    mask = mask ? b.op("and", mask, all) : all;
  }
  if (plan.partial && run) index = [b.broadcast(run, shape, []), ...index];
  const at = [...index, ...(mask ? [mask] : [])];
  if (plan.store) return b.emit1("store", [ref, value, ...at], { masked: mask !== null });
  const apart = access !== undefined && lanesApart(access, absent);
  return b.emit("atomic", [ref, value, ...at], { op, masked: mask !== null, meet: apart ? "none" : "lanes" })[0];
}
