/** Parameters of gather and scatter, checked: from JavaScript any of them may be missing. */
import { fail } from "../diagnostics/error.js";
import type { GatherDims, GatherParams, IndexMode, ScatterDims, ScatterParams } from "../ir/ops/index.js";
import { describeValue } from "../tracer/leaf.js";

const MODES: readonly IndexMode[] = ["clip", "fill", "promise"];
const GATHER: readonly (keyof GatherDims)[] = [
  "offsetDims",
  "collapsedSliceDims",
  "operandBatchingDims",
  "startIndicesBatchingDims",
  "startIndexMap",
];
const SCATTER: readonly (keyof ScatterDims)[] = [
  "updateWindowDims",
  "insertedWindowDims",
  "operandBatchingDims",
  "scatterIndicesBatchingDims",
  "scatterDimsToOperandDims",
];

/** What is wrong with the lists and the mode that gather and scatter both have. */
function wrong(params: unknown, names: readonly string[]): string | undefined {
  if (typeof params !== "object" || params === null) return `the parameters are ${describeValue(params)}`;
  const { dims, mode } = params as { dims?: Record<string, unknown> | null; mode?: IndexMode };
  if (typeof dims !== "object" || dims === null) return `dims is ${describeValue(dims)}`;
  const bad = names.find((name) => !Array.isArray(dims[name]));
  if (bad !== undefined) return `dims.${bad} is ${describeValue(dims[bad])}, not a list of axes`;
  return mode !== undefined && MODES.includes(mode) ? undefined : `mode is ${describeValue(mode)}`;
}
const written = (names: readonly string[], rest: string): string =>
  `give { dims: { ${names.join(", ")} }, mode, ${rest} }, each of dims a list of axes, mode one of ${MODES.join(", ")}`;

export function checkGather(params: GatherParams): GatherParams {
  const found =
    wrong(params, GATHER) ??
    (Array.isArray(params.sliceSizes) ? undefined : `sliceSizes is ${describeValue(params.sliceSizes)}, not a list`);
  if (found === undefined) return params;
  return fail("TW1007", `lax.gather: ${found}`, {
    help: `${written(GATHER, "sliceSizes")}; np.take and np.index need none of these`,
  });
}
export function checkScatter(what: string, params: ScatterParams): ScatterParams {
  const found =
    wrong(params, SCATTER) ??
    (typeof params.uniqueIndices === "boolean"
      ? undefined
      : `uniqueIndices is ${describeValue(params.uniqueIndices)}, not true or false`);
  if (found === undefined) return params;
  return fail("TW1007", `lax.${what}: ${found}`, {
    help: `${written(SCATTER, "uniqueIndices")}; x.at(i).set(v) and x.at(i).add(v) need none of these`,
  });
}
