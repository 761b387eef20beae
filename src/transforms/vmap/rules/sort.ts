import type { SortOps } from "../../../ir/ops/index.js";
import type { Rules } from "../../../ir/rules.js";
import { shift } from "../axes.js";
import { aligned, type BatchKind, leading } from "../rule.js";

export const sort = {
  sort: aligned((p, dim) => ({ ...p, axis: shift(p.axis, dim) })),
  top_k: leading(1),
} satisfies Rules<SortOps, BatchKind>;
