/** The remainder of truncating division (C's fmod), exact: long division of the mantissas, eleven bits at a time. */
import type { LoopMathFunction } from "../../../ir/loop.js";
import { ScalarFunction } from "./scalar-function.js";
import { twoProduct } from "./double.js";
import { inDouble, type Value } from "./value.js";

const FRACTION = 2n ** 52n;
const ROUNDER = 1.5 * 2 ** 52;

/** Quotients that are long or no number, and f64 whose products in parts might overflow or underflow. */
export function isLongDivision(x: Value, y: Value): Value {
  const [ax, ay] = [x.abs(), y.abs()];
  const usual = ax.div(ay).lt(2 ** 28);
  if (x.dtype === "f32") return usual.and(ay.lt(Number.POSITIVE_INFINITY)).not();
  return usual
    .and(ax.lt(2 ** 900))
    .and(ay.lt(2 ** 900))
    .and(ay.gt(2 ** -900))
    .not();
}
/** What the nearest multiple leaves, exactly, and one more y where that is less than nothing. */
function remainder(ax: Value, ay: Value, rest: (q: Value) => Value): Value {
  const r = rest(ax.div(ay).add(ROUNDER).sub(ROUNDER));
  return r.lt(0).select(r.add(ay), r);
}
export function remUsualF32(x: Value, y: Value): Value {
  const size = inDouble([x.abs(), y.abs()], ([ax, ay]) => remainder(ax, ay, (q) => ax.sub(q.mul(ay))));
  return size.withSignOf(x);
}
export function remUsualF64(x: Value, y: Value): Value {
  const [ax, ay] = [x.abs(), y.abs()];
  const exact = (q: Value): Value => {
    const p = twoProduct(q, ay);
    return ax.sub(p.high).sub(p.low);
  };
  return remainder(ax, ay, exact).withSignOf(x);
}

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
