/** The fixpoint of rewriting and dead code elimination. */
import type { Program } from "../ir/program.js";
import { dce } from "./dce/index.js";
import { indexRules, Rewriter } from "./rewriter.js";
import type { Rule } from "./rule.js";
import { RULES } from "./rules/index.js";

type Core = Program<"core">;

/** Rounds until a program is taken as it is: each one reaches what the one before uncovered. */
const MAX_ROUNDS = 6;

/** A simplifier that knows these rules; programs that it has seen (bodies of loops) are remembered. */
export function makeSimplifier(rules: Iterable<Rule>): (p: Core) => Core {
  const index = indexRules(rules);
  const done = new WeakMap<Core, Core>();
  const fixpoint = (program: Core): Core => {
    const known = done.get(program);
    if (known) return known;
    let p = program;
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const next = dce(new Rewriter(index, fixpoint).run(p));
      if (next === p) break;
      p = next;
    }
    done.set(program, p);
    done.set(p, p);
    return p;
  };
  return fixpoint;
}

/**
 * The same function with less to do, for programs that are compiled (not differentiated any more): calls are inlined,
 * equal equations merged, constants folded, dead code dropped, invariants moved out of loops, and unstable formulas
 * replaced by stable ones. Shapes, dtypes, effects and their order stay. Checkpoints of a backward pass stay too: the plan
 * opens them, when nothing is merged any more.
 */
export const simplify: (program: Core) => Core = makeSimplifier(Object.values(RULES));
