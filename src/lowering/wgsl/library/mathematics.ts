/** Error functions and Bessel functions in f32. */
import {
  ERF_F32,
  ERF_TAIL_F32,
  ERFCX_F64,
  ERFINV_CENTRAL_F32,
  ERFINV_TAIL_F32,
  I0E_LARGE,
  I0E_SMALL,
  I1E_LARGE,
  I1E_SMALL,
} from "../../wasm/math/coefficients.js";
import { horner } from "./polynomial.js";

/** What f32 has no room for adds nothing. */
const normal = (list: readonly number[]): readonly number[] => list.filter((c) => Math.abs(c) > 1e-36);

export const MATHEMATICS: Readonly<Record<string, string>> = {
  erf_f32: `
fn erf_f32(x: f32) -> f32 { // about 2 ulp
  if (is_nan(x)) { return x; }
  let a = min(abs(x), 4.0f);
  let z = a * a;
  let near = fma(a, ${horner("z", ERF_F32)}, a);
  let far = 1.0f - exp2_f32(-(${horner("a", ERF_TAIL_F32)}));
  return copy_sign(select(far, near, a < 0.9f), x);
}`,
  erfc_f32: `
fn erfc_f32(x: f32) -> f32 { // about 8 ulp; exp(-x²) q((x - 4)/(x + 4))/(1 + 2x) (Shepherd & Laframboise 1981)
  if (is_nan(x)) { return x; }
  if (abs(x) < 0.5f) { return 1.0f - erf_f32(x); }
  let a = min(abs(x), 12.0f);
  let h = bitcast<f32>(bitcast<u32>(a) & 0xfffff000u); // its square is exact
  let e = exp_f32(-h * h) * exp_f32(-(a - h) * (a + h));
  let t = (a - 4.0f) / (a + 4.0f);
  let y = e * (${horner("t", ERFCX_F64)}) / fma(a, 2.0f, 1.0f);
  return select(y, 2.0f - y, x < 0.0f);
}`,
  erf_inv_f32: `
fn erf_inv_f32(x: f32) -> f32 { // about 3 ulp (after Giles 2010)
  let a = abs(x);
  if (is_nan(x) || a > 1.0f) { return f32_of(0x7fc00000u); }
  if (a == 1.0f) { return copy_sign(f32_of(0x7f800000u), x); }
  let w = -log_f32((1.0f - a) * (1.0f + a));
  let v = w - 1.0f;
  let near = fma(a, ${horner("v", ERFINV_CENTRAL_F32)}, a);
  let u = sqrt(clamp(w, 4.0f, 17.0f)) - 3.0f;
  return copy_sign(select(${horner("u", ERFINV_TAIL_F32)}, near, w < 5.0f), x);
}`,
  bessel_i0e_f32: `
fn bessel_i0e_f32(x: f32) -> f32 { // about 8 ulp
  if (is_nan(x)) { return x; }
  let a = abs(x);
  if (a <= 8.0f) {
    let z = a * a;
    return (${horner("z", normal(I0E_SMALL))}) * exp_f32(-a);
  }
  let t = 16.0f / a - 1.0f;
  return (${horner("t", I0E_LARGE)}) / sqrt(a);
}`,
  bessel_i1e_f32: `
fn bessel_i1e_f32(x: f32) -> f32 { // about 8 ulp
  if (is_nan(x)) { return x; }
  let a = abs(x);
  if (a <= 8.0f) {
    let z = a * a;
    return x * (${horner("z", normal(I1E_SMALL))}) * exp_f32(-a);
  }
  let t = 16.0f / a - 1.0f;
  return copy_sign((${horner("t", I1E_LARGE)}) / sqrt(a), x);
}`,
};
