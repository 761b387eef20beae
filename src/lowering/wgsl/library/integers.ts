/** Integer division, and shifts by amounts that only the run knows, as our primitives define them: nothing is left to WGSL's edge cases. */
export const INTEGERS: Readonly<Record<string, string>> = {
  i32_div: `
fn i32_div(a: i32, b: i32) -> i32 { // x / 0 is -1
  return select(a / select(b, 1, b == 0), -1, b == 0);
}`,
  u32_div: `
fn u32_div(a: u32, b: u32) -> u32 { // x / 0 has all bits set
  return select(a / select(b, 1u, b == 0u), 0xffffffffu, b == 0u);
}`,
  i32_rem: `
fn i32_rem(a: i32, b: i32) -> i32 { // the dividend's sign; x % 0 is x
  return select(a % select(b, 1, b == 0), a, b == 0);
}`,
  u32_rem: `
fn u32_rem(a: u32, b: u32) -> u32 {
  return select(a % select(b, 1u, b == 0u), a, b == 0u);
}`,
  shift_left: `
fn shift_left(x: u32, by: u32) -> u32 {
  return select(x << (by & 31u), 0u, by > 31u);
}`,
  shift_right: `
fn shift_right(x: u32, by: u32) -> u32 {
  return select(x >> (by & 31u), 0u, by > 31u);
}`,
  shift_right_signed: `
fn shift_right_signed(x: i32, by: u32) -> i32 {
  return x >> min(by, 31u);
}`,
  i32_pow: `
fn i32_pow(x: i32, y: i32) -> i32 { // wraps; negative powers of what is not ±1 are 0
  if (y < 0) {
    return select(select(0, select(1, -1, (y & 1) != 0), x == -1), 1, x == 1);
  }
  return bitcast<i32>(u32_pow(bitcast<u32>(x), bitcast<u32>(y)));
}`,
  u32_pow: `
fn u32_pow(x: u32, y: u32) -> u32 {
  var result = 1u;
  var base = x;
  for (var n = y; n != 0u; n >>= 1u) {
    if ((n & 1u) != 0u) { result *= base; }
    base *= base;
  }
  return result;
}`,
};
