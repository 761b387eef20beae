/** Partial evaluation of equations that hold programs: each program is cut in two, and so is the equation. */
import type { ControlOps } from "../../../ir/ops/index.js";
import type { Rules } from "../../../ir/rules.js";
import { type PartialEvalKind, postpone } from "./rule.js";

export const control = {
  cond: postpone,
  while: postpone,
  scan: postpone,
  call: postpone,
  checkpoint: postpone,
  custom_jvp_call: postpone,
  custom_vjp_call: postpone,
  custom_vjp_linear: postpone,
  custom_linear_solve: postpone,
  optimization_barrier: postpone,
  debug_callback: postpone,
} satisfies Rules<ControlOps, PartialEvalKind>;
