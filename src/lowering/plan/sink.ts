/**
 * Indices and masks of kernels are computed where they are used: inside of loops and branches too, so that what is known of them
 * (which place in memory an access has, that a mask is true) is known there.
 */
import { type AnyEqn, type Atom, isVar, type Program, Var } from "../../ir/program.js";
import { mapSame, substitute, withEqns } from "../../ir/rewrite.js";

type Core = Program<"core">;

/** Equations that compute an index or a mask of others. */
const INDEX: ReadonlySet<string> = new Set(
  "iota broadcast_in_dim reshape transpose add sub mul div rem min max neg lt le gt ge eq ne and or not select convert_element_type".split(
    " ",
  ),
);
const cache = new WeakMap<Core, Core>();

/** The program with definitions of indices copied into the loops and branches that use them. */
export function sinkIndices(program: Core): Core {
  let result = cache.get(program);
  if (!result) {
    result = sunk(program);
    cache.set(program, result);
  }
  return result;
}

function isIndexType(a: Atom): boolean {
  return a.aval.dtype === "i32" || a.aval.dtype === "bool";
}

function sunk(program: Core): Core {
  const made = new Map<Atom, AnyEqn>();
  for (const e of program.eqns) for (const v of e.outputs) made.set(v, e);
  /** What computes the value from scalars, operands before users; null where it is anything else. */
  const chain = (a: Atom, into: AnyEqn[], leaves: Var[]): boolean => {
    if (!isVar(a)) return true;
    if (!isIndexType(a)) return false;
    const e = made.get(a);
    if (e && INDEX.has(e.prim)) {
      if (into.includes(e)) return true;
      if (!e.inputs.every((x) => chain(x, into, leaves))) return false;
      into.push(e);
      return into.length <= MOST;
    }
    if (a.aval.shape.length > 0) return false;
    if (!leaves.includes(a)) leaves.push(a);
    return true;
  };
  const eqns = mapSame(program.eqns, (e): AnyEqn => {
    if (e.prim === "scan") {
      const { body, numConsts } = e.params;
      const done = intoBody(body, e.inputs.slice(0, numConsts), chain, made);
      if (!done) return withBody(e, sinkIndices(body));
      const params = { ...e.params, body: sinkIndices(done.body), numConsts: done.operands.length };
      return { ...e, params, inputs: [...done.operands, ...e.inputs.slice(numConsts)] };
    }
    return e;
  });
  return withEqns(program, eqns);
}
/** Equations that are worth copying. */
const MOST = 64;

function withBody(e: Extract<AnyEqn, { prim: "scan" }>, body: Core): AnyEqn {
  return body === e.params.body ? e : { ...e, params: { ...e.params, body } };
}

function intoBody(
  body: Core,
  operands: readonly Atom[],
  chain: (a: Atom, into: AnyEqn[], leaves: Var[]) => boolean,
  made: ReadonlyMap<Atom, AnyEqn>,
): { readonly body: Core; readonly operands: readonly Atom[] } | null {
  const copied: AnyEqn[] = [];
  const wanted: Var[] = [];
  const moved = operands.map((a) => {
    if (!isVar(a) || !made.has(a) || !isIndexType(a)) return false;
    const [into, leaves]: [AnyEqn[], Var[]] = [[...copied], [...wanted]];
    if (!chain(a, into, leaves)) return false;
    copied.push(...into.slice(copied.length));
    wanted.push(...leaves.slice(wanted.length));
    return true;
  });
  if (!moved.includes(true)) return null;
  const left = operands.flatMap((a, i) => (moved[i] ? [] : [{ a, v: body.inputs[i] }]));
  const replace = new Map<Var, Atom>();
  for (const leaf of wanted) {
    let known = left.find((l) => l.a === leaf);
    if (!known) {
      known = { a: leaf, v: new Var(leaf.aval, leaf.name) };
      left.push(known);
    }
    replace.set(leaf, known.v);
  }
  const first = copied.map((e): AnyEqn => {
    const inner = substitute(e, replace);
    const outputs = e.outputs.map((v) => {
      const own = new Var(v.aval, v.name);
      replace.set(v, own);
      return own;
    });
    return { ...inner, outputs } as AnyEqn;
  });
  const inside = new Map<Var, Atom>();
  operands.forEach((a, i) => {
    if (moved[i] && isVar(a)) inside.set(body.inputs[i], replace.get(a) ?? a);
  });
  return {
    operands: left.map((l) => l.a),
    body: {
      ...body,
      inputs: [...left.map((l) => l.v), ...body.inputs.slice(operands.length)],
      eqns: [...first, ...body.eqns.map((e) => substitute(e, inside))],
      outputs: body.outputs.map((a) => (isVar(a) ? (inside.get(a) ?? a) : a)),
    },
  };
}
