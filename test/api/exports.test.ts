/** The names of the package: those of the design that are there now, and no others by accident. */
import * as tilework from "tilework";
import { expect, it } from "vitest";

it("exports what the documents name", () => {
  const names = Object.keys(tilework).sort();
  for (const name of [
    "array",
    "autotune",
    "associativeScan",
    "blockUntilReady",
    "checkpoint",
    "checkpointPolicies",
    "cond",
    "configure",
    "customJvp",
    "customRoot",
    "customVjp",
    "debug",
    "evalShape",
    "explain",
    "foriLoop",
    "range",
    "grad",
    "hessian",
    "interpret",
    "isTileworkError",
    "jacfwd",
    "jacrev",
    "jit",
    "heuristics",
    "jvp",
    "kernel",
    "lax",
    "linearTranspose",
    "linearize",
    "liveArrays",
    "makeProgram",
    "model",
    "map",
    "memoryStats",
    "nn",
    "num",
    "numpy",
    "printProgram",
    "random",
    "scan",
    "ShapeDtype",
    "spec",
    "switchCase",
    "Tensor",
    "tensor",
    "TileworkError",
    "tree",
    "valueAndGrad",
    "vjp",
    "vmap",
    "whileLoop",
  ]) {
    expect(names).toContain(name);
  }
  // names that belong to parts which are not there yet
  for (const name of ["pmap", "shardMap", "Mesh", "PartitionSpec"]) {
    expect(names).not.toContain(name);
  }
});
