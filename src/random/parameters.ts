/** What samplers share: reading shapes, dtypes and parameters, with errors that name the function. */
import { fail } from "../diagnostics/error.js";
import { type Dim, dimSame, type Shape, SymDim } from "../ir/dim.js";
import { castScalar, type DType, isDType, isFloat, isInt } from "../ir/dtype.js";
import { astype, broadcastShapes, broadcastTo, isTensor, type TensorLike } from "../lax/operand.js";
import { scalar } from "../tracer/frame.js";
import { describeValue } from "../tracer/leaf.js";
import type { Tensor } from "../tracer/tensor.js";

export type ShapeLike = number | readonly Dim[];
/** The dtype of the result, alone or as an option. */
export type DTypeLike = DType | { readonly dtype?: DType };

export function shapeOf(what: string, shape: ShapeLike): Shape {
  const s = typeof shape === "number" ? [shape] : shape;
  if (!Array.isArray(s)) {
    fail("TW2011", `random.${what}: the shape is ${describeValue(s)}`, {
      help: "give a list of sizes, such as [2, 3]",
    });
  }
  for (const d of s as readonly unknown[]) {
    if (typeof d === "number" ? !Number.isInteger(d) || d < 0 : !(d instanceof SymDim)) {
      fail(
        "TW2011",
        `random.${what}: the shape [${s.map(String).join(", ")}] holds ${typeof d === "number" ? d : describeValue(d)}`,
        {
          help: "sizes are whole numbers of at least 0",
        },
      );
    }
  }
  return s;
}

/** The wanted shape, into which all parameters must broadcast; without one, the shape that they broadcast to. */
export function resultShape(what: string, shape: ShapeLike | null | undefined, ...parameters: readonly Shape[]): Shape {
  if (shape === undefined || shape === null) return broadcastShapes(`random.${what}`, parameters);
  const s = shapeOf(what, shape);
  const joined = broadcastShapes(`random.${what}`, [s, ...parameters]);
  if (joined.length !== s.length || joined.some((d, i) => !dimSame(d, s[i]))) {
    fail(
      "TW2002",
      `random.${what}: parameters of shapes ${parameters.map((p) => `[${p.map(String).join(", ")}]`).join(" and ")} do not fit into the shape [${s.map(String).join(", ")}]`,
      {
        help: "give a shape that the parameters broadcast to",
      },
    );
  }
  return s;
}
export function shapeOfParameter(x: TensorLike): Shape {
  return isTensor(x) ? x.aval.shape : [];
}

function dtypeOf(dtype: DTypeLike | null | undefined, otherwise: DType): DType {
  return (typeof dtype === "string" ? dtype : dtype?.dtype) ?? otherwise;
}
export function floatType(what: string, dtype: DTypeLike | null | undefined): DType {
  const d = dtypeOf(dtype, "f32");
  if (!isDType(d) || !isFloat(d))
    fail("TW2005", `random.${what}: gives floats, not ${String(d)}`, { help: "use f32, f64, f16 or bf16" });
  return d;
}
export function integerType(what: string, dtype: DTypeLike | null | undefined, otherwise: DType = "i32"): DType {
  const d = dtypeOf(dtype, otherwise);
  if (!isDType(d) || !isInt(d))
    fail("TW2005", `random.${what}: gives integers, not ${String(d)}`, {
      help: "use i32, u32, i64, u64, i16, u16, i8 or u8",
    });
  return d;
}

/** A parameter as an array of this dtype. */
export function parameter(x: TensorLike, dtype: DType): Tensor {
  return isTensor(x) ? astype(x, dtype) : scalar(castScalar(x, dtype), dtype);
}
/** A parameter repeated to the shape of the result. */
export function spread(what: string, x: TensorLike, dtype: DType, shape: Shape): Tensor {
  return broadcastTo(`random.${what}`, parameter(x, dtype), shape);
}

interface FloatFormat {
  /** Stored bits of the mantissa. */
  readonly mantissa: number;
  readonly bits: 16 | 32 | 64;
  /** Distance from 1 to the next greater number. */
  readonly eps: number;
  /** Least positive normal number. */
  readonly tiny: number;
  /** The bits of 1. */
  readonly one: number | bigint;
}
const FORMATS: Record<"f16" | "bf16" | "f32" | "f64", FloatFormat> = {
  f16: { mantissa: 10, bits: 16, eps: 2 ** -10, tiny: 2 ** -14, one: 0x3c00 },
  bf16: { mantissa: 7, bits: 16, eps: 2 ** -7, tiny: 2 ** -126, one: 0x3f80 },
  f32: { mantissa: 23, bits: 32, eps: 2 ** -23, tiny: 2 ** -126, one: 0x3f800000 },
  f64: { mantissa: 52, bits: 64, eps: 2 ** -52, tiny: 2 ** -1022, one: 0x3ff0000000000000n },
};
export function formatOf(dtype: DType): FloatFormat {
  return FORMATS[dtype as keyof typeof FORMATS];
}
