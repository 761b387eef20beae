/** Partial evaluation of the collectives: operands that travel together need not wait for each other. */
import type { CollectiveOps } from "../../../ir/ops/index.js";
import type { Rules } from "../../../ir/rules.js";
import { splitEach } from "./nested.js";
import { type PartialEvalKind, postpone } from "./rule.js";

export const collective = {
  psum: splitEach,
  pmax: splitEach,
  pmin: splitEach,
  all_gather: postpone,
  psum_scatter: postpone,
  all_to_all: postpone,
  ppermute: splitEach,
  axis_index: postpone,
} satisfies Rules<CollectiveOps, PartialEvalKind>;
