/** Transposes of kernels. */
import type { KernelOps } from "../../../ir/ops/index.js";
import type { Rules } from "../../../ir/rules.js";
import { nonlinear, type TransposeKind } from "./rule.js";

const later = nonlinear("kernels have no transpose yet");

export const kernel = {
  kernel_call: later,
  load: later,
  store: later,
  atomic: later,
  atomic_cas: later,
  empty: nonlinear("it has no operands"),
} satisfies Rules<KernelOps, TransposeKind>;
