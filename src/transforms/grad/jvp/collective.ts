/** Forward-mode rules of the named-axis collectives: tangents are sent as values are. */
import type { Builder } from "../../../ir/builder.js";
import type { CollectiveOps } from "../../../ir/ops/index.js";
import type { AnyEqn, Atom } from "../../../ir/program.js";
import type { Rules } from "../../../ir/rules.js";
import { copyEqn, emitLike, indicator, type MaybeZero, maskTo } from "../emit.js";
import { type JvpKind, type JvpOut, linear, zeroTangent } from "./rule.js";

/** Several operands travel together, each for itself: so do the tangents that are there. */
function each(b: Builder, primals: readonly Atom[], tangents: readonly MaybeZero[], _p: unknown, eqn: AnyEqn): JvpOut {
  const sent = emitLike(
    b,
    eqn,
    tangents.filter((t) => t !== null),
  );
  let next = 0;
  return { primals: copyEqn(b, eqn, primals), tangents: tangents.map((t) => (t === null ? null : sent[next++])) };
}

/** The tangent of the instance that won; the mean of theirs where several are equal. */
function extremum(
  b: Builder,
  primals: readonly Atom[],
  tangents: readonly MaybeZero[],
  params: { readonly axisName: string },
  eqn: AnyEqn,
): JvpOut {
  const outs = copyEqn(b, eqn, primals);
  const dots = tangents.map((t, i): MaybeZero => {
    if (t === null) return null;
    const mask = b.op("eq", primals[i], outs[i]);
    const [sum, count] = b.emit("psum", [maskTo(b, mask, t), indicator(b, mask, t.aval.dtype)], params);
    return b.div(sum, count);
  });
  return { primals: outs, tangents: dots };
}

export const collective = {
  psum: each,
  pmax: extremum,
  pmin: extremum,
  all_gather: linear,
  psum_scatter: linear,
  all_to_all: linear,
  ppermute: each,
  axis_index: zeroTangent("it has no operands"),
} satisfies Rules<CollectiveOps, JvpKind>;
