/**
 * Quotients exp(x - m) / Σ exp(x - m), whatever m is the same along the axes of the sum: their value does not depend on m, and their
 * derivative is y (ẋ - Σ y ẋ), which needs nothing but the quotient. Kernels write them so to be safe from overflow, m being the
 * greatest x; the rules one after the other would differentiate the maximum too.
 */
import { Builder } from "../../../ir/builder.js";
import { type AnyEqn, type Atom, isVar, type Program, type Var } from "../../../ir/program.js";
import { familyOf } from "../../../ir/ops/families.js";
import { definitions, mapPrograms, withEqns } from "../../../ir/rewrite.js";
import { memoize } from "../programs.js";
import { isFloat } from "../../../ir/dtype.js";
import { otherAxes } from "../../../util/index.js";
import { strong } from "../emit.js";

type Core = Program<"core">;
type Defined = ReadonlyMap<Var, AnyEqn>;

const made = memoize<Core>();

/** The program, in which these quotients have a derivative rule of their own. */
export function withSoftmax(program: Core): Core {
  return made(program, "", () => {
    const defined = definitions(program);
    return withEqns(
      program,
      program.eqns.map((eqn) => quotient(eqn, defined) ?? mapPrograms(eqn, withSoftmax)),
    );
  });
}

function quotient(eqn: AnyEqn, defined: Defined): AnyEqn | undefined {
  if (eqn.prim !== "div" || !isFloat(eqn.outputs[0].aval.dtype)) return undefined;
  const [e, r] = eqn.inputs;
  const axes = sumOf(r, e, defined);
  const x = axes && exponent(e, axes, defined);
  if (!x || eqn.outputs[0].aval.weak) return undefined;
  const types = [e, r, x].map((a) => strong(a.aval));
  const primal = new Builder();
  const [top, bottom] = types.map((a) => primal.input(a));
  const rule = new Builder();
  const [e2, r2, , , , dot] = [...types, ...types].map((a) => rule.input(a));
  const y = rule.div(e2, r2);
  const { shape } = y.aval;
  const mean = rule.reduceSum(rule.mul(y, dot), axes);
  const spread = rule.broadcast(mean, shape, otherAxes(shape.length, axes));
  const jvp = rule.finish([y, rule.mul(y, rule.sub(dot, spread))], "softmax_jvp");
  return {
    prim: "custom_jvp_call",
    inputs: [e, r, x],
    params: {
      primal: primal.finish([primal.div(top, bottom)], "softmax"),
      jvp: { name: "softmax_jvp", get: () => jvp },
      numCaptures: 0,
      name: "softmax",
    },
    outputs: eqn.outputs,
    effects: [],
    span: eqn.span,
  };
}

/** The axes over which `r`, spread over the shape of `e` again, is the sum of `e`. */
function sumOf(r: Atom, e: Atom, defined: Defined): readonly number[] | undefined {
  const rank = e.aval.shape.length;
  // which axis of the value at hand each axis of `r` is; null: it is the same along it
  let axisOf: (number | null)[] = e.aval.shape.map((_, i) => i);
  let at = r;
  for (;;) {
    const eqn = isVar(at) ? defined.get(at) : undefined;
    if (eqn?.prim === "broadcast_in_dim") {
      const { dims } = eqn.params;
      const [from] = eqn.inputs;
      axisOf = axisOf.map((d) => {
        const i = d === null ? -1 : dims.indexOf(d);
        return i < 0 || (from.aval.shape[i] === 1 && e.aval.shape[d ?? 0] !== 1) ? null : i;
      });
      at = from;
    } else if (eqn?.prim === "reshape") {
      const [from] = eqn.inputs;
      const real = (a: Atom): number[] => a.aval.shape.flatMap((n, i) => (n === 1 ? [] : [i]));
      const [before, after] = [real(from), real(at)];
      if (before.length !== after.length || before.some((d, i) => from.aval.shape[d] !== at.aval.shape[after[i]]))
        return undefined;
      axisOf = axisOf.map((d) => (d === null ? null : (before[after.indexOf(d)] ?? null)));
      at = from;
    } else {
      if (eqn?.prim !== "reduce_sum" || eqn.inputs[0] !== e) return undefined;
      const { axes } = eqn.params;
      const kept = otherAxes(rank, axes);
      const fits = axisOf.every((d, i) =>
        axes.includes(i) ? d === null || e.aval.shape[i] === 1 : e.aval.shape[i] === 1 || d === kept.indexOf(i),
      );
      return fits ? axes : undefined;
    }
  }
}

/** x of exp(x - m), perhaps 0 in some places, where m is the same along `axes`. */
function exponent(e: Atom, axes: readonly number[], defined: Defined): Atom | undefined {
  let eqn = isVar(e) ? defined.get(e) : undefined;
  if (eqn?.prim === "select") {
    const [, value, otherwise] = eqn.inputs;
    if (!isZero(otherwise, defined)) return undefined;
    eqn = isVar(value) ? defined.get(value) : undefined;
  }
  if (eqn?.prim !== "exp") return undefined;
  const [difference] = eqn.inputs;
  const sub = isVar(difference) ? defined.get(difference) : undefined;
  if (sub?.prim !== "sub") return undefined;
  const [x, m] = sub.inputs;
  return axes.every((a) => isSameAlong(m, a, defined)) ? x : undefined;
}

function isZero(a: Atom, defined: Defined): boolean {
  if (!isVar(a)) return Number(a.value) === 0;
  const eqn = defined.get(a);
  return eqn?.prim === "broadcast_in_dim" && isZero(eqn.inputs[0], defined);
}

function isSameAlong(a: Atom, axis: number, defined: Defined): boolean {
  if (!isVar(a) || a.aval.shape[axis] === 1) return true;
  const eqn = defined.get(a);
  if (!eqn) return false;
  if (eqn.prim === "broadcast_in_dim") {
    const i = eqn.params.dims.indexOf(axis);
    return i < 0 || eqn.inputs[0].aval.shape[i] === 1 || isSameAlong(eqn.inputs[0], i, defined);
  }
  return familyOf(eqn.prim) === "elementwise" && eqn.inputs.every((x) => isSameAlong(x, axis, defined));
}
