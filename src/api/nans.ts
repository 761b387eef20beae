/** `debugNans` for compiled programs: the one that made a NaN is run again, equation by equation. */
import { fail } from "../diagnostics/error.js";
import { printSpan } from "../diagnostics/span.js";
import type { Atom, Program, Var } from "../ir/program.js";
import { isVar } from "../ir/program.js";
import type { ArrayCell } from "../runtime/heap.js";
import { Tensor } from "../tracer/tensor.js";
import { backend, hasNan } from "./backend.js";

/** After a NaN came out of a compiled program: names the operation that made it. */
export function locateNan(
  program: Program<"core">,
  inputs: readonly ArrayCell[],
  results: readonly Tensor[],
  label: string,
): void {
  if (!results.some((t) => hasNan(backend.own(Tensor.source(t).cell("debugNans"))))) return;
  runCheckingNans(program, inputs);
  const span = program.eqns.map((e) => e.span?.resolve()).find((s) => s !== undefined);
  const where = span ? ` (first operation at ${printSpan(span)})` : "";
  fail("TW4002", `${label} returned a NaN${where}`, { help: "one of its inputs held a NaN" });
}

function runCheckingNans(program: Program<"core">, inputs: readonly ArrayCell[]): void {
  const env = new Map<Var, ArrayCell>();
  program.inputs.forEach((v, i) => env.set(v, inputs[i]));
  for (const eqn of program.eqns) {
    if (eqn.prim === "debug_callback") continue;
    const read = (a: Atom): ArrayCell => (isVar(a) ? (env.get(a) as ArrayCell) : backend.constant(a.value, a.aval));
    const cells = eqn.inputs.map(read);
    if (eqn.prim === "call" || eqn.prim === "checkpoint") runCheckingNans(eqn.params.program, cells);
    // the evaluator checks each result and throws with the equation's span
    const outputs = backend.evaluate(eqn, cells) as ArrayCell[];
    eqn.outputs.forEach((o, i) => env.set(o, outputs[i]));
  }
}
