/**
 * f32 where NaN, infinities and signs of zeros count. Shaders are compiled as if there were no NaN: `x != x` is false on some drivers, so NaN is
 * told by its bits.
 */
export const FLOATS: Readonly<Record<string, string>> = {
  f32_of: `
fn f32_of(bits: u32) -> f32 {
  return bitcast<f32>(bits);
}`,
  is_nan: `
fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}`,
  is_finite: `
fn is_finite(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) < 0x7f800000u;
}`,
  f32_ne: `
fn f32_ne(a: f32, b: f32) -> bool {
  return a != b || is_nan(a) || is_nan(b);
}`,
  f32_div: `
fn f32_div(a: f32, b: f32) -> f32 { // devices may multiply by 1 / b, which is 0 to them where |b| > 2^126
  let scale = select(1.0f, 0.25f, abs(b) > 8.507059e37f);
  return (a * scale) / (b * scale);
}`,
  f32_max: `
fn f32_max(a: f32, b: f32) -> f32 { // NaN wins; 0 is greater than -0
  if (is_nan(a)) { return a; }
  if (is_nan(b)) { return b; }
  if (a == b) { return bitcast<f32>(bitcast<u32>(a) & bitcast<u32>(b)); }
  return select(b, a, a > b);
}`,
  f32_min: `
fn f32_min(a: f32, b: f32) -> f32 {
  if (is_nan(a)) { return a; }
  if (is_nan(b)) { return b; }
  if (a == b) { return bitcast<f32>(bitcast<u32>(a) | bitcast<u32>(b)); }
  return select(b, a, a < b);
}`,
  f32_sign: `
fn f32_sign(x: f32) -> f32 { // zeros keep their sign, NaN stays
  return select(select(x, -1.0f, x < 0.0f), 1.0f, x > 0.0f);
}`,
  copy_sign: `
fn copy_sign(size: f32, x: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(size) & 0x7fffffffu) | (bitcast<u32>(x) & 0x80000000u));
}`,
  round_away: `
fn round_away(x: f32) -> f32 { // halves away from zero
  let size = abs(x);
  let whole = floor(size);
  return copy_sign(select(whole, whole + 1.0f, size - whole >= 0.5f), x);
}`,
  f32_rem: `
fn f32_rem(x: f32, y: f32) -> f32 { // exact, by long division of the significands
  let sign = bitcast<u32>(x) & 0x80000000u;
  let a = bitcast<u32>(x) & 0x7fffffffu;
  let b = bitcast<u32>(y) & 0x7fffffffu;
  if (a >= 0x7f800000u || b > 0x7f800000u || b == 0u) { return f32_of(0x7fc00000u); }
  if (a < b) { return x; }
  var e = i32(max(a >> 23u, 1u));
  let f = i32(max(b >> 23u, 1u));
  var m = (a & 0x7fffffu) | select(0u, 0x800000u, a >= 0x800000u);
  let n = (b & 0x7fffffu) | select(0u, 0x800000u, b >= 0x800000u);
  m %= n;
  for (; e > f && m != 0u; e--) { m = (m << 1u) % n; }
  if (m == 0u) { return bitcast<f32>(sign); }
  let up = min(i32(countLeadingZeros(m)) - 8, f - 1);
  m <<= u32(max(up, 0));
  let g = f - max(up, 0);
  return bitcast<f32>(sign | select(m, (u32(g) << 23u) | (m & 0x7fffffu), m >= 0x800000u));
}`,
  next_after: `
fn next_after(x: f32, y: f32) -> f32 { // floats in order are integers in order, by sign and magnitude
  if (is_nan(x) || is_nan(y)) { return f32_of(0x7fc00000u); }
  if (x == y) { return y; }
  let bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) == 0u) { return copy_sign(f32_of(1u), y); }
  return bitcast<f32>(select(bits - 1u, bits + 1u, (y > x) == (x > 0.0f)));
}`,
};
