/** Between types. Floats become integers towards zero, at most the limits, NaN 0; halves are rounded to nearest, ties to even. */
export const CONVERSIONS: Readonly<Record<string, string>> = {
  f32_to_i32: `
fn f32_to_i32(x: f32) -> i32 {
  if (is_nan(x)) { return 0; }
  if (x >= 2147483648.0f) { return 2147483647; }
  if (x <= -2147483648.0f) { return -2147483648; }
  return i32(x);
}`,
  f32_to_u32: `
fn f32_to_u32(x: f32) -> u32 {
  if (is_nan(x) || x <= 0.0f) { return 0u; }
  if (x >= 4294967296.0f) { return 4294967295u; }
  return u32(x);
}`,
  i32_to_f32: `
fn i32_to_f32(x: i32) -> f32 { // rounded once, to nearest: f32(x) may take either neighbour
  return f32(x >> 8u) * 256.0f + f32(x & 255);
}`,
  u32_to_f32: `
fn u32_to_f32(x: u32) -> f32 {
  return f32(x >> 8u) * 256.0f + f32(x & 255u);
}`,
  f16_bits: `
fn f16_bits(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  let sign = (bits >> 16u) & 0x8000u;
  let a = bits & 0x7fffffffu;
  if (a > 0x7f800000u) { return 0x7e00u; }
  if (a >= 0x477ff000u) { return sign | 0x7c00u; }
  if (a >= 0x38800000u) { return sign | ((a + 0xfffu + ((a >> 13u) & 1u) - 0x38000000u) >> 13u); }
  if (a < 0x33000000u) { return sign; }
  let shift = 126u - (a >> 23u); // subnormal: units of 2^-24
  let m = (a & 0x7fffffu) | 0x800000u;
  let low = m >> shift;
  let rest = m & ((1u << shift) - 1u);
  let half = 1u << (shift - 1u);
  return sign | (low + select(0u, 1u, rest > half || (rest == half && (low & 1u) != 0u)));
}`,
  f16_value: `
fn f16_value(h: u32) -> f32 {
  let sign = (h & 0x8000u) << 16u;
  let e = (h >> 10u) & 31u;
  let m = h & 1023u;
  if (e == 0u) { return bitcast<f32>(sign | bitcast<u32>(f32(m) * 5.9604645e-8f)); }
  return bitcast<f32>(sign | (select(e + 112u, 255u, e == 31u) << 23u) | (m << 13u));
}`,
  f16_round: `
fn f16_round(x: f32) -> f32 {
  return f16_value(f16_bits(x));
}`,
  bf16_bits: `
fn bf16_bits(x: f32) -> u32 {
  let bits = bitcast<u32>(x);
  if (is_nan(x)) { return (bits >> 16u) | 0x40u; }
  return (bits + 0x7fffu + ((bits >> 16u) & 1u)) >> 16u;
}`,
  bf16_value: `
fn bf16_value(b: u32) -> f32 {
  return bitcast<f32>(b << 16u);
}`,
  bf16_round: `
fn bf16_round(x: f32) -> f32 {
  return bf16_value(bf16_bits(x));
}`,
  f16_next_after: `
fn f16_next_after(x: f32, y: f32) -> f32 {
  if (is_nan(x) || is_nan(y)) { return f32_of(0x7fc00000u); }
  if (x == y) { return y; }
  let bits = f16_bits(x);
  if ((bits & 0x7fffu) == 0u) { return copy_sign(f16_value(1u), y); }
  return f16_value(select(bits - 1u, bits + 1u, (y > x) == (x > 0.0f)));
}`,
  bf16_next_after: `
fn bf16_next_after(x: f32, y: f32) -> f32 {
  if (is_nan(x) || is_nan(y)) { return f32_of(0x7fc00000u); }
  if (x == y) { return y; }
  let bits = bf16_bits(x);
  if ((bits & 0x7fffu) == 0u) { return copy_sign(bf16_value(1u), y); }
  return bf16_value(select(bits - 1u, bits + 1u, (y > x) == (x > 0.0f)));
}`,
};
