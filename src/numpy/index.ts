/** The numpy namespace: `import { numpy as np } from "tilework"`. */
export * from "./creation.js";
export * from "./einsum.js";
export * from "./elementwise.js";
export * from "./indexing.js";
export * as linalg from "./linalg.js";
export * from "./joining.js";
export * from "./movement.js";
export * from "./padding.js";
export * from "./products.js";
export * from "./reduction.js";
export * from "./sets.js";
export * from "./signal.js";
export * from "./sorting.js";
export * from "./statistics.js";

export const pi: number = Math.PI;
export const e: number = Math.E;
export const inf: number = Number.POSITIVE_INFINITY;
export const nan: number = Number.NaN;
export const newaxis: null = null;
export const eulerGamma = 0.5772156649015329;
// dtypes by NumPy's names
export const bool_ = "bool" as const;
export const int8 = "i8" as const;
export const uint8 = "u8" as const;
export const int16 = "i16" as const;
export const uint16 = "u16" as const;
export const int32 = "i32" as const;
export const uint32 = "u32" as const;
export const int64 = "i64" as const;
export const uint64 = "u64" as const;
export const float16 = "f16" as const;
export const bfloat16 = "bf16" as const;
export const float32 = "f32" as const;
export const float64 = "f64" as const;
export {
  astype,
  copy,
  finfo,
  iinfo,
  isscalar,
  ndim,
  promoteTypes,
  resultType,
  shape,
  size,
} from "./dtype-info.js";
