/** sin, cos, tan for every f32 (the builtins promise 2^-11 between -π and π), and the inverse functions. */
import { ASIN_F32, ATAN_F32, COS_F32, SIN_F32 } from "../../wasm/math/coefficients.js";
import { horner } from "./polynomial.js";

export const TRIGONOMETRY: Readonly<Record<string, string>> = {
  mul_high: `
fn mul_high(a: u32, b: u32) -> u32 { // the high word of the product
  let al = a & 0xffffu;
  let ah = a >> 16u;
  let bl = b & 0xffffu;
  let bh = b >> 16u;
  let mid = ah * bl + ((al * bl) >> 16u);
  return ah * bh + (mid >> 16u) + ((al * bh + (mid & 0xffffu)) >> 16u);
}`,
  quarter_turns: `
// x = (quarter + rest) pi/2: the quarters modulo 4 and the rest times pi/2 (Payne & Hanek 1983: the bits of 2/pi that matter)
struct Turns { quarter: u32, rest: f32 }
fn quarter_turns(x: f32) -> Turns {
  let a = abs(x);
  if (a <= 0.7853981f) { return Turns(0u, a); }
  // 2/pi, two bits further right
  var table = array<u32, 8>(
    0u, 0x28be60dbu, 0x9391054au, 0x7f09d5f4u, 0x7d4d3770u, 0x36d8a566u, 0x4f10e410u, 0x7f9458eau);
  let bits = bitcast<u32>(a);
  let m = ((bits & 0x7fffffu) | 0x800000u) << 8u;
  let e = (bits >> 23u) - 126u + 32u; // the word that the binary point of the product lies in
  let i = e >> 5u;
  let shift = e & 31u;
  var high = table[i - 1u];
  var middle = table[i];
  var low = table[i + 1u];
  if (shift != 0u) {
    high = (high << shift) | (middle >> (32u - shift));
    middle = (middle << shift) | (low >> (32u - shift));
    low = (low << shift) | (table[i + 2u] >> (32u - shift));
  }
  // in units of 2^-62
  let p1 = m * middle;
  let p0 = p1 + mul_high(m, low);
  let top = m * high + mul_high(m, middle) + select(0u, 1u, p0 < p1);
  let quarter = (top + 0x20000000u) >> 30u;
  var r1 = top - (quarter << 30u);
  var r0 = p0;
  let negative = (r1 >> 31u) == 1u;
  if (negative) {
    r0 = ~r0 + 1u;
    r1 = ~r1 + select(0u, 1u, r0 == 0u);
  }
  let size = fma(f32(r1), 1.4629181e-9f, f32(r0) * 3.4061215e-19f); // pi/2 2^-30, pi/2 2^-62
  return Turns(quarter, select(size, -size, negative));
}`,
  sine_of: `
fn sine_of(t: Turns) -> f32 {
  let r = t.rest;
  let z = r * r;
  let s = fma(r * z, ${horner("z", SIN_F32)}, r);
  let c = fma(z * z, ${horner("z", COS_F32)}, fma(z, -0.5f, 1.0f));
  let size = select(s, c, (t.quarter & 1u) != 0u);
  return select(size, -size, (t.quarter & 2u) != 0u);
}`,
  sin_f32: `
fn sin_f32(x: f32) -> f32 { // about 2 ulp
  if (!is_finite(x)) { return f32_of(0x7fc00000u); }
  let y = sine_of(quarter_turns(x));
  return select(y, -y, (bitcast<u32>(x) >> 31u) == 1u);
}`,
  cos_f32: `
fn cos_f32(x: f32) -> f32 { // about 2 ulp
  if (!is_finite(x)) { return f32_of(0x7fc00000u); }
  var t = quarter_turns(x);
  t.quarter += 1u;
  return sine_of(t);
}`,
  tan_f32: `
fn tan_f32(x: f32) -> f32 { // about 4 ulp
  if (!is_finite(x)) { return f32_of(0x7fc00000u); }
  let t = quarter_turns(x);
  let y = sine_of(t) / sine_of(Turns(t.quarter + 1u, t.rest));
  return select(y, -y, (bitcast<u32>(x) >> 31u) == 1u);
}`,
  asin_f32: `
fn asin_f32(x: f32) -> f32 { // about 3 ulp
  let a = abs(x);
  if (is_nan(x) || a > 1.0f) { return f32_of(0x7fc00000u); }
  let near = a < 0.5f;
  let z = select(0.5f - 0.5f * a, a * a, near);
  let s = select(sqrt(z), a, near);
  let y = fma(s * z, ${horner("z", ASIN_F32)}, s);
  return copy_sign(select(1.5707964f - (2.0f * y + 4.371139e-8f), y, near), x);
}`,
  acos_f32: `
fn acos_f32(x: f32) -> f32 { // about 3 ulp
  let a = abs(x);
  if (is_nan(x) || a > 1.0f) { return f32_of(0x7fc00000u); }
  let near = a < 0.5f;
  let z = select(0.5f - 0.5f * a, a * a, near);
  let s = select(sqrt(z), a, near);
  let y = fma(s * z, ${horner("z", ASIN_F32)}, s);
  if (near) { return 1.5707964f - (copy_sign(y, x) + 4.371139e-8f); }
  return select(2.0f * y, 3.1415927f - (2.0f * y + 8.742278e-8f), x < 0.0f);
}`,
  atan_positive: `
fn atan_positive(top: f32, bottom: f32) -> f32 { // of top / bottom, from 0 to 1
  let t = top / bottom;
  let z = t * t;
  return fma(t * z, ${horner("z", ATAN_F32)}, t);
}`,
  atan_f32: `
fn atan_f32(x: f32) -> f32 { // about 3 ulp
  if (is_nan(x)) { return x; }
  let a = abs(x);
  if (!is_finite(x)) { return copy_sign(1.5707964f, x); }
  let y = atan_positive(select(a, 1.0f, a > 1.0f), select(1.0f, a, a > 1.0f));
  return copy_sign(select(y, 1.5707964f - (y + 4.371139e-8f), a > 1.0f), x);
}`,
  atan2_f32: `
fn atan2_f32(y: f32, x: f32) -> f32 { // about 3 ulp; signs of zeros and infinities as C's
  if (is_nan(x) || is_nan(y)) { return f32_of(0x7fc00000u); }
  let a = abs(y);
  let b = abs(x);
  let swap = a > b;
  let large = select(b, a, swap);
  let small = select(a, b, swap);
  var t = 0.0f;
  if (large != 0.0f) {
    if (!is_finite(small)) {
      t = 0.7853982f;
    } else if (is_finite(large)) {
      let factor = select(1.0f, 0.25f, large > 2.1267648e37f);
      t = atan_positive(small * factor, large * factor);
    }
  }
  if (swap) { t = 1.5707964f - (t + 4.371139e-8f); }
  if ((bitcast<u32>(x) >> 31u) == 1u) { t = 3.1415927f - (t + 8.742278e-8f); }
  return copy_sign(t, y);
}`,
};
