/** log Γ and ψ in f32: series about 1 and 2 (about ψ's zero), recurrence, Stirling's series, reflection. */
import { DIGAMMA_1_2, LGAMMA_2 } from "../../wasm/math/coefficients.js";
import { horner } from "./polynomial.js";

/** DLMF 5.11.1 and 5.11.2; more terms change nothing in f32 from 8 on. */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680];
const PSI = [1 / 12, -1 / 120, 1 / 252, -1 / 240];

export const GAMMA: Readonly<Record<string, string>> = {
  lgamma_positive: `
fn lgamma_positive(x: f32) -> f32 { // absolute error about 2^-22 (1 + |result|)
  if (!is_finite(x)) { return x; }
  if (x < 1.5f) {
    let low = x < 0.5f;
    let z = select(x - 1.0f, x, low);
    let y = (z - log1p_f32(z)) + z * z * (${horner("z", LGAMMA_2)}) - z * 0.5772157f;
    return select(y, y - log_f32(x), low);
  }
  if (x < 8.0f) {
    var y = x;
    var product = 1.0f;
    while (y > 2.5f) {
      y -= 1.0f;
      product *= y;
    }
    let z = y - 2.0f;
    return z * fma(z, ${horner("z", LGAMMA_2)}, 0.42278433f) + log_f32(product);
  }
  let w = 1.0f / x;
  let z = w * w;
  return (x - 0.5f) * (log_f32(x) - 1.0f) + 0.41893853f + w * (${horner("z", STIRLING)});
}`,
  lgamma_f32: `
fn lgamma_f32(x: f32) -> f32 {
  if (is_nan(x)) { return x; }
  let a = abs(x);
  if (x > 0.0f) { return lgamma_positive(x); }
  if (a < 1e-15f) { return -log_f32(a); }
  let d = a - round(a);
  if (d == 0.0f || !is_finite(a)) { return f32_of(0x7f800000u); }
  return log_f32(3.1415927f / (a * abs(sin_f32(3.1415927f * d)))) - lgamma_positive(a);
}`,
  digamma_f32: `
fn digamma_f32(x: f32) -> f32 { // absolute error about 2^-21 (1 + |result|)
  if (is_nan(x) || (x <= 0.0f && (round(x) == x || !is_finite(x)))) { return f32_of(0x7fc00000u); }
  var y = select(x, 1.0f - x, x < 0.0f);
  var sum = 0.0f;
  if (y >= 8.0f) {
    let w = 1.0f / y;
    let z = w * w;
    sum = log_f32(y) - 0.5f * w - z * (${horner("z", PSI)});
  } else {
    while (y > 2.0f) {
      y -= 1.0f;
      sum += 1.0f / y;
    }
    if (y < 1.0f) {
      sum -= 1.0f / y;
      y += 1.0f;
    }
    let t = y - 1.5f;
    sum += (y - 1.4616321f - 1.243815e-8f) * (${horner("t", DIGAMMA_1_2)});
  }
  if (x < 0.0f) {
    let d = x - round(x);
    sum -= 3.1415927f / tan_f32(3.1415927f * d);
  }
  return sum;
}`,
};
