/** Functions of which most programs use none: their code is handed over by who makes their equations. */
import type { LoopMathFunction } from "../../../ir/loop.js";
import { Slot } from "../../slot.js";
import type { Value } from "./value.js";

/** Those that are functions of the library, and those that are expanded inline. */
export const SPECIAL_FUNCTIONS = [
  "lgamma",
  "digamma",
  "polygamma",
  "zeta",
  "igamma",
  "igammac",
  "igamma_grad_a",
  "random_gamma_grad",
  "regularized_incomplete_beta",
] as const;
export const SPECIAL_EXPANSIONS = ["bessel_i0e", "bessel_i1e"] as const;

export interface SpecialMath {
  readonly functions: Readonly<Record<string, () => LoopMathFunction>>;
  /** In f64. */
  readonly expansions: Readonly<Record<string, (x: Value) => Value>>;
}
export const specialMath = new Slot<SpecialMath>("special functions");
