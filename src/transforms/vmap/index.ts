/**
 * Batching as a program-to-program function: each equation is replaced by one that works on all elements of the batch.
 * A value stays unbatched for as long as it is the same for all elements.
 */
import { fail, internal } from "../../diagnostics/error.js";
import { Builder } from "../../ir/builder.js";
import type { Dim } from "../../ir/dim.js";
import { type AnyEqn, type Atom, isVar, nameAtom, type Program, Var } from "../../ir/program.js";
import type { AnyRule, Table } from "../../ir/rules.js";
import { type BatchDim, batchedAval, broadcastBatch, moveAxis, zeros } from "./axes.js";
import { mentionsAxis } from "./axis-name.js";
import type { BatchContext, BatchKind, WantedDim } from "./rule.js";
import { collective } from "./rules/collective.js";
import { contraction } from "./rules/contraction.js";
import { control } from "./rules/control.js";
import { elementwise } from "./rules/elementwise.js";
import { indexing } from "./rules/indexing.js";
import { kernel } from "./rules/kernel.js";
import { linalg } from "./rules/linalg.js";
import { movement } from "./rules/movement.js";
import { random } from "./rules/random.js";
import { reduction } from "./rules/reduction.js";
import { sort } from "./rules/sort.js";

const rules = {
  ...elementwise,
  ...movement,
  ...reduction,
  ...contraction,
  ...indexing,
  ...control,
  ...random,
  ...linalg,
  ...sort,
  ...collective,
  ...kernel,
} satisfies Table<BatchKind>;

export interface BatchOptions {
  readonly axisSize: Dim;
  /** Batch axis of each input; null: not batched. */
  readonly inDims: readonly BatchDim[];
  /** Wanted batch axis of each output (broadcast where it is not batched); null: must not be batched; "any" leaves it where the rules put it, or unbatched. */
  readonly outDims: readonly WantedDim[];
  /** Collectives over this name become ops over the batch axis. */
  readonly axisName?: string | undefined;
}
export interface BatchResult {
  readonly program: Program<"core">;
  readonly outDims: readonly BatchDim[];
}

/** Programs never change, so what they became is kept: the fixpoints of nested loops would batch inner bodies again and again. */
const cache = new WeakMap<Program<"core">, Map<string, BatchResult>>();

/**
 * The program that runs `program` on every element of a batch.
 *
 * @throws TW3006 when an output that must not be batched is, TW3012 for an ordered effect
 */
export function batchProgram(program: Program<"core">, options: BatchOptions): BatchResult {
  const { axisSize, inDims, outDims, axisName } = options;
  if (inDims.length !== program.inputs.length || outDims.length !== program.outputs.length) {
    internal(
      `batchProgram ${program.name}: ${inDims.length} and ${outDims.length} axes for ${program.inputs.length} inputs and ${program.outputs.length} outputs`,
    );
  }
  const key = JSON.stringify([String(axisSize), axisName ?? null, inDims, outDims]);
  let own = cache.get(program);
  if (!own) {
    own = new Map();
    cache.set(program, own);
  }
  let result = own.get(key);
  if (!result) {
    result = batch(program, options);
    own.set(key, result);
  }
  return result;
}

interface Batched {
  readonly atom: Atom;
  readonly dim: BatchDim;
}

function batch(program: Program<"core">, { axisSize, inDims, outDims, axisName }: BatchOptions): BatchResult {
  const b = new Builder();
  const env = new Map<Var, Batched>();
  const read = (a: Atom): Batched => {
    if (!isVar(a)) return { atom: a, dim: null };
    return env.get(a) ?? internal(`batchProgram ${program.name}: unbound variable`);
  };
  program.inputs.forEach((v, i) => {
    env.set(v, { atom: b.input(batchedAval(v.aval, inDims[i], axisSize), v.name), dim: inDims[i] });
  });
  for (const eqn of program.eqns) {
    const operands = eqn.inputs.map(read);
    const inputs = operands.map((o) => o.atom);
    const dims = operands.map((o) => o.dim);
    refuseOrdered(eqn);
    if (dims.every((d) => d === null) && !(axisName !== undefined && mentionsAxis(eqn, axisName))) {
      const outputs = copyEqn(b, eqn, inputs);
      eqn.outputs.forEach((v, i) => env.set(v, { atom: outputs[i], dim: null }));
      continue;
    }
    if (axisSize === 0) {
      // a batch of no elements: all results are empty, and rules need not think of it
      for (const v of eqn.outputs) env.set(v, { atom: zeros(b, batchedAval(v.aval, 0, 0)), dim: 0 });
      continue;
    }
    const ctx: BatchContext = {
      eqn,
      axisSize,
      axisName,
      batch: (p, ins, outs) => batchProgram(p, { axisSize, axisName, inDims: ins, outDims: outs }),
    };
    b.span = eqn.span;
    const rule = rules[eqn.prim] as AnyRule<BatchKind>;
    const out = rule(b, inputs, dims, eqn.params as never, ctx);
    b.span = undefined;
    if (out.outputs.length !== eqn.outputs.length || out.dims.length !== eqn.outputs.length) {
      internal(`batching ${eqn.prim}: ${out.outputs.length} results for ${eqn.outputs.length}`);
    }
    eqn.outputs.forEach((v, i) => {
      env.set(v, { atom: out.outputs[i], dim: out.dims[i] });
      nameAtom(out.outputs[i], v.name);
    });
  }
  const results = program.outputs.map((a, i) => place(b, read(a), outDims[i], axisSize, i));
  return {
    program: b.finish(
      results.map((r) => r.atom),
      program.name,
    ),
    outDims: results.map((r) => r.dim),
  };
}

/** An output with its batch axis where it is wanted. */
function place(b: Builder, x: Batched, wanted: WantedDim, size: Dim, index: number): Batched {
  if (wanted === "any" || wanted === x.dim) return x;
  if (wanted === null) {
    return fail("TW3006", `vmap: output ${index} is asked for without a batch axis, but it differs between elements`, {
      help: "give an axis in outAxes, or reduce over the batch (psum, pmax with an axisName)",
    });
  }
  const atom = x.dim === null ? broadcastBatch(b, x.atom, wanted, size) : moveAxis(b, x.atom, x.dim, wanted);
  return { atom, dim: wanted };
}

function copyEqn(b: Builder, eqn: AnyEqn, inputs: readonly Atom[]): readonly Var[] {
  const outputs = eqn.outputs.map((v) => new Var(v.aval, v.name));
  b.eqns.push({ ...eqn, inputs, outputs } as AnyEqn);
  return outputs;
}

function refuseOrdered(eqn: AnyEqn): void {
  if (!eqn.effects.includes("io:ordered")) return;
  fail("TW3012", `vmap: ${eqn.prim} has an ordered effect, and the elements of a batch run in no order`, {
    span: eqn.span,
    help: "use an unordered callback (ordered: false), or move it outside of the vmapped function",
  });
}
