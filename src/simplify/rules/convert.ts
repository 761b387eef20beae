/** Conversions that do nothing, or less than it seems. */
import { shapeSame } from "../../ir/dim.js";
import { bitWidth, byteSize, type DType, isFloat, isInt, isUnsignedInt, significandBits } from "../../ir/dtype.js";
import { on } from "../rule.js";

const EXPONENT = { f16: 5, bf16: 8, f32: 8, f64: 11 } as const;

/** True when every value of `from` is one of `to`. */
function isLossless(from: DType, to: DType): boolean {
  if (from === to) return true;
  if (from === "key" || to === "key" || to === "bool") return false;
  if (from === "bool") return true;
  if (isFloat(from)) {
    return (
      isFloat(to) && significandBits(from) <= significandBits(to) && EXPONENT[from as "f16"] <= EXPONENT[to as "f16"]
    );
  }
  const magnitude = bitWidth(from) - (isUnsignedInt(from) ? 0 : 1);
  // f16 ends at 65504: no integer type of more than 11 bits fits in any case
  if (isFloat(to)) return magnitude <= significandBits(to);
  if (!isInt(to)) return false;
  if (isUnsignedInt(to)) return isUnsignedInt(from) && bitWidth(from) <= bitWidth(to);
  return magnitude <= bitWidth(to) - 1;
}

export const convert = {
  "convert to the same dtype": on("convert_element_type", (_r, { inputs: [x], params }) =>
    x.aval.dtype === params.dtype ? x : undefined,
  ),
  "convert of a lossless convert": on("convert_element_type", (r, { inputs: [x], params }) => {
    const first = r.made(x, "convert_element_type");
    if (!first || !isLossless(first.inputs[0].aval.dtype, x.aval.dtype)) return undefined;
    return r.emit("convert_element_type", [first.inputs[0]], params);
  }),
  "bitcast of a bitcast": on("bitcast_convert_type", (r, { inputs: [x], params }) => {
    if (x.aval.dtype === params.dtype) return x;
    const first = r.made(x, "bitcast_convert_type");
    if (!first || !shapeSame(first.inputs[0].aval.shape, x.aval.shape)) return undefined;
    // bool has one bit of its byte, so what goes through it may change
    if (x.aval.dtype === "bool" || byteSize(first.inputs[0].aval.dtype) !== byteSize(params.dtype)) return undefined;
    return r.emit("bitcast_convert_type", [first.inputs[0]], params);
  }),
};
