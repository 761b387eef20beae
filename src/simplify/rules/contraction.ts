/** Transposes that a dot product can read through. */
import type { DotParams } from "../../ir/ops/index.js";
import type { Atom } from "../../ir/program.js";
import { on, type RewriteContext } from "../rule.js";

/** The operand without its transpose, and where its axes stand then; the free axes must keep their order, the result has it. */
function readThrough(
  r: RewriteContext,
  x: Atom,
  contract: readonly number[],
  batch: readonly number[],
): { source: Atom; contract: number[]; batch: number[] } | undefined {
  const moved = r.made(x, "transpose");
  if (!moved) return undefined;
  const { perm } = moved.params;
  const free = perm.filter((_, i) => !contract.includes(i) && !batch.includes(i));
  if (free.some((p, i) => i > 0 && p < free[i - 1])) return undefined;
  return { source: moved.inputs[0], contract: contract.map((a) => perm[a]), batch: batch.map((a) => perm[a]) };
}

export const contraction = {
  "dot of a transpose": on("dot_general", (r, { inputs: [x, y], params }) => {
    const left = readThrough(r, x, params.lhsContract, params.lhsBatch);
    const right = readThrough(r, y, params.rhsContract, params.rhsBatch);
    if (!left && !right) return undefined;
    const dims: DotParams = {
      lhsContract: left?.contract ?? params.lhsContract,
      rhsContract: right?.contract ?? params.rhsContract,
      lhsBatch: left?.batch ?? params.lhsBatch,
      rhsBatch: right?.batch ?? params.rhsBatch,
      preferred: params.preferred,
    };
    return r.emit("dot_general", [left?.source ?? x, right?.source ?? y], dims);
  }),
};
