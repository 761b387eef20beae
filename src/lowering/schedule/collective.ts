/** Named-axis collectives: vmap has turned them into ordinary operations where their axis is bound. */
import type { CollectiveOps } from "../../ir/ops/index.js";
import type { Rules } from "../../ir/rules.js";
import type { RefusedRule, ScheduleKind } from "./rule.js";

const unbound: RefusedRule = {
  kind: "refused",
  code: "TW3007",
  reason: "the axis is not bound by a vmap around this function",
};

export const collective = {
  psum: unbound,
  pmax: unbound,
  pmin: unbound,
  all_gather: unbound,
  psum_scatter: unbound,
  all_to_all: unbound,
  ppermute: unbound,
  axis_index: unbound,
} satisfies Rules<CollectiveOps, ScheduleKind>;
