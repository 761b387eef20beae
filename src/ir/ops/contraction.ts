import type { DType } from "../dtype.js";

export interface DotParams {
  readonly lhsContract: readonly number[];
  readonly rhsContract: readonly number[];
  readonly lhsBatch: readonly number[];
  readonly rhsBatch: readonly number[];
  /** dtype of accumulation and result; null: the operands' (f16 and bf16 accumulate in f32 either way). */
  readonly preferred: DType | null;
}
/** Result axes: batch, then free axes of lhs, then free axes of rhs. */
export interface ConvParams {
  readonly strides: readonly number[];
  readonly padding: readonly (readonly [number, number])[];
  readonly lhsDilation: readonly number[];
  readonly rhsDilation: readonly number[];
  /** Where [batch, feature, ...spatial] of lhs stand; [outFeature, inFeature, ...spatial] of rhs; [batch, feature, ...spatial] of out. */
  readonly lhsSpec: readonly number[];
  readonly rhsSpec: readonly number[];
  readonly outSpec: readonly number[];
  readonly featureGroupCount: number;
  readonly batchGroupCount: number;
  readonly preferred: DType | null;
}
export interface ContractionOps {
  dot_general: DotParams;
  conv_general_dilated: ConvParams;
}
