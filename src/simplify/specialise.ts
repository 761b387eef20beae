/** Programs with some inputs fixed: to a constant, or to another input that gets the same operand. */
import { aval } from "../ir/aval.js";
import { type AnyEqn, type Atom, literal, type Program, type Var } from "../ir/program.js";
import { makeEqn, substitute, substituteAll, withEqns } from "../ir/rewrite.js";
import type { RewriteContext, Scalar } from "./rule.js";

/** A constant, the position of the input that stands for this one, or nothing known. */
export type Known = { readonly constant: Scalar } | { readonly same: number } | undefined;

/** What is known of the first `count` operands; undefined when that is nothing. */
export function knownInputs(r: RewriteContext, operands: readonly Atom[], count: number): Known[] | undefined {
  const known: Known[] = [];
  const first = new Map<Atom, number>();
  for (let i = 0; i < count; i++) {
    const a = operands[i];
    const constant = a.aval.dtype === "key" ? undefined : r.constant(a);
    const same = first.get(a);
    if (constant !== undefined) known.push({ constant });
    else if (same !== undefined) known.push({ same });
    else {
      known.push(undefined);
      first.set(a, i);
    }
  }
  return known.some((k) => k !== undefined) ? known : undefined;
}

/** The program without the inputs that are known. */
export function bindInputs(p: Program<"core">, known: readonly Known[]): Program<"core"> {
  const replace = new Map<Var, Atom>();
  const eqns: AnyEqn[] = [];
  p.inputs.forEach((v, i) => {
    const k = known[i];
    if (k === undefined) return;
    if ("same" in k) {
      replace.set(v, p.inputs[k.same]);
      return;
    }
    const scalar = literal(k.constant, aval([], v.aval.dtype, v.aval.weak));
    if (v.aval.shape.length === 0) replace.set(v, scalar);
    else {
      const eqn = makeEqn("broadcast_in_dim", [scalar], { shape: v.aval.shape, dims: [] }, undefined);
      eqns.push(eqn);
      replace.set(v, eqn.outputs[0]);
    }
  });
  for (const eqn of p.eqns) eqns.push(substitute(eqn, replace));
  return withEqns(
    { ...p, inputs: p.inputs.filter((_, i) => known[i] === undefined) },
    eqns,
    substituteAll(p.outputs, replace),
  );
}
