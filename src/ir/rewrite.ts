/** What passes over core programs share: substitution, uses, effects, nested programs. */
import { abstractEval } from "./abstract-eval/index.js";
import { joinEffects } from "./effects.js";
import type { ControlOps, KernelOps, Params, Prim } from "./ops/index.js";
import { type AnyEqn, type Atom, isVar, type Program, Var } from "./program.js";

type Core = Program<"core">;

type Holding = ControlOps & Pick<KernelOps, "kernel_call">;
/** Where each control primitive keeps its programs. Lazy programs are not among them: nobody may force them. */
const NESTED: { readonly [P in keyof Holding]: readonly (keyof Holding[P])[] } = {
  cond: ["branches"],
  while: ["cond", "body"],
  scan: ["body"],
  call: ["program"],
  custom_jvp_call: ["primal"],
  custom_vjp_call: ["primal"],
  custom_vjp_linear: [],
  checkpoint: ["program"],
  custom_linear_solve: ["matvec", "vecmat", "solve", "transposeSolve"],
  optimization_barrier: [],
  debug_callback: [],
  kernel_call: ["body"],
};
const nestedKeys = (prim: Prim): readonly string[] =>
  prim in NESTED ? (NESTED[prim as keyof Holding] as readonly string[]) : [];

/** The programs in an equation's parameters, in a fixed order. */
export function nestedPrograms(eqn: Pick<AnyEqn, "prim" | "params">): readonly Core[] {
  const keys = nestedKeys(eqn.prim);
  if (keys.length === 0) return [];
  const params = eqn.params as unknown as Record<string, Core | readonly Core[]>;
  return keys.flatMap((k) => params[k]);
}

/** The equation with `f` of every nested program; the same object when `f` changes none. */
export function mapPrograms(eqn: AnyEqn, f: (p: Core) => Core): AnyEqn {
  const keys = nestedKeys(eqn.prim);
  if (keys.length === 0) return eqn;
  const params = eqn.params as unknown as Record<string, Core | readonly Core[]>;
  const changed: Record<string, Core | readonly Core[]> = {};
  let different = false;
  for (const k of keys) {
    const old = params[k];
    const now = Array.isArray(old) ? mapSame(old as readonly Core[], f) : f(old as Core);
    changed[k] = now;
    if (now !== old) different = true;
  }
  return different ? ({ ...eqn, params: { ...params, ...changed } } as AnyEqn) : eqn;
}

/**
 * The program that a call runs when it is evaluated, and its operands; undefined for everything else. Derivative rules have
 * done their work by then.
 */
export function callee<A>(
  eqn: AnyEqn,
  operands: readonly A[],
): { readonly program: Core; readonly args: readonly A[] } | undefined {
  switch (eqn.prim) {
    case "call":
    case "checkpoint":
      return { program: eqn.params.program, args: operands };
    case "custom_jvp_call":
    case "custom_vjp_call":
      return { program: eqn.params.primal, args: operands };
    case "custom_linear_solve": {
      const [matvec, vecmat, solve, transposeSolve] = eqn.params.counts;
      const own = matvec + vecmat;
      const vectors = own + solve + transposeSolve;
      return { program: eqn.params.solve, args: [...operands.slice(own, own + solve), ...operands.slice(vectors)] };
    }
    default:
      return undefined;
  }
}

/** `list.map(f)`, or `list` itself when every element stays what it is. */
export function mapSame<T>(list: readonly T[], f: (x: T, i: number) => T): readonly T[] {
  let out: T[] | undefined;
  for (let i = 0; i < list.length; i++) {
    const y = f(list[i], i);
    if (out) out.push(y);
    else if (y !== list[i]) out = [...list.slice(0, i), y];
  }
  return out ?? list;
}

export function withInputs(eqn: AnyEqn, inputs: readonly Atom[]): AnyEqn {
  return inputs === eqn.inputs ? eqn : ({ ...eqn, inputs } as AnyEqn);
}
/** The equation with operands read through `replace`. */
export function substitute(eqn: AnyEqn, replace: ReadonlyMap<Var, Atom>): AnyEqn {
  return replace.size === 0 ? eqn : withInputs(eqn, substituteAll(eqn.inputs, replace));
}
export function substituteAll(atoms: readonly Atom[], replace: ReadonlyMap<Var, Atom>): readonly Atom[] {
  return mapSame(atoms, (a) => (isVar(a) ? (replace.get(a) ?? a) : a));
}

/** An equation as `Builder.emit` makes it, without a builder. */
export function makeEqn<P extends Prim>(
  prim: P,
  inputs: readonly Atom[],
  params: Params<P>,
  span: AnyEqn["span"],
): AnyEqn {
  const { outputs, effects } = abstractEval(
    prim,
    inputs.map((a) => a.aval),
    params,
    span,
  );
  return { prim, inputs, params, outputs: outputs.map((a) => new Var(a)), effects, span } as unknown as AnyEqn;
}

/** The program with other equations (and outputs); the same object when they are the same. */
export function withEqns(p: Core, eqns: readonly AnyEqn[], outputs: readonly Atom[] = p.outputs): Core {
  if (outputs === p.outputs && eqns.length === p.eqns.length && eqns.every((e, i) => e === p.eqns[i])) return p;
  return { ...p, eqns, outputs, effects: joinEffects(...eqns.map((e) => e.effects)) };
}

/** The equation that defines each variable. */
export function definitions(p: Core): Map<Var, AnyEqn> {
  const made = new Map<Var, AnyEqn>();
  for (const eqn of p.eqns) for (const v of eqn.outputs) made.set(v, eqn);
  return made;
}

export function isPure(eqn: Pick<AnyEqn, "effects">): boolean {
  return eqn.effects.length === 0;
}
