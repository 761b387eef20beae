/** Forward-mode rules of the named-axis collectives: tangents are sent as values are. */
import type { Builder } from "../../../ir/builder.js";
import type { CollectiveOps } from "../../../ir/ops/index.js";
import type { AnyEqn, Atom } from "../../../ir/program.js";
import type { Rules } from "../../../ir/rules.js";
import { copyEqn, indicator, type MaybeZero, maskTo } from "../emit.js";
import { type JvpKind, type JvpOut, linear, zeroTangent } from "./rule.js";

/** The tangent of the instance that won; the mean of theirs where several are equal. */
function extremum(
  b: Builder,
  primals: readonly Atom[],
  [t]: readonly MaybeZero[],
  params: { readonly axisName: string },
  eqn: AnyEqn,
): JvpOut {
  const [x] = primals;
  const [y] = copyEqn(b, eqn, primals);
  if (t === null) return { primals: [y], tangents: [null] };
  const mask = b.op("eq", x, y);
  const count = b.emit1("psum", [indicator(b, mask, y.aval.dtype)], params);
  return { primals: [y], tangents: [b.div(b.emit1("psum", [maskTo(b, mask, t)], params), count)] };
}

export const collective = {
  psum: linear,
  pmax: extremum,
  pmin: extremum,
  all_gather: linear,
  psum_scatter: linear,
  all_to_all: linear,
  ppermute: linear,
  axis_index: zeroTangent("it has no operands"),
} satisfies Rules<CollectiveOps, JvpKind>;
