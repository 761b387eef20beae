/** What GPUs cannot compute is refused at the equation that asks for it, before anything is lowered. */
import { fail } from "../../diagnostics/error.js";
import type { DType } from "../../ir/dtype.js";
import type { AnyEqn, Program } from "../../ir/program.js";
import { nestedPrograms } from "../../ir/rewrite.js";

/** 64-bit numbers; a PRNG key is two words, which are only moved. */
const WIDE: ReadonlySet<DType> = new Set<DType>(["f64", "i64", "u64"]);
/** Written with the digits of f64 in mind. */
const IN_F64: ReadonlySet<string> = new Set([
  ...["igamma", "igammac", "igamma_grad_a", "random_gamma_grad", "polygamma", "zeta", "regularized_incomplete_beta"],
  ...["eigh", "svd"],
]);

export function checkForGpu(program: Program<"core">): void {
  for (const eqn of program.eqns) checkEqn(eqn);
}
function checkEqn(eqn: AnyEqn): void {
  for (const { aval } of [...eqn.inputs, ...eqn.outputs]) {
    if (WIDE.has(aval.dtype)) fail("TW2005", `${eqn.prim}: GPUs have no ${aval.dtype}`, { span: eqn.span });
  }
  if (IN_F64.has(eqn.prim))
    fail("TW2005", `${eqn.prim} is computed in f64, which GPUs do not have`, { span: eqn.span });
  for (const inner of nestedPrograms(eqn)) checkForGpu(inner);
}
