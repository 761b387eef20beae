import type { ControlOps } from "../../../ir/ops/index.js";
import type { Rules } from "../../../ir/rules.js";
import { nonlinear, type TransposeKind } from "./rule.js";
const todo = nonlinear("todo");
export const control = {
  cond: todo,
  while: todo,
  scan: todo,
  call: todo,
  checkpoint: todo,
  custom_jvp_call: todo,
  custom_vjp_call: todo,
  custom_vjp_linear: todo,
  custom_linear_solve: todo,
  optimization_barrier: todo,
  debug_callback: todo,
} satisfies Rules<ControlOps, TransposeKind>;
