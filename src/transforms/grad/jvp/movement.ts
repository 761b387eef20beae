/** Forward-mode rules of the primitives that only move elements: all linear. */
import type { MovementOps } from "../../../ir/ops/index.js";
import type { Rules } from "../../../ir/rules.js";
import { type JvpKind, linear, zeroTangent } from "./rule.js";

export const movement = {
  reshape: linear,
  transpose: linear,
  broadcast_in_dim: linear,
  slice: linear,
  pad: linear,
  concatenate: linear,
  rev: linear,
  iota: zeroTangent("it has no operands"),
} satisfies Rules<MovementOps, JvpKind>;
