/** `debugNans` for compiled programs: the one that made a NaN is run again, equation by equation. */
import { fail } from "../diagnostics/error.js";
import { printSpan } from "../diagnostics/span.js";
import type { Program } from "../ir/program.js";
import type { ArrayCell } from "../runtime/heap.js";
import { Tensor } from "../tracer/tensor.js";
import { backend, hasNan, runCheckingNans } from "./backend.js";

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
