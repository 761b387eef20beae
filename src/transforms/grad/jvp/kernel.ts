/** Forward mode of kernels. */
import type { KernelOps } from "../../../ir/ops/index.js";
import type { Rules } from "../../../ir/rules.js";
import { type JvpKind, notDifferentiable, zeroTangent } from "./rule.js";

const later = notDifferentiable("kernels have no derivative yet");

export const kernel = {
  kernel_call: later,
  load: later,
  store: later,
  atomic: later,
  atomic_cas: later,
  empty: zeroTangent("it has no operands"),
} satisfies Rules<KernelOps, JvpKind>;
