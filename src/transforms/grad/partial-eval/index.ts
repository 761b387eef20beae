/** Partial evaluation: a program is cut in two, what known inputs decide and what has to wait for the others. */
import { internal } from "../../../diagnostics/error.js";
import type { Program } from "../../../ir/program.js";
import type { AnyRule, Table } from "../../../ir/rules.js";
import { flags, memoize } from "../programs.js";
import { collective } from "./collective.js";
import { control } from "./control.js";
import { kernel } from "./kernel.js";
import { type PartialEvalKind, type PartialEvalOptions, type PartialEvalResult, postponed } from "./rule.js";
import { Split } from "./split.js";

export type { PartialEvalResult } from "./rule.js";

const TABLE = {
  ...postponed("elementwise"),
  ...postponed("movement"),
  ...postponed("reduction"),
  ...postponed("contraction"),
  ...postponed("indexing"),
  ...control,
  ...postponed("random"),
  ...postponed("linalg"),
  ...postponed("sort"),
  ...collective,
  ...kernel,
} satisfies Table<PartialEvalKind>;

const made = memoize<PartialEvalResult>();

function partialEvalWith(
  program: Program<"core">,
  unknown: readonly boolean[],
  options: PartialEvalOptions = {},
): PartialEvalResult {
  if (unknown.length !== program.inputs.length) {
    internal(`partialEval of ${program.name}: ${unknown.length} flags for ${program.inputs.length} inputs`);
  }
  const key = `${flags(unknown)}/${flags(options.instantiate ?? [])}/${flags(options.free ?? [])}`;
  return made(program, key, () => {
    const split = new Split(program, unknown, partialEvalWith);
    for (const eqn of program.eqns) {
      if (!eqn.inputs.some((a) => split.isUnknown(a))) {
        split.keepKnown(eqn);
        continue;
      }
      split.known.span = eqn.span;
      split.unknown.span = eqn.span;
      const rule = TABLE[eqn.prim] as AnyRule<PartialEvalKind>;
      rule(split, eqn, eqn.params as never);
    }
    return split.finish(options);
  });
}

/** `instantiate` marks outputs that must come from the unknown program even if they are known. */
export function partialEval(
  program: Program<"core">,
  unknown: readonly boolean[],
  instantiate?: readonly boolean[],
): PartialEvalResult {
  return partialEvalWith(program, unknown, instantiate ? { instantiate } : {});
}
