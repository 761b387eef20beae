/** One program on every rank of a named axis: what pmap means, and what vmap with an axis name must equal. */
import { internal } from "../diagnostics/error.js";
import type { CollectiveOps } from "../ir/ops/index.js";
import type { Program } from "../ir/program.js";
import type { NDArray } from "./array.js";
import { meet } from "./collective.js";
import { interpret } from "./index.js";

/** Thrown where a rank waits for the others. */
class Waiting {
  constructor(
    readonly prim: keyof CollectiveOps,
    readonly inputs: readonly NDArray[],
    readonly params: unknown,
  ) {}
}

/**
 * Results of every rank. Each rank runs until it meets a collective whose result is not known yet; when all wait at the
 * same one it is computed, and they run again from the start with it known. Simple, quadratic in the number of
 * collectives, and callbacks are called again; but any control flow may stand around a collective, and ranks that do not
 * meet are found out.
 */
export function interpretRanks(
  program: Program<"core">,
  axisName: string,
  ranks: readonly (readonly NDArray[])[],
): NDArray[][] {
  /** Results of the collectives so far: collective, rank, operand. */
  const known: NDArray[][][] = [];
  for (;;) {
    const states = ranks.map((inputs, index) => {
      let next = 0;
      const exchange = (
        prim: keyof CollectiveOps,
        operands: readonly NDArray[],
        params: unknown,
      ): readonly NDArray[] => {
        if (next < known.length) return known[next++][index];
        throw new Waiting(prim, operands, params);
      };
      try {
        return interpret(program, inputs, { axisEnv: new Map([[axisName, { size: ranks.length, index, exchange }]]) });
      } catch (e) {
        if (e instanceof Waiting) return e;
        throw e;
      }
    });
    const waiting = states.filter((s): s is Waiting => s instanceof Waiting);
    if (waiting.length === 0) return states as NDArray[][];
    const [{ prim, params }] = waiting;
    if (waiting.length < ranks.length || waiting.some((w) => w.prim !== prim)) {
      const where = states.map((s) => (s instanceof Waiting ? s.prim : "the end")).join(", ");
      internal(`the ranks of "${axisName}" do not meet: they stand at ${where}`);
    }
    known.push(
      meet(
        prim,
        waiting.map((w) => w.inputs),
        params as CollectiveOps[typeof prim],
      ),
    );
  }
}
