/**
 * Values that the kernel has stored need not be made again by its adjoint: it reads them, where that saves work. Elements that a mask
 * kept from being stored are then 0, so they must have been 0.
 */
import { type AnyEqn, type Atom, isVar, type Program, Var } from "../../../ir/program.js";
import { definitions, nestedPrograms, substitute, substituteAll, withEqns } from "../../../ir/rewrite.js";
import { aval } from "../../../ir/aval.js";
import { Builder } from "../../../ir/builder.js";
import { familyOf } from "../../../ir/ops/families.js";
import { prune } from "../../../simplify/index.js";
import { isLight } from "../partial-eval/residuals.js";

type Core = Program<"core">;
type Store = Extract<AnyEqn, { prim: "store" }>;

export interface Reread {
  /** (…reads, …outs that are read, …the other inputs) → outs. */
  readonly body: Core;
  /** Positions of these outs. */
  readonly outs: readonly number[];
}

/** `known`: outs whose contents are known when the kernel is over; `live`: those that are still to be made. */
export function reread(
  body: Core,
  reads: number,
  axes: number,
  known: readonly boolean[],
  live: readonly boolean[],
): Reread {
  let best: Reread = { body, outs: [] };
  let cost = costOf(body, live);
  known.forEach((k, i) => {
    const store = k ? onlyStore(best.body, reads + best.outs.length + axes + i, i) : undefined;
    const next = store && readFrom(best, store, reads + best.outs.length);
    if (!next) return;
    const less = costOf(next, live);
    if (less >= cost) return;
    cost = less;
    best = { body: next, outs: [...best.outs, i] };
  });
  return best;
}

/** The one store that makes an out, whose contents nothing else in the body reads or changes. */
function onlyStore(body: Core, input: number, out: number): Store | undefined {
  const ref = body.inputs[input];
  const result = body.outputs[out];
  let found: Store | undefined;
  for (const eqn of body.eqns) {
    if (eqn.inputs.includes(result)) return undefined;
    if (!eqn.inputs.includes(ref)) continue;
    if (found || eqn.prim !== "store" || eqn.inputs.indexOf(ref, 1) >= 0 || eqn.outputs[0] !== result) return undefined;
    found = eqn;
  }
  return found;
}

function readFrom({ body }: Reread, { inputs, params }: Store, reads: number): Core | undefined {
  const [ref, value, ...at] = inputs;
  if (!isVar(value)) return undefined;
  const defined = definitions(body);
  const place = body.eqns.findIndex((e) => e.outputs.includes(value));
  if (place < 0) return undefined;
  // the place may be made after the value: it is moved up
  const wanted = new Set<Atom>(at);
  const moved = new Set<AnyEqn>();
  for (const eqn of body.eqns.slice(place + 1).reverse()) {
    if (!eqn.outputs.some((v) => wanted.has(v))) continue;
    if (eqn.effects.length > 0) return undefined;
    for (const a of eqn.inputs) wanted.add(a);
    moved.add(eqn);
  }
  if (wanted.has(value)) return undefined;
  if (params.masked && outside(value, at[at.length - 1], defined, 12) !== 0) return undefined;
  const b = new Builder();
  const from = new Var(aval(ref.aval.shape, ref.aval.dtype), isVar(ref) ? ref.name : undefined);
  const read = b.emit1("load", [from, ...at], { masked: params.masked, other: false });
  const env = new Map<Var, Atom>([[value, read]]);
  const after = body.eqns
    .slice(place + 1)
    .filter((e) => !moved.has(e))
    .map((e) => (e.prim === "store" && e.inputs[0] === ref ? e : substitute(e, env)));
  const early = [...body.eqns.slice(0, place + 1), ...body.eqns.filter((e) => moved.has(e))];
  const next = withEqns(body, [...early, ...b.eqns, ...after], substituteAll(body.outputs, env));
  return { ...next, inputs: [...body.inputs.slice(0, reads), from, ...body.inputs.slice(reads)] };
}

/** Rough cost of making what is live, elements of blocks counted alike. */
function costOf(body: Core, live: readonly boolean[]): number {
  const of = (p: Core): number => p.eqns.reduce((sum, e) => sum + weight(e), 0);
  const weight = (eqn: AnyEqn): number => {
    const inside = nestedPrograms(eqn);
    if (inside.length > 0) return 10 * inside.reduce((sum, p) => sum + of(p), 0);
    if (eqn.prim === "load") return 3;
    switch (familyOf(eqn.prim)) {
      case "elementwise":
        return isLight(eqn) ? 1 : 10;
      case "movement":
        return 0;
      case "reduction":
        return 4;
      case "contraction":
        return 50;
      default:
        return 5;
    }
  };
  return of(prune(body, live).program);
}

/** What stands, for certain, where the mask does not hold: 0 or -Infinity; undefined when that is not known. */
function outside(a: Atom, mask: Atom, defined: ReadonlyMap<Var, AnyEqn>, depth: number): number | undefined {
  if (!isVar(a)) return Number(a.value) === 0 || a.value === Number.NEGATIVE_INFINITY ? Number(a.value) : undefined;
  const eqn = defined.get(a);
  if (!eqn || depth === 0) return undefined;
  const of = (x: Atom): number | undefined => outside(x, mask, defined, depth - 1);
  switch (eqn.prim) {
    case "load": {
      const { masked, other } = eqn.params;
      if (!masked) return undefined;
      const rest = eqn.inputs.slice(1);
      const own = rest[rest.length - (other ? 2 : 1)];
      if (!same(own, mask, defined, depth)) return undefined;
      return other ? of(rest[rest.length - 1]) : 0;
    }
    case "select":
      return same(eqn.inputs[0], mask, defined, depth) ? of(eqn.inputs[2]) : undefined;
    case "broadcast_in_dim":
      return isVar(eqn.inputs[0]) ? undefined : of(eqn.inputs[0]);
    case "exp":
    case "exp2":
      return of(eqn.inputs[0]) === Number.NEGATIVE_INFINITY ? 0 : undefined;
    case "neg":
    case "convert_element_type":
      return of(eqn.inputs[0]) === 0 ? 0 : undefined;
    case "mul":
      return eqn.inputs.some((x) => of(x) === 0) ? 0 : undefined;
    case "div":
      return of(eqn.inputs[0]) === 0 ? 0 : undefined;
    case "custom_jvp_call":
      return eqn.params.name === "softmax" && of(eqn.inputs[0]) === 0 ? 0 : undefined;
    case "sub":
      return of(eqn.inputs[0]) === Number.NEGATIVE_INFINITY ? Number.NEGATIVE_INFINITY : undefined;
    default:
      return undefined;
  }
}

/** The same value, by the way it is made. */
function same(a: Atom, b: Atom, defined: ReadonlyMap<Var, AnyEqn>, depth: number): boolean {
  if (a === b) return true;
  if (!isVar(a) || !isVar(b)) return !isVar(a) && !isVar(b) && a.value === b.value && a.aval.dtype === b.aval.dtype;
  const [x, y] = [defined.get(a), defined.get(b)];
  if (!x || !y || depth === 0 || x.prim !== y.prim || x.outputs.length > 1 || x.effects.length > 0) return false;
  if (nestedPrograms(x).length > 0 || x.inputs.length !== y.inputs.length) return false;
  if (JSON.stringify(x.params) !== JSON.stringify(y.params)) return false;
  return x.inputs.every((v, i) => same(v, y.inputs[i], defined, depth - 1));
}
