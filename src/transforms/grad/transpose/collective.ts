/** Transposes of the collectives, of the map from all members' operands to all members' results. */
import type { CollectiveOps } from "../../../ir/ops/index.js";
import type { Rules } from "../../../ir/rules.js";
import { nonlinear, type TransposeKind, unary } from "./rule.js";

const chosen = nonlinear("which member wins depends on all of them");

export const collective = {
  // every member got every operand once, so each collects all cotangents
  psum: unary((b, ct, _x, params) => b.emit1("psum", [ct], params)),
  pmax: chosen,
  pmin: chosen,
  all_gather: unary((b, ct, _x, params) => b.emit1("psum_scatter", [ct], params)),
  psum_scatter: unary((b, ct, _x, params) => b.emit1("all_gather", [ct], params)),
  all_to_all: unary((b, ct, _x, params) =>
    b.emit1("all_to_all", [ct], { ...params, splitAxis: params.concatAxis, concatAxis: params.splitAxis }),
  ),
  ppermute: unary((b, ct, _x, params) =>
    b.emit1("ppermute", [ct], { ...params, perm: params.perm.map(([from, to]) => [to, from] as const) }),
  ),
  axis_index: nonlinear("it has no operands"),
} satisfies Rules<CollectiveOps, TransposeKind>;
