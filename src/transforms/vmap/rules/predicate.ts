/** What control flow does when its decisions differ between elements. */
import { fail } from "../../../diagnostics/error.js";
import { aval } from "../../../ir/aval.js";
import { Builder } from "../../../ir/builder.js";
import type { Prim } from "../../../ir/ops/index.js";
import type { Atom, Program } from "../../../ir/program.js";
import { mentionsAxis } from "../axis-name.js";
import { elementShape, moveAxis, type BatchDim } from "../axes.js";
import type { BatchContext, BatchOut } from "../rule.js";
import { range } from "../../../util/index.js";

type Core = Program<"core">;

/** Something that a run shows to the outside: it must not happen for elements that do not take this path. */
export function hasEffects(p: Core): boolean {
  return p.effects.some((e) => e.startsWith("io:"));
}

/** A collective needs all members of its axis: under a predicate that differs between them some would not come. */
export function refuseCollectives(ctx: BatchContext, programs: readonly Core[], what: string): void {
  const name = ctx.axisName;
  if (name === undefined) return;
  if (!programs.some((p) => p.effects.includes(`comm:${name}`))) return;
  fail(
    "TW3013",
    `${what}: a collective over ${JSON.stringify(name)} stands under a predicate that differs along that axis`,
    {
      span: ctx.eqn.span,
    },
  );
}

/** `onTrue` where `mask` [n] holds, else `onFalse`; both have their batch axis in front. */
export function selectBatch(b: Builder, mask: Atom, onTrue: Atom, onFalse: Atom): Atom {
  return b.select(b.broadcast(mask, onTrue.aval.shape, [0]), onTrue, onFalse);
}

/**
 * The equation itself, run for one element after the other: the only way in which each element has exactly its own
 * effects. Results have their batch axis in front.
 */
export function eachElement(
  b: Builder,
  inputs: readonly Atom[],
  dims: readonly BatchDim[],
  ctx: BatchContext,
): BatchOut {
  const { eqn, axisSize, axisName } = ctx;
  if (axisName !== undefined && mentionsAxis(eqn, axisName)) {
    fail(
      "TW3013",
      `${eqn.prim}: a callback stands under a predicate that differs along ${JSON.stringify(axisName)}, beside something that needs that axis`,
      {
        span: eqn.span,
        help: "move axisIndex and collectives outside of the branch or loop and pass their results in",
      },
    );
  }
  const batched = range(inputs.length).filter((i) => dims[i] !== null);
  const fixed = range(inputs.length).filter((i) => dims[i] === null);
  const body = new Builder();
  const element = new Map<number, Atom>();
  for (const i of [...fixed, ...batched]) {
    const { aval: a } = inputs[i];
    element.set(i, body.input(aval(elementShape(inputs[i], dims[i]), a.dtype)));
  }
  const results = body.emit(
    eqn.prim as Prim,
    inputs.map((_, i) => element.get(i) as Atom),
    eqn.params as never,
    eqn.span,
  );
  const xs = batched.map((i) => moveAxis(b, inputs[i], dims[i] ?? 0, 0));
  const outputs = b.emit("scan", [...fixed.map((i) => inputs[i]), ...xs], {
    body: body.finish(results, eqn.prim),
    length: axisSize,
    reverse: false,
    numConsts: fixed.length,
    numCarry: 0,
  });
  return { outputs, dims: outputs.map(() => 0) };
}
