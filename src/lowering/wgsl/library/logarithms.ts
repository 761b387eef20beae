/**
 * Exponentials and logarithms in f32. The builtins may be off by hundreds of units (exp) or absolutely by 2^-21 (log near 1); these stay
 * within about 2 ulp where additions and products round correctly, and know zeros, infinities and NaN.
 */
import { EXP_F32, LOG_F32, SINH_F32 } from "../../wasm/math/coefficients.js";
import { horner } from "./polynomial.js";

/** 2 artanh s = 2s + s³·(2/3 + 2/5 s² + …), for |s| ≤ 1/3. */
const ARTANH = Array.from({ length: 9 }, (_, k) => 2 / (2 * k + 3));

export const LOGARITHMS: Readonly<Record<string, string>> = {
  power_of_two: `
fn power_of_two(n: i32) -> f32 { // of normal numbers
  return bitcast<f32>(u32(n + 127) << 23u);
}`,
  exp_reduced: `
fn exp_reduced(r: f32) -> f32 { // exp(r) - 1 for |r| <= ln(2) / 2
  return fma(r * r, ${horner("r", EXP_F32)}, r);
}`,
  exp_scaled: `
fn exp_scaled(x: f32, more: i32) -> f32 { // exp(x) 2^more, about 1 ulp
  if (is_nan(x)) { return x; }
  let y = clamp(x, -104.5f, 90.0f);
  let n = round(y * 1.442695f);
  let r = fma(n, 2.1219444e-4f, fma(n, -0.693359375f, y));
  let k = i32(n) + more;
  let half_k = k >> 1u;
  return (exp_reduced(r) + 1.0f) * power_of_two(half_k) * power_of_two(k - half_k);
}`,
  exp_f32: `
fn exp_f32(x: f32) -> f32 {
  return exp_scaled(x, 0);
}`,
  exp2_f32: `
fn exp2_f32(x: f32) -> f32 { // about 1 ulp
  if (is_nan(x)) { return x; }
  let y = clamp(x, -151.0f, 129.0f);
  let n = round(y);
  let k = i32(n);
  let half_k = k >> 1u;
  return (exp_reduced((y - n) * 0.6931472f) + 1.0f) * power_of_two(half_k) * power_of_two(k - half_k);
}`,
  expm1_f32: `
fn expm1_f32(x: f32) -> f32 { // about 2 ulp
  if (is_nan(x) || abs(x) < 9.313226e-10f) { return x; }
  let y = clamp(x, -20.0f, 89.0f);
  let n = round(y * 1.442695f);
  let r = fma(n, 2.1219444e-4f, fma(n, -0.693359375f, y));
  let half_power = power_of_two(i32(n) - 1); // halved, so that the largest exponents do not overflow early
  return fma(exp_reduced(r), half_power, half_power - 0.5f) * 2.0f;
}`,
  log_positive: `
fn log_positive(x: f32) -> f32 { // of positive finite numbers, about 1 ulp
  let tiny = x < 1.1754944e-38f;
  let bits = bitcast<u32>(select(x, x * 16777216.0f, tiny));
  let e = bitcast<i32>(bits - 0x3f3504f3u) >> 23u;
  let f = bitcast<f32>(bits - (bitcast<u32>(e) << 23u)) - 1.0f; // in [sqrt(1/2) - 1, sqrt(2) - 1]
  let n = f32(e - select(0, 24, tiny));
  let cube = f * f * f * (${horner("f", LOG_F32)});
  return fma(n, 0.693359375f, f + fma(n, -2.1219444e-4f, cube - 0.5f * (f * f)));
}`,
  log_f32: `
fn log_f32(x: f32) -> f32 {
  if (x == 0.0f) { return f32_of(0xff800000u); }
  if (is_nan(x) || x < 0.0f) { return f32_of(0x7fc00000u); }
  if (!is_finite(x)) { return x; }
  return log_positive(x);
}`,
  log1p_f32: `
fn log1p_f32(x: f32) -> f32 { // about 2 ulp; near zero 2 artanh(x / (x + 2))
  if (abs(x) >= 0.5f) { return log_f32(x + 1.0f); }
  if (is_nan(x) || x == 0.0f) { return x; }
  let s = x / (x + 2.0f);
  let z = s * s;
  return fma(s * z, ${horner("z", ARTANH)}, 2.0f * s);
}`,
  logistic: `
fn logistic(x: f32) -> f32 { // about 3 ulp
  let e = exp_f32(-abs(x));
  return select(1.0f, e, x < 0.0f) / (e + 1.0f);
}`,
  tanh_f32: `
fn tanh_f32(x: f32) -> f32 { // about 3 ulp
  if (is_nan(x)) { return x; }
  let t = expm1_f32(min(2.0f * abs(x), 20.0f));
  return copy_sign(t / (t + 2.0f), x);
}`,
  sinh_f32: `
fn sinh_f32(x: f32) -> f32 { // about 3 ulp
  let a = abs(x);
  let z = a * a;
  let near = fma(a * z, ${horner("z", SINH_F32)}, a);
  let e = exp_scaled(a, -1);
  return copy_sign(select(e - 0.25f / e, near, a < 1.0f), x);
}`,
  cosh_f32: `
fn cosh_f32(x: f32) -> f32 { // about 2 ulp
  let e = exp_scaled(abs(x), -1);
  return e + 0.25f / e;
}`,
  asinh_f32: `
fn asinh_f32(x: f32) -> f32 { // about 3 ulp
  let a = abs(x);
  if (a > 268435456.0f) { return copy_sign(log_f32(a) + 0.6931472f, x); }
  return copy_sign(log1p_f32(a + a * a / (sqrt(a * a + 1.0f) + 1.0f)), x);
}`,
  acosh_f32: `
fn acosh_f32(x: f32) -> f32 { // about 3 ulp
  if (is_nan(x) || x < 1.0f) { return f32_of(0x7fc00000u); }
  if (x > 268435456.0f) { return log_f32(x) + 0.6931472f; }
  let t = x - 1.0f;
  return log1p_f32(t + sqrt(2.0f * t + t * t));
}`,
  atanh_f32: `
fn atanh_f32(x: f32) -> f32 { // about 3 ulp
  let a = abs(x);
  if (is_nan(x) || a > 1.0f) { return f32_of(0x7fc00000u); }
  if (a == 1.0f) { return copy_sign(f32_of(0x7f800000u), x); }
  return copy_sign(0.5f * log1p_f32(2.0f * a / (1.0f - a)), x);
}`,
  pow_f32: `
fn pow_f32(x: f32, y: f32) -> f32 { // relative error about (2 + |y log2 x|) 2^-23; edges as C's
  if (y == 0.0f || x == 1.0f) { return 1.0f; }
  if (is_nan(x) || is_nan(y)) { return f32_of(0x7fc00000u); }
  let infinity = f32_of(0x7f800000u);
  let a = abs(x);
  let whole = floor(y) == y;
  let odd = whole && floor(0.5f * y) != 0.5f * y;
  if (x < 0.0f && !whole && a < infinity) { return f32_of(0x7fc00000u); }
  var size = 0.0f;
  if (a == 0.0f || a == infinity) {
    size = select(0.0f, infinity, (a == 0.0f) == (y < 0.0f));
  } else if (a == 1.0f) {
    size = 1.0f;
  } else if (abs(y) > 4294967296.0f) {
    size = select(0.0f, infinity, (a > 1.0f) == (y > 0.0f));
  } else {
    // log2 a = e + log2 m; the whole part of the product is taken away before it is rounded
    let tiny = a < 1.1754944e-38f;
    let bits = bitcast<u32>(select(a, a * 16777216.0f, tiny));
    let e = bitcast<i32>(bits - 0x3f3504f3u) >> 23u;
    let l = log_positive(bitcast<f32>(bits - (bitcast<u32>(e) << 23u))) * 1.442695f;
    let n = f32(e - select(0, 24, tiny));
    let k = clamp(round(y * (n + l)), -400.0f, 400.0f);
    let rest = fma(y, n, -k) + y * l;
    if (rest < -1000.0f || rest > 1000.0f) {
      size = select(0.0f, infinity, rest > 0.0f);
    } else {
      let half_k = f32(i32(k) / 2);
      size = exp2_f32(rest + half_k) * exp2_f32(k - half_k);
    }
  }
  let negative = (bitcast<u32>(x) >> 31u) == 1u && odd;
  return select(size, -size, negative);
}`,
  cbrt_f32: `
fn cbrt_f32(x: f32) -> f32 { // Halley's iteration from the bits of a third of the exponent; about 1 ulp
  if (x == 0.0f || !is_finite(x)) { return x; }
  let tiny = abs(x) < 1.1754944e-38f;
  let a = select(abs(x), abs(x) * 16777216.0f, tiny);
  var y = bitcast<f32>(bitcast<u32>(a) / 3u + 709921077u);
  for (var i = 0; i < 3; i++) {
    let cube = y * y * y;
    y += y * ((a - cube) / (2.0f * cube + a));
  }
  return copy_sign(select(y, y * 0.00390625f, tiny), x);
}`,
};
