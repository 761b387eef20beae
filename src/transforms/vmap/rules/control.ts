/**
 * Control flow. Programs in the parameters are batched over the same axis. What decides (a predicate, a trip count) may
 * itself differ between elements: then all branches run and each element selects, and a loop runs until the last
 * element is done while finished elements keep their carry.
 */
import { Builder } from "../../../ir/builder.js";
import type { ControlOps } from "../../../ir/ops/index.js";
import type { Atom, Program } from "../../../ir/program.js";
import type { Rules } from "../../../ir/rules.js";
import { type BatchDim, firstDim, moveAxis, toDim } from "../axes.js";
import { type BatchContext, type BatchKind, type BatchOut, pointwiseEach, same, type WantedDim } from "../rule.js";
import { custom } from "./custom.js";
import { eachElement, hasEffects, refuseCollectives, selectBatch } from "./predicate.js";
import { range } from "../../../util/index.js";

type Core = Program<"core">;
const anywhere = (p: Core): WantedDim[] => p.outputs.map(() => "any");
const cut = <T>(xs: readonly T[], ...at: readonly number[]): T[][] => {
  const runs: T[][] = [];
  let from = 0;
  for (const n of at) {
    runs.push(xs.slice(from, from + n));
    from += n;
  }
  runs.push(xs.slice(from));
  return runs;
};

/** Batch axes of a loop's carry: grows until the body maps it into itself. An element that enters unbatched gets axis 0. */
function carryDims(first: readonly BatchDim[], step: (dims: readonly BatchDim[]) => readonly BatchDim[]): BatchDim[] {
  let dims = [...first];
  for (;;) {
    const out = step(dims);
    const next = dims.map((d, i) => d ?? (out[i] === null ? null : 0));
    if (next.every((d, i) => d === dims[i])) return dims;
    dims = next;
  }
}

/** A first carry with batch axes where the loop needs them. */
function enter(
  b: Builder,
  init: readonly Atom[],
  from: readonly BatchDim[],
  to: readonly BatchDim[],
  ctx: BatchContext,
): Atom[] {
  return init.map((x, i) => {
    const d = to[i];
    return d === null ? x : toDim(b, x, from[i], d, ctx.axisSize);
  });
}

/** All branches run; element i takes the results of branch index[i]. */
function selectBranch(
  b: Builder,
  [index, ...operands]: readonly Atom[],
  dims: readonly BatchDim[],
  branches: readonly Core[],
  ctx: BatchContext,
): BatchOut {
  const dimsOut = branches[0].outputs.map(() => 0);
  const results = branches.map((p) => b.inline(ctx.batch(p, dims, dimsOut).program, operands));
  // the index is clamped: branch 0 for all up to 0, the last for all that are left
  const taken = range(branches.length - 1).map((k) =>
    index.aval.dtype === "bool" ? b.op("not", index) : b.op("le", index, b.fullLike(index, k)),
  );
  const outputs = dimsOut.map((_, i) =>
    taken.reduceRight<Atom>(
      (others, isK, k) => selectBatch(b, isK, results[k][i], others),
      results[branches.length - 1][i],
    ),
  );
  return same(outputs, 0);
}

