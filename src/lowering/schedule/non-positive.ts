/**
 * Which exponentials are of what is surely not positive: of elements that the greatest of them was subtracted from, as every stable
 * softmax does it. They cannot overflow, and their code is shorter.
 */
import { dimSame } from "../../ir/dim.js";
import { type AnyEqn, type Atom, isVar, type Var } from "../../ir/program.js";
import { kernelDType } from "./expand.js";
import { dimsOf, ownRules, point } from "./rule.js";

/** Rough cost of one, in additions. */
const COST = 11;
const ofNonPositive = point<object>(COST, (x, eqn, output, pos, guard) =>
  x.op("exp", [x.value(eqn.inputs[0], pos, guard)], kernelDType(eqn.outputs[output].aval.dtype), { nonPositive: true }),
);

type Definitions = ReadonlyMap<Var, AnyEqn>;

/** Gives these exponentials a rule of their own. */
export function markNonPositive(eqns: readonly AnyEqn[]): void {
  let defs: Definitions | undefined;
  for (const eqn of eqns) {
    if (eqn.prim !== "exp") continue;
    defs ??= new Map(eqns.flatMap((e) => e.outputs.map((v): [Var, AnyEqn] => [v, e])));
    const [x] = eqn.inputs;
    const difference = isVar(x) ? defs.get(x) : undefined;
    if (difference?.prim !== "sub") continue;
    const [from, what] = difference.inputs;
    // NaN stays NaN, and so does the difference of infinities
    if (
      isVar(from) &&
      isPeak(
        what,
        dimsOf(from).map((_, i) => i),
        from,
        defs,
      )
    )
      ownRules.set(eqn, ofNonPositive);
  }
}

/** Whether `y` is the greatest of `x`, or greater; axis i of `y` is axis axes[i] of `x`, or null where all of `x` meets one element. */
function isPeak(y: Atom, axes: readonly (number | null)[], x: Var, defs: Definitions): boolean {
  const eqn = isVar(y) ? defs.get(y) : undefined;
  if (!eqn) return false;
  const [of] = eqn.inputs;
  const own = dimsOf(of);
  switch (eqn.prim) {
    case "stop_gradient":
      return isPeak(of, axes, x, defs);
    case "max":
      return eqn.inputs.some((a) => isPeak(a, axes, x, defs));
    case "broadcast_in_dim": {
      const { dims } = eqn.params as { readonly dims: readonly number[] };
      return isPeak(
        of,
        own.map((n, i) => (n === 1 ? null : axes[dims[i]])),
        x,
        defs,
      );
    }
    case "reshape": {
      const shape = dimsOf(y);
      const long = axes.filter((_, i) => shape[i] !== 1);
      const sizes = shape.filter((n) => n !== 1);
      const before = own.filter((n) => n !== 1);
      if (before.length !== sizes.length || !before.every((n, i) => dimSame(n, sizes[i]))) return false;
      let next = 0;
      return isPeak(
        of,
        own.map((n) => (n === 1 ? null : long[next++])),
        x,
        defs,
      );
    }
    case "reduce_max": {
      const { axes: reduced } = eqn.params as { readonly axes: readonly number[] };
      const kept = own.map((_, i) => i).filter((i) => !reduced.includes(i));
      return of === x && kept.every((k, i) => axes[i] === k || own[k] === 1);
    }
    default:
      return false;
  }
}
