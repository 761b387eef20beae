/** Random bits have no transposes. */
import type { RandomOps } from "../../../ir/ops/index.js";
import type { Rules } from "../../../ir/rules.js";
import { nonlinear, type TransposeKind } from "./rule.js";

const bits = nonlinear("its operands are bits and keys");

export const random = {
  threefry2x32: bits,
  philox4x32: bits,
  random_wrap: bits,
  random_unwrap: bits,
} satisfies Rules<RandomOps, TransposeKind>;
