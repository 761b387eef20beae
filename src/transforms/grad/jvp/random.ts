/** Forward-mode rules of random bits: integers and keys have no tangents. */
import type { RandomOps } from "../../../ir/ops/index.js";
import type { Rules } from "../../../ir/rules.js";
import { type JvpKind, zeroTangent } from "./rule.js";

export const random = {
  threefry2x32: zeroTangent("bits have no tangents"),
  philox4x32: zeroTangent("bits have no tangents"),
  random_wrap: zeroTangent("keys have no tangents"),
  random_unwrap: zeroTangent("keys have no tangents"),
} satisfies Rules<RandomOps, JvpKind>;
