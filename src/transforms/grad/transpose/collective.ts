/** Transposes of the collectives, of the map from all members' operands to all members' results. */
import type { Builder } from "../../../ir/builder.js";
import type { CollectiveOps } from "../../../ir/ops/index.js";
import type { Rules } from "../../../ir/rules.js";
import type { Atom } from "../../../ir/program.js";
import type { MaybeZero } from "../emit.js";
import { nonlinear, type Operand, type TransposeKind, unary } from "./rule.js";

const chosen = nonlinear("which member wins depends on all of them");

/** Several operands travel together, each for itself: so do the cotangents that are there. */
function each<P>(send: (b: Builder, cts: readonly Atom[], params: P) => readonly Atom[]) {
  return (b: Builder, cts: readonly MaybeZero[], inputs: readonly Operand[], params: P): MaybeZero[] => {
    const wanted = cts.map((ct, i) => (inputs[i] === null ? ct : null));
    const there = wanted.filter((ct) => ct !== null);
    const sent = there.length === 0 ? [] : send(b, there, params);
    let next = 0;
    return wanted.map((ct) => (ct === null ? null : sent[next++]));
  };
}

export const collective = {
  // every member got every operand once, so each collects all cotangents
  psum: each((b, cts, params) => b.emit("psum", cts, params)),
  pmax: chosen,
  pmin: chosen,
  all_gather: unary((b, ct, _x, params) => b.emit1("psum_scatter", [ct], params)),
  psum_scatter: unary((b, ct, _x, params) => b.emit1("all_gather", [ct], params)),
  all_to_all: unary((b, ct, _x, params) =>
    b.emit1("all_to_all", [ct], { ...params, splitAxis: params.concatAxis, concatAxis: params.splitAxis }),
  ),
  ppermute: each((b, cts, params) =>
    b.emit("ppermute", cts, { ...params, perm: params.perm.map(([from, to]) => [to, from] as const) }),
  ),
  axis_index: nonlinear("it has no operands"),
} satisfies Rules<CollectiveOps, TransposeKind>;
