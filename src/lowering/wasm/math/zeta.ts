/** Hurwitz's ζ(x, q) by Euler & Maclaurin's formula (DLMF 25.11.5), and the polygamma functions made of it. */
import type { LoopMathFunction } from "../../../ir/loop.js";
import { digammaOf } from "./gamma.js";
import { powF64 } from "./logarithm.js";
import { ScalarFunction } from "./scalar-function.js";
import type { Value } from "./value.js";

const EPSILON = 2 ** -53;
/** B₂ₖ/(2k)!. */
const MACLAURIN = [
  1 / 12,
  -1 / 720,
  1 / 30240,
  -1 / 1209600,
  1 / 47900160,
  -691 / 1307674368000,
  1 / 74724249600,
  -3617 / 10670622842880000,
  43867 / 5109094217170944000,
  -174611 / 802857662698291200000,
];

/** ζ(x, q) for x > 1, q > 0. */
function zetaPositive(f: ScalarFunction, x: Value, q: Value): Value {
  const minus = f.let(x.neg());
  const a = f.var(q);
  const term = f.var(powF64(q, minus));
  const sum = f.var(term.get());
  const more = f.var(x.constant(1));
  const n = f.var(x.constant(0));
  f.while(
    () => n.get().lt(10).and(more.get().gt(0)),
    () => {
      n.set(n.get().add(1));
      a.set(a.get().add(1));
      term.set(powF64(a.get(), minus));
      sum.set(sum.get().add(term.get()));
      more.set(term.get().le(sum.get().mul(EPSILON)).select(x.constant(0), 1));
    },
  );
  f.if(more.get().gt(0), () => {
    const w = f.let(a.get());
    const last = f.let(term.get());
    // the last term is counted half, and ∫ from w on
    let tail = last.mul(w).div(x.sub(1)).sub(last.mul(0.5));
    let factor = f.let(last.mul(x).div(w));
    MACLAURIN.forEach((b, k) => {
      tail = tail.add(factor.mul(b));
      const at = 2 * k + 1;
      factor = f.let(
        factor
          .mul(x.add(at))
          .div(w)
          .mul(x.add(at + 1))
          .div(w),
      );
    });
    sum.set(sum.get().add(tail));
  });
  return f.let(sum.get());
}
/**
 * With φ the fraction of a negative q, the terms left of zero are those of ζ(x, 1 - φ) - ζ(x, 1 - q) with the sign (-1)ˣ,
 * so that ζ(x, q) = ζ(x, φ) + (-1)ˣ(ζ(x, 1 - φ) - ζ(x, 1 - q)); only whole x give real powers there.
 */
function zetaOf(f: ScalarFunction, x: Value, q: Value): Value {
  const whole = f.let(q.floor().eq(q));
  const half = f.let(x.mul(0.5));
  const even = f.let(half.floor().eq(half));
  const pole = f.let(q.le(0).and(whole));
  const left = f.let(q.lt(0).and(whole.not()));
  const noPower = left.and(x.floor().ne(x));
  const valid = f.let(x.gt(1).and(pole.or(noPower).or(q.isNaN()).not()));
  const sum = f.var(x.constant(0));
  f.if(valid, () => {
    const fraction = f.let(q.sub(q.floor()));
    const sign = f.let(even.select(x.constant(1), -1));
    const at = f.var(left.select(fraction, q));
    const weight = f.var(x.constant(1));
    const pieces = f.var(left.select(x.constant(3), 1));
    f.while(
      () => pieces.get().gt(0),
      () => {
        const value = zetaPositive(f, x, at.get());
        sum.set(sum.get().add(weight.get().mul(value)));
        const second = f.let(pieces.get().eq(3));
        at.set(second.select(fraction.rsub(1), q.rsub(1)));
        weight.set(second.select(sign, sign.neg()));
        pieces.set(pieces.get().sub(1));
      },
    );
  });
  const infinity = x.constant(Number.POSITIVE_INFINITY);
  // poles as in Cephes and SciPy, whatever the order
  const ends = x
    .eq(1)
    .or(pole.and(x.gt(1)))
    .and(q.isNaN().not())
    .select(infinity, Number.NaN);
  const y = valid.select(sum.get(), ends);
  return f.let(q.eq(Number.POSITIVE_INFINITY).and(x.gt(1)).select(x.constant(0), y));
}
export const zeta = (): LoopMathFunction => ScalarFunction.make("zeta", ["x", "q"], (f, x, q) => zetaOf(f, x, q));

/** ψ⁽ⁿ⁾(x) = (-1)ⁿ⁺¹ n! ζ(n + 1, x). */
export const polygamma = (): LoopMathFunction =>
  ScalarFunction.make("polygamma", ["n", "x"], (f, n, x) => {
    const result = f.var(x.constant(Number.NaN));
    f.if(
      n.eq(0),
      () => result.set(digammaOf(f, x)),
      () =>
        f.if(n.gt(0).and(n.floor().eq(n)), () => {
          const factorial = f.var(n.constant(1));
          const k = f.var(n);
          f.while(
            () => k.get().gt(1).and(factorial.get().lt(Number.POSITIVE_INFINITY)),
            () => {
              factorial.set(factorial.get().mul(k.get()));
              k.set(k.get().sub(1));
            },
          );
          const size = zetaOf(f, f.let(n.add(1)), x).mul(factorial.get());
          const half = n.mul(0.5);
          result.set(half.floor().eq(half).select(size.neg(), size));
        }),
    );
    return result.get();
  });
