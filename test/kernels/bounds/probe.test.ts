import { expect, test } from "vitest";
import { analyseKernel } from "../../../src/simplify/bounds/analyse.js";
import { guardKernels } from "../../../src/simplify/bounds/guard.js";
import * as P from "../block-programs.js";
import { simplify } from "../../../src/simplify/index.js";
const programs = {
  "vector add": () => P.vectorAdd(1000, 64),
  softmax: () => P.softmax(5, 33, 64),
  "layer norm": () => P.layerNorm(5, 33, 64),
  matmul: () => P.matmul(17, 19, 23, 8, 8, 8),
  "matmul, whole blocks": () => P.matmul(16, 16, 32, 8, 8, 8),
  "column sums": () => P.columnSums(21, 35, 8, 16),
  stencil: () => P.stencil(13, 19, 4, 8),
  transpose: () => P.transpose(13, 19, 4, 8),
  "gathered rows": () => P.gatherRows(9, 7, 21, 8),
  "causal flash": () => P.flash(2, 21, 8, 8, 8, true),
};
test("probe", () => {
  for (const [name, make] of Object.entries(programs)) {
    for (const p of [make(), simplify(make())]) {
    const t = performance.now();
    for (const e of p.eqns) if (e.prim === "kernel_call") analyseKernel(e.params, (a) => console.log(name, a.eqn.prim, JSON.stringify(a.sides)));
    const ms = performance.now() - t;
    console.log(name, guardKernels(p) === p, ms.toFixed(2));
    }
  }
});
