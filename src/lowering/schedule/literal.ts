/** A literal has no memory. What reads its bytes under another width needs some: there it is made an array first. */
import { byteSize } from "../../ir/dtype.js";
import { type AnyEqn, type Atom, isVar, type Literal, type Var } from "../../ir/program.js";
import { makeEqn, withInputs } from "../../ir/rewrite.js";

export function literalsInMemory(eqns: readonly AnyEqn[]): readonly AnyEqn[] {
  if (!eqns.some(readsBytes)) return eqns;
  // behind a barrier a literal is a literal still
  const literals = new Map<Var, Literal>();
  const literalOf = (a: Atom | undefined): Literal | undefined => (a && isVar(a) ? literals.get(a) : a);
  return eqns.flatMap((eqn) => {
    if (eqn.prim === "optimization_barrier") {
      eqn.inputs.forEach((a, i) => {
        const literal = literalOf(a);
        if (literal) literals.set(eqn.outputs[i], literal);
      });
    }
    const literal = readsBytes(eqn) ? literalOf(eqn.inputs[0]) : undefined;
    if (!literal) return [eqn];
    const array = makeEqn("broadcast_in_dim", [literal], { shape: [], dims: [] }, eqn.span);
    return [array, withInputs(eqn, array.outputs)];
  });
}
function readsBytes(eqn: AnyEqn): boolean {
  return eqn.prim === "bitcast_convert_type" && byteSize(eqn.inputs[0].aval.dtype) !== byteSize(eqn.params.dtype);
}
