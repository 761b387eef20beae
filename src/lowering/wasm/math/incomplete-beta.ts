/** The regularised incomplete beta function by its continued fraction (DLMF 8.17.22), from the side where it converges. */
import type { LoopMathFunction } from "../../../ir/loop.js";
import { exp } from "./exponential.js";
import { gammaStar, logDeficit } from "./gamma.js";
import { ScalarFunction } from "./scalar-function.js";
import type { Value } from "./value.js";

const EPSILON = 2 ** -52;
const TINY = 1e-290;
const LIMIT = 2e5;

/** xᵃ (1 - x)ᵇ / B(a, b) about its peak a/(a + b), so that large a and b do not cancel. */
function prefactor(f: ScalarFunction, a: Value, b: Value, x: Value, y: Value): Value {
  const sum = f.let(a.add(b));
  // x - a/(a + b) = (x b - y a)/(a + b)
  const distance = f.let(x.mul(b).sub(y.mul(a)));
  const first = logDeficit(f, f.let(distance.div(a)), f.let(x.mul(sum).div(a)));
  const second = logDeficit(f, f.let(distance.div(b).neg()), f.let(y.mul(sum).div(b)));
  const bell = exp(a.mul(first).add(b.mul(second)).neg());
  const scale = a
    .mul(b.div(sum))
    .mul(1 / (2 * Math.PI))
    .sqrt();
  const top = gammaStar(f, sum);
  const bottom = gammaStar(f, a).mul(gammaStar(f, b));
  return f.let(bell.mul(scale).mul(top).div(bottom));
}
function awayFromZero(x: Value): Value {
  return x.abs().lt(TINY).select(x.constant(TINY), x);
}
/** Modified Lentz. */
function fraction(f: ScalarFunction, a: Value, b: Value, x: Value): Value {
  const sum = f.let(a.add(b));
  const c = f.var(a.constant(1));
  const d = f.var(awayFromZero(sum.mul(x).div(a.add(1)).rsub(1)).rdiv(1));
  const h = f.var(d.get());
  const m = f.var(a.constant(0));
  const change = f.var(a.constant(2));
  f.while(
    () => change.get().sub(1).abs().gt(EPSILON).and(m.get().lt(LIMIT)),
    () => {
      m.set(m.get().add(1));
      const at = f.let(a.add(m.get()).add(m.get()));
      const even = f.let(m.get().mul(b.sub(m.get())).mul(x).div(at.sub(1).mul(at)));
      d.set(awayFromZero(even.mul(d.get()).add(1)).rdiv(1));
      c.set(awayFromZero(even.div(c.get()).add(1)));
      h.set(h.get().mul(d.get()).mul(c.get()));
      const odd = f.let(
        a
          .add(m.get())
          .mul(sum.add(m.get()))
          .mul(x)
          .div(at.mul(at.add(1)))
          .neg(),
      );
      d.set(awayFromZero(odd.mul(d.get()).add(1)).rdiv(1));
      c.set(awayFromZero(odd.div(c.get()).add(1)));
      change.set(d.get().mul(c.get()));
      h.set(h.get().mul(change.get()));
    },
  );
  return f.let(h.get());
}
export const regularizedIncompleteBeta = (): LoopMathFunction =>
  ScalarFunction.make("regularized_incomplete_beta", ["a", "b", "x"], (f, a, b, x) => {
    const result = f.var(x);
    const positive = f.let(a.gt(0).and(b.gt(0)));
    f.if(positive.and(x.gt(0)).and(x.lt(1)), () => {
      const swap = f.let(x.gt(a.add(1).div(a.add(b).add(2))));
      const y = f.let(x.rsub(1));
      const [p, q] = [f.let(swap.select(b, a)), f.let(swap.select(a, b))];
      const [u, v] = [f.let(swap.select(y, x)), f.let(swap.select(x, y))];
      const front = prefactor(f, p, q, u, v);
      const part = f.let(front.mul(fraction(f, p, q, u)).div(p));
      result.set(swap.select(part.rsub(1), part));
    });
    const valid = positive.and(x.ge(0)).and(x.le(1));
    return valid.select(result.get(), x.constant(Number.NaN));
  });