export const control = {
  cond: (b, inputs, dims, { branches }, ctx) => {
    const [indexDim, ...operandDims] = dims;
    if (indexDim !== null) {
      refuseCollectives(ctx, branches, "cond");
      if (branches.some(hasEffects)) return eachElement(b, inputs, dims, ctx);
      return selectBranch(b, inputs, operandDims, branches, ctx);
    }
    const found = branches.map((p) => ctx.batch(p, operandDims, anywhere(p)).outDims);
    const out = found[0].map((_, i) => firstDim(found.map((d) => d[i])));
    const programs = branches.map((p) => ctx.batch(p, operandDims, out).program);
    return { outputs: b.emit("cond", inputs, { branches: programs }), dims: out };
  },

  while: (b, inputs, dims, params, ctx) => {
    const { cond, body, condConsts, bodyConsts } = params;
    const [condIn, bodyIn, init] = cut(inputs, condConsts, bodyConsts);
    const [condDims, bodyDims, initDims] = cut(dims, condConsts, bodyConsts);
    const carry = carryDims(initDims, (c) => ctx.batch(body, [...bodyDims, ...c], anywhere(body)).outDims);
    const test = ctx.batch(cond, [...condDims, ...carry], ["any"]);
    if (test.outDims[0] === null) {
      const batched = ctx.batch(body, [...bodyDims, ...carry], carry);
      const first = enter(b, init, initDims, carry, ctx);
      const outputs = b.emit("while", [...condIn, ...bodyIn, ...first], {
        ...params,
        cond: test.program,
        body: batched.program,
      });
      return { outputs, dims: carry };
    }
    refuseCollectives(ctx, [cond, body], "while");
    if (hasEffects(cond) || hasEffects(body)) return eachElement(b, inputs, dims, ctx);
    return maskedWhile(b, params, { condIn, bodyIn, init, condDims, bodyDims, initDims }, ctx);
  },

  scan: (b, inputs, dims, params, ctx) => {
    const { body, numConsts, numCarry } = params;
    const [consts, init, xs] = cut(inputs, numConsts, numCarry);
    const [constDims, initDims, xDims] = cut(dims, numConsts, numCarry);
    // steps stand on the first axis: a batch axis there goes behind it
    const steps = xs.map((x, i) => (xDims[i] === 0 ? moveAxis(b, x, 0, 1) : x));
    const stepDims = xDims.map((d) => (d === null ? null : Math.max(d - 1, 0)));
    const ins = (carry: readonly BatchDim[]): BatchDim[] => [...constDims, ...carry, ...stepDims];
    const carry = carryDims(initDims, (c) => ctx.batch(body, ins(c), anywhere(body)).outDims.slice(0, numCarry));
    const want: WantedDim[] = [...carry, ...anywhere(body).slice(numCarry)];
    const batched = ctx.batch(body, ins(carry), want);
    const first = enter(b, init, initDims, carry, ctx);
    const outputs = b.emit("scan", [...consts, ...first, ...steps], { ...params, body: batched.program });
    return { outputs, dims: [...carry, ...batched.outDims.slice(numCarry).map((d) => (d === null ? null : d + 1))] };
  },

  call: (b, inputs, dims, { program, name }, ctx) => {
    const batched = ctx.batch(program, dims, anywhere(program));
    return { outputs: b.emit("call", inputs, { program: batched.program, name }), dims: batched.outDims };
  },

  checkpoint: (b, inputs, dims, params, ctx) => {
    const batched = ctx.batch(params.program, dims, anywhere(params.program));
    return { outputs: b.emit("checkpoint", inputs, { ...params, program: batched.program }), dims: batched.outDims };
  },

  ...custom,
  optimization_barrier: pointwiseEach,
  // called once for each element, in the order of the batch
  debug_callback: (b, inputs, dims, _params, ctx) => eachElement(b, inputs, dims, ctx),
} satisfies Rules<ControlOps, BatchKind>;

interface WhileOperands {
  readonly condIn: readonly Atom[];
  readonly bodyIn: readonly Atom[];
  readonly init: readonly Atom[];
  readonly condDims: readonly BatchDim[];
  readonly bodyDims: readonly BatchDim[];
  readonly initDims: readonly BatchDim[];
}

/**
 * A loop whose elements stop at different times. The carry is joined by `going`, one bool for each element: the loop goes
 * on while any is true, and only the carries of those that are going change. All carries are batched, because they
 * stop at different steps.
 */
function maskedWhile(b: Builder, params: ControlOps["while"], o: WhileOperands, ctx: BatchContext): BatchOut {
  const { cond, body } = params;
  const n = o.init.length;
  const carry = range(n).map(() => 0);
  const test = ctx.batch(cond, [...o.condDims, ...carry], [0]).program;
  const step = ctx.batch(body, [...o.bodyDims, ...carry], carry).program;
  const first = enter(b, o.init, o.initDims, carry, ctx);
  const [going] = b.inline(test, [...o.condIn, ...first]);

  const any = new Builder();
  const carried = [...first, going].map((x) => any.input(x.aval));
  const anyGoing = any.emit1("reduce_or", [carried[n]], { axes: [0] });

  const next = new Builder();
  const consts = [...o.condIn, ...o.bodyIn].map((x) => next.input(x.aval));
  const [condIn, bodyIn] = cut(consts, o.condIn.length);
  const old = [...first, going].map((x) => next.input(x.aval));
  const mask = old[n];
  const moved = next.inline(step, [...bodyIn, ...old.slice(0, n)]);
  const kept = moved.map((x, i) => selectBatch(next, mask, x, old[i]));
  const [more] = next.inline(test, [...condIn, ...kept]);

  const outputs = b.emit("while", [...o.condIn, ...o.bodyIn, ...first, going], {
    cond: any.finish([anyGoing], cond.name),
    body: next.finish([...kept, next.op("and", mask, more)], body.name),
    condConsts: 0,
    bodyConsts: consts.length,
  });
  return same(outputs.slice(0, n), 0);
}
