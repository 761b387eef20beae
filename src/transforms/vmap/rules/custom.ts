/**
 * Functions with rules of their own. The primal is batched at once, the rules when they are needed: a rule may call its
 * own function, so batching it eagerly need not end. That is why what its results look like is fixed beforehand: if any
 * operand is batched, all results are, in front.
 */
import { isFloat } from "../../../ir/dtype.js";
import type { ControlOps, LazyProgram } from "../../../ir/ops/index.js";
import type { Atom, Program } from "../../../ir/program.js";
import { Builder } from "../../../ir/builder.js";
import type { Rules } from "../../../ir/rules.js";
import { type BatchDim, batchedAval, firstDim, timesSize, toDim } from "../axes.js";
import { programMentionsAxis } from "../axis-name.js";
import { type BatchContext, type BatchKind, same, type WantedDim } from "../rule.js";
import { range } from "../../../util/index.js";

type Core = Program<"core">;
type CustomOps = Pick<ControlOps, "custom_jvp_call" | "custom_vjp_call" | "custom_vjp_linear" | "custom_linear_solve">;

/** A program made when first asked for. */
function lazily(name: string, make: () => Core): LazyProgram {
  let made: Core | undefined;
  return {
    name,
    get() {
      made ??= make();
      return made;
    },
  };
}

/** Where results stand: in front if anything is batched, or if the program finds its place on the axis by name. */
function resultDim(dims: readonly BatchDim[], primal: Core, ctx: BatchContext): BatchDim {
  if (firstDim(dims) !== null) return 0;
  return ctx.axisName !== undefined && programMentionsAxis(primal, ctx.axisName) ? 0 : null;
}

/** The entries that belong to floats. */
function ofFloats<T>(list: readonly T[], atoms: readonly Atom[]): T[] {
  return list.filter((_, i) => isFloat(atoms[i].aval.dtype));
}

/**
 * Batches a backward program. The cotangent of an argument that all elements share is the sum of what each of them
 * contributes.
 */
function batchBackward(
  program: Core,
  inDims: readonly BatchDim[],
  argDims: readonly BatchDim[],
  ctx: BatchContext,
): Core {
  const want: WantedDim[] = argDims.map((d) => d ?? "any");
  const batched = ctx.batch(program, inDims, want);
  const b = new Builder();
  const inputs = batched.program.inputs.map((v) => b.input(v.aval, v.name));
  const cotangents = b.inline(batched.program, inputs).map((ct, i) => {
    if (argDims[i] !== null) return ct;
    const dim = batched.outDims[i];
    return dim === null ? timesSize(b, ct, ctx.axisSize) : b.reduceSum(ct, [dim]);
  });
  return b.finish(cotangents, program.name);
}

export const custom = {
  custom_jvp_call: (b, inputs, dims, params, ctx) => {
    const { primal, jvp, numCaptures } = params;
    const dim = resultDim(dims, primal, ctx);
    const outDims = primal.outputs.map(() => dim);
    const batched = ctx.batch(primal, dims, outDims);
    const args = primal.inputs.slice(numCaptures);
    const tangentDims = ofFloats(dims.slice(numCaptures), args);
    const dots = ofFloats(outDims, primal.outputs);
    const outputs = b.emit("custom_jvp_call", inputs, {
      ...params,
      primal: batched.program,
      jvp: lazily(jvp.name, () => ctx.batch(jvp.get(), [...dims, ...tangentDims], [...outDims, ...dots]).program),
    });
    return same(outputs, dim);
  },

  custom_vjp_call: (b, inputs, dims, params, ctx) => {
    const { primal, forward, backward, numCaptures } = params;
    const dim = resultDim(dims, primal, ctx);
    const outDims = primal.outputs.map(() => dim);
    const batched = ctx.batch(primal, dims, outDims);
    const args = primal.inputs.slice(numCaptures);
    const argDims = ofFloats(dims.slice(numCaptures), args);
    const cotangentDims = ofFloats(outDims, primal.outputs);
    // where the residuals stand is known once the forward rule has been batched
    const batchForward = () => {
      const p = forward.get();
      const want: WantedDim[] = p.outputs.map((_, i) => (i < outDims.length ? outDims[i] : "any"));
      return ctx.batch(p, dims, want);
    };
    const outputs = b.emit("custom_vjp_call", inputs, {
      ...params,
      primal: batched.program,
      forward: lazily(forward.name, () => batchForward().program),
      backward: lazily(backward.name, () => {
        const residualDims = batchForward().outDims.slice(outDims.length);
        const inDims = [...dims.slice(0, numCaptures), ...residualDims, ...cotangentDims];
        return batchBackward(backward.get(), inDims, argDims, ctx);
      }),
    });
    return same(outputs, dim);
  },

  custom_vjp_linear: (b, inputs, dims, params, ctx) => {
    const { backward, numCaptures, numResiduals, outAvals } = params;
    const fixed = numCaptures + numResiduals;
    const dim = firstDim(dims) === null ? null : 0;
    const outputs = b.emit("custom_vjp_linear", inputs, {
      ...params,
      outAvals: outAvals.map((a) => batchedAval(a, dim, ctx.axisSize)),
      backward: lazily(backward.name, () => {
        const inDims = [...dims.slice(0, fixed), ...outAvals.map(() => dim)];
        return batchBackward(backward.get(), inDims, dims.slice(fixed), ctx);
      }),
    });
    return same(outputs, dim);
  },

  custom_linear_solve: (b, inputs, dims, params, ctx) => {
    const { matvec, vecmat, solve, transposeSolve, counts } = params;
    const numConsts = counts.reduce((x, y) => x + y, 0);
    const starts = counts.map((_, k) => counts.slice(0, k).reduce((x, y) => x + y, 0));
    // a vector is batched as soon as anything is: the solution depends on all
    const vectors = range(inputs.length - numConsts).map(() => 0);
    const over = (p: Core, k: number): Core =>
      ctx.batch(p, [...dims.slice(starts[k], starts[k] + counts[k]), ...vectors], vectors).program;
    const rhs = inputs.slice(numConsts).map((x, i) => toDim(b, x, dims[numConsts + i], 0, ctx.axisSize));
    const outputs = b.emit("custom_linear_solve", [...inputs.slice(0, numConsts), ...rhs], {
      ...params,
      matvec: over(matvec, 0),
      vecmat: over(vecmat, 1),
      solve: over(solve, 2),
      transposeSolve: over(transposeSolve, 3),
    });
    return same(outputs, 0);
  },
} satisfies Rules<CustomOps, BatchKind>;
