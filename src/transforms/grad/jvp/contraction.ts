/** Forward-mode rules of contractions: linear in either operand. */
import type { ContractionOps } from "../../../ir/ops/index.js";
import type { Rules } from "../../../ir/rules.js";
import { bilinear, type JvpKind } from "./rule.js";

export const contraction = {
  dot_general: bilinear,
  conv_general_dilated: bilinear,
} satisfies Rules<ContractionOps, JvpKind>;
