/** Names for variables of a program under construction. */
import type { Builder } from "./builder.js";
import { type AnyEqn, type Atom, Var } from "./program.js";

/** Replaces variables by others of these names, in the equations so far and in `outputs`, which are returned. */
export function renameVars(b: Builder, names: ReadonlyMap<Atom, string>, outputs: readonly Atom[]): readonly Atom[] {
  if (names.size === 0) return outputs;
  const renamed = new Map<Atom, Var>();
  for (const [v, name] of names) if (v instanceof Var) renamed.set(v, new Var(v.aval, name));
  const read = (a: Atom): Atom => renamed.get(a) ?? a;
  for (let i = 0; i < b.eqns.length; i++) {
    const eqn = b.eqns[i];
    if (![...eqn.inputs, ...eqn.outputs].some((a) => renamed.has(a))) continue;
    b.eqns[i] = { ...eqn, inputs: eqn.inputs.map(read), outputs: eqn.outputs.map(read) } as AnyEqn;
  }
  return outputs.map(read);
}
