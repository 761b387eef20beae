/** Control flow: loops and branches become steps of the plan, calls are inlined before scheduling. */
import type { ControlOps } from "../../ir/ops/index.js";
import type { Rules } from "../../ir/rules.js";
import type { ScheduleKind } from "./rule.js";

export const control = {
  cond: { kind: "structured" },
  while: { kind: "structured" },
  scan: { kind: "structured" },
  debug_callback: { kind: "structured" },
  call: { kind: "inlined" },
  custom_jvp_call: { kind: "inlined" },
  custom_vjp_call: { kind: "inlined" },
  checkpoint: { kind: "inlined" },
  custom_linear_solve: { kind: "inlined" },
  custom_vjp_linear: {
    kind: "refused",
    code: "TW3004",
    reason: "a custom_vjp has no forward mode: use customJvp for functions under jvp or jacfwd",
  },
  optimization_barrier: { kind: "alias" },
} satisfies Rules<ControlOps, ScheduleKind>;
