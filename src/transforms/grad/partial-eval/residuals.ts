/** Which residuals need not be kept, because little work makes them again from others that are kept. */
import { internal } from "../../../diagnostics/error.js";
import { dimAtLeast, dimProduct } from "../../../ir/dim.js";
import { byteSize } from "../../../ir/dtype.js";
import { familyOf } from "../../../ir/ops/families.js";
import type { Prim } from "../../../ir/ops/index.js";
import { type AnyEqn, type Atom, isVar, Var } from "../../../ir/program.js";
import { strong } from "../emit.js";

export interface Residual {
  /** In the known program. */
  readonly known: Var;
  /** In the unknown program. */
  readonly input: Var;
}

/** Elementwise primitives that take far longer than reading their result from memory does. */
const HEAVY: ReadonlySet<Prim> = new Set<Prim>([
  ...(["exp", "exp2", "expm1", "log", "log1p", "cbrt", "logistic", "pow", "atan2", "rem"] as const),
  ...(["sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh"] as const),
  ...(["erf", "erfc", "erf_inv", "lgamma", "digamma", "bessel_i0e", "bessel_i1e", "igamma", "igammac"] as const),
  ...(["igamma_grad_a", "random_gamma_grad", "polygamma", "zeta", "regularized_incomplete_beta"] as const),
]);
/** How many equations deep a value is made again. */
export const DEPTH = 4;

export function isLight(eqn: AnyEqn): boolean {
  if (eqn.effects.length > 0 || HEAVY.has(eqn.prim)) return false;
  const family = familyOf(eqn.prim);
  return family === "elementwise" || family === "movement";
}

/** Known not to be larger. */
function notLarger(a: Atom, b: Atom): boolean {
  const scale = byteSize(a.aval.dtype) <= byteSize(b.aval.dtype);
  return scale && dimAtLeast(dimProduct(b.aval.shape), dimProduct(a.aval.shape)) === true;
}

/**
 * `residuals` are those to keep, `prefix` makes the others from them, at the head of the unknown program. `free` are
 * inputs of the known program that cost nothing as residuals.
 */
export function cheapResiduals(
  wanted: readonly Residual[],
  eqns: readonly AnyEqn[],
  made: ReadonlyMap<Var, AnyEqn>,
  free: ReadonlySet<Atom>,
): { residuals: readonly Residual[]; prefix: readonly AnyEqn[] } {
  const inputs = new Map<Atom, Var>(wanted.map((r) => [r.known, r.input]));
  const available = (a: Atom, target: Var, depth: number): boolean => {
    if (!isVar(a) || inputs.has(a)) return true;
    if (free.has(a)) return notLarger(a, target);
    const eqn = made.get(a);
    return depth > 0 && eqn !== undefined && isLight(eqn) && eqn.inputs.every((x) => available(x, target, depth - 1));
  };
  const dropped = new Set<Var>();
  for (const { known } of wanted) {
    const eqn = made.get(known);
    if (eqn && isLight(eqn) && eqn.inputs.every((x) => available(x, known, DEPTH - 1))) dropped.add(known);
  }
  if (dropped.size === 0) return { residuals: wanted, prefix: [] };

  const residuals = wanted.filter((r) => !dropped.has(r.known));
  const prefix: AnyEqn[] = [];
  const done = new Map<Atom, Atom>(residuals.map((r) => [r.known, r.input]));
  const make = (a: Atom): Atom => {
    if (!isVar(a)) return a;
    const before = done.get(a);
    if (before) return before;
    const eqn = made.get(a);
    if (!eqn) {
      if (!free.has(a)) internal("a residual is made again from a value that is not at hand");
      const input = new Var(strong(a.aval), a.name);
      residuals.push({ known: a, input });
      done.set(a, input);
      return input;
    }
    const operands = eqn.inputs.map(make);
    const outputs = eqn.outputs.map((v) => inputs.get(v) ?? new Var(v.aval, v.name));
    prefix.push({ ...eqn, inputs: operands, outputs } as AnyEqn);
    eqn.outputs.forEach((v, i) => done.set(v, outputs[i]));
    return outputs[0];
  };
  for (const eqn of eqns) for (const v of eqn.outputs) if (dropped.has(v)) make(v);
  return { residuals, prefix };
}
