/** Sorting within blocks. */
import { isFloat } from "../../../ir/dtype.js";
import type { AnyEqn } from "../../../ir/program.js";
import type { TileAtom } from "../../../ir/tile.js";
import { rowMajor, type WholeKernel } from "./kernel.js";

export function sortBlocks(k: WholeKernel, eqn: AnyEqn, axis: number, keys: number): void {
  const sorted = k.b.sort(
    eqn.inputs.map((a) => k.value(a)),
    axis,
    keys,
  );
  eqn.outputs.forEach((v, i) => {
    k.set(v, sorted[i]);
  });
}

/** A number that is less where the element is greater: floats in order are integers in order, NaN above all. */
function descending(k: WholeKernel, x: TileAtom): TileAtom {
  const { b } = k;
  if (!isFloat(x.dtype)) return b.op("not", [x.dtype === "bool" ? b.convert(x, "i32") : x]);
  const wide = b.convert(x, "f32");
  // 0 for -0
  const bits = b.op("bitcast_convert_type", [b.add(wide, b.const(0, "f32", x.shape))], { dtype: "i32" });
  const sign = b.op("shift_right_arithmetic", [bits, b.const(31, "i32", x.shape)]);
  const ordered = b.op("xor", [bits, b.op("and", [sign, b.const(0x7fffffff, "i32", x.shape)])]);
  const nan = b.op("ne", [wide, wide]);
  return b.op("not", [b.op("select", [nan, b.const(0x7fffffff, "i32", x.shape), ordered])]);
}
export function topK(k: WholeKernel, eqn: AnyEqn, count: number): void {
  const { b } = k;
  const x = k.value(eqn.inputs[0]);
  const axis = x.shape.length - 1;
  const [, values, positions] = b.sort([descending(k, x), x, b.lanes(x.shape, axis)], axis, 1);
  const shape = [...x.shape.slice(0, -1), count];
  const strides = rowMajor(x.shape);
  const at = shape
    .map((_, i) => b.mul(b.lanes(shape, i), b.i32(strides[i])))
    .reduce<TileAtom | null>((sum, t) => (sum ? b.add(sum, t) : t), null);
  eqn.outputs.forEach((v, i) => {
    k.set(v, b.pick([values, positions][i], at ?? b.i32(0)));
  });
}
