/** The compiled special functions against the interpreter's, which were written independently. */
import { expect, test } from "vitest";
import * as bessel from "../../../src/interpreter/special/bessel.js";
import { betainc } from "../../../src/interpreter/special/beta.js";
import * as error from "../../../src/interpreter/special/erf.js";
import * as gamma from "../../../src/interpreter/special/gamma.js";
import * as incomplete from "../../../src/interpreter/special/igamma.js";
import { scalarFunction } from "./evaluate.js";

const ORACLE: Record<string, [(...xs: number[]) => number, number, number]> = {
  lgamma: [gamma.lgamma, 1, 1e-13],
  digamma: [gamma.digamma, 1, 1e-12],
  polygamma: [gamma.polygamma, 2, 1e-7],
  zeta: [gamma.zeta, 2, 1e-12],
  igamma: [incomplete.igamma, 2, 1e-10],
  igammac: [incomplete.igammac, 2, 1e-8],
  igamma_grad_a: [incomplete.igammaGradA, 2, 1e-7],
  random_gamma_grad: [incomplete.randomGammaGrad, 2, 1e-7],
  regularized_incomplete_beta: [betainc, 3, 1e-11],
  erf: [error.erf, 1, 1e-14],
  erfc: [error.erfc, 1, 1e-14],
  erf_inv: [error.erfInv, 1, 1e-14],
  bessel_i0e: [bessel.i0e, 1, 1e-14],
  bessel_i1e: [bessel.i1e, 1, 1e-14],
};
const POINTS = [0, -0, 1, -1, 2, 3, -2, 0.5, -0.5, -1.5, 0.125, 1e-3, 7.25, 10, 30, 100];

test.each(Object.keys(ORACLE))("%s", (name) => {
  const [oracle, arity, tolerance] = ORACLE[name];
  const f = scalarFunction(name, "f64", arity);
  let argumentLists: number[][] = [[]];
  for (let i = 0; i < arity; i++) argumentLists = argumentLists.flatMap((a) => POINTS.map((x) => [...a, x]));
  for (const args of argumentLists) {
    // of high order at negative arguments the oracle's alternating sums cancel
    if (name === "polygamma" && (args[0] > 10 || args[1] < 0)) continue;
    const [y, z] = [f(...args), oracle(...args)];
    const what = `${name}(${args.join(", ")}) = ${y}, oracle ${z}`;
    if (!Number.isFinite(z)) expect(y, what).toBe(z);
    else expect(Math.abs(y - z), what).toBeLessThanOrEqual(tolerance * Math.max(Math.abs(z), 1e-250));
  }
});
