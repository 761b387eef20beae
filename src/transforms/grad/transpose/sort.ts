/** Sorting is not linear: its derivative moves tangents by a gather, and that has a transpose. */
import type { SortOps } from "../../../ir/ops/index.js";
import type { Rules } from "../../../ir/rules.js";
import { nonlinear, type TransposeKind } from "./rule.js";

const order = nonlinear("the order depends on the values");

export const sort = { sort: order, top_k: order } satisfies Rules<SortOps, TransposeKind>;
