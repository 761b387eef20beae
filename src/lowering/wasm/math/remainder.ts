/** The remainder of truncating division (C's fmod), exact: long division of the mantissas, eleven bits at a time. */
import type { LoopMathFunction } from "../../../ir/loop.js";
import { ScalarFunction } from "./scalar-function.js";
import type { Value } from "./value.js";

const FRACTION = 2n ** 52n;

/** Mantissa m (u64) and exponent e of a magnitude m·2^(e-1075); subnormals have e = 1. */
function split(f: ScalarFunction, magnitude: Value): { mantissa: Value; exponent: Value } {
  const bits = f.let(magnitude.bitcast("u64"));
  const field = f.let(bits.shr(52));
  const fraction = bits.and(FRACTION - 1n);
  return {
    mantissa: f.let(field.eq(0n).select(fraction, fraction.or(FRACTION))),
    exponent: f.let(field.max(1n)),
  };
}

export function fmod(): LoopMathFunction {
  return ScalarFunction.make("fmod", ["x", "y"], (f, x, y) => {
    const ax = f.let(x.abs());
    const ay = f.let(y.abs());
    const result = f.var(x.constant(Number.NaN));
    f.if(
      ax.lt(ay),
      () => result.set(x),
      () =>
        f.if(ax.lt(Number.POSITIVE_INFINITY).and(ay.gt(0)), () => {
          const a = split(f, ax);
          const b = split(f, ay);
          const rest = f.var(a.mantissa.rem(b.mantissa));
          const places = f.var(a.exponent.sub(b.exponent));
          f.while(
            () => places.get().gt(0n),
            () => {
              // rest < 2^53, so that eleven more bits fit
              const step = f.let(places.get().min(11n));
              rest.set(rest.get().shlBy(step).rem(b.mantissa));
              places.set(places.get().sub(step));
            },
          );
          // the last place of y, a power of two, times the rest: both exact
          const unit = ay.div(b.mantissa.to("f64"));
          result.set(rest.get().to("f64").mul(unit).withSignOf(x));
        }),
    );
    return f.let(result.get());
  });
}
