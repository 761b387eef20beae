/** Forward-mode rules of the primitives that only move elements: all linear. */
import type { MovementOps } from "../../../ir/ops/index.js";
import type { Rules } from "../../../ir/rules.js";
import { copyEqn } from "../emit.js";
import { type JvpKind, linear, zeroTangent } from "./rule.js";

export const movement = {
  // none for the tangent where the shape stays
  reshape: (b, primals, [t], { shape }, eqn) => ({
    primals: copyEqn(b, eqn, primals),
    tangents: [t && b.reshape(t, shape)],
  }),
  transpose: linear,
  broadcast_in_dim: linear,
  slice: linear,
  pad: linear,
  concatenate: linear,
  rev: linear,
  iota: zeroTangent("it has no operands"),
} satisfies Rules<MovementOps, JvpKind>;
