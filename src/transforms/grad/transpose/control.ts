/** Transposes of equations that hold programs: the programs are transposed. */
import { fail } from "../../../diagnostics/error.js";
import type { Builder } from "../../../ir/builder.js";
import type { ControlOps } from "../../../ir/ops/index.js";
import type { Atom, Program } from "../../../ir/program.js";
import type { Rules } from "../../../ir/rules.js";
import { instantiate, type MaybeZero, strong } from "../emit.js";
import { split } from "../programs.js";
import {
  failNotLinear,
  nonlinear,
  type Operand,
  type TransposeContext,
  type TransposeKind,
  type TransposeOptions,
} from "./rule.js";
import { transposeScan } from "./scan.js";

type Core = Program<"core">;

const present = <T>(xs: readonly (T | null)[]): T[] => xs.filter((x) => x !== null);
const nonzero = (cts: readonly MaybeZero[]): boolean[] => cts.map((ct) => ct !== null);
const isLinear = (inputs: readonly Operand[]): boolean[] => inputs.map((x) => x === null);

/** Cotangents of the linear operands that have one, in their places. */
function spread(inputs: readonly Operand[], nonzeroIn: readonly boolean[], found: readonly Atom[]): MaybeZero[] {
  let [linear, next] = [0, 0];
  return inputs.map((x) => {
    if (x !== null) return null;
    return nonzeroIn[linear++] ? found[next++] : null;
  });
}

/** One program run on the operands: `emit` runs its transpose on (fixed operands, cotangents). */
function called(
  cts: readonly MaybeZero[],
  inputs: readonly Operand[],
  program: Core,
  ctx: TransposeContext,
  emit: (operands: readonly Atom[], transposed: Core) => readonly Atom[],
): MaybeZero[] {
  const { transpose, strict, inPlace } = ctx;
  const sums = sumsSoFar(inputs, ctx);
  const options: TransposeOptions = { nonzero: nonzero(cts), strict, inPlace, accumulate: nonzero(sums) };
  const { program: transposed, nonzeroIn } = transpose(program, isLinear(inputs), options);
  if (!nonzeroIn.includes(true)) return inputs.map(() => null);
  return spread(inputs, nonzeroIn, emit([...present(inputs), ...present(cts), ...present(sums)], transposed));
}

/** What linear operands have got so far, one for each of them, where sums are threaded through. */
function sumsSoFar(inputs: readonly Operand[], ctx: TransposeContext, first = 0): MaybeZero[] {
  if (!ctx.inPlace) return [];
  return inputs.flatMap((x, i) => (x === null ? [ctx.takeSum(first + i)] : []));
}

/** A function with a derivative rule of its own, but asked for the transpose of itself. */
function inlined(
  b: Builder,
  cts: readonly MaybeZero[],
  inputs: readonly Operand[],
  { primal }: { readonly primal: Core },
  ctx: TransposeContext,
): MaybeZero[] {
  return called(cts, inputs, primal, ctx, (operands, p) => b.inline(p, operands));
}

export const control = {
  cond: (b, cts, [index, ...operands], { branches }, ctx) => {
    if (index === null) return failNotLinear(ctx, "which branch runs depends on the linear inputs");
    const linear = isLinear(operands);
    const sums = sumsSoFar(operands, ctx, 1);
    const options: TransposeOptions = {
      nonzero: nonzero(cts),
      strict: ctx.strict,
      inPlace: ctx.inPlace,
      accumulate: nonzero(sums),
    };
    const first = branches.map((p) => ctx.transpose(p, linear, options).nonzeroIn);
    const nonzeroIn = first[0].map((_, i) => first.some((o) => o[i]));
    if (!nonzeroIn.includes(true)) return [null, ...operands.map(() => null)];
    const programs = branches.map((p) => ctx.transpose(p, linear, { ...options, instantiate: nonzeroIn }).program);
    const found = b.emit("cond", [index, ...present(operands), ...present(cts), ...present(sums)], {
      branches: programs,
    });
    return [null, ...spread(operands, nonzeroIn, found)];
  },
  while: (_b, _cts, _inputs, _params, { eqn, inPlace }) =>
    fail("TW3003", "reverse mode goes through a whileLoop, whose number of steps is not bounded", {
      span: eqn.span,
      ...(inPlace ? { help: "loop over range up to a number, or give the kernel a customVjp rule" } : {}),
    }),
  scan: transposeScan,
  call: (b, cts, inputs, { program, name }, ctx) =>
    called(cts, inputs, program, ctx, (operands, p) =>
      b.emit("call", operands, { program: p, name: `transpose(${name})` }),
    ),
  checkpoint: (b, cts, inputs, params, ctx) =>
    called(cts, inputs, params.program, ctx, (operands, program) =>
      b.emit("checkpoint", operands, { ...params, program, prevent: true }),
    ),
  custom_jvp_call: inlined,
  custom_vjp_call: inlined,
  custom_vjp_linear: (b, cts, inputs, { backward, numCaptures, numResiduals, outAvals }, ctx) => {
    const fixed = inputs.slice(0, numCaptures + numResiduals);
    if (fixed.includes(null)) return failNotLinear(ctx, "its residuals depend on the linear inputs");
    const all = cts.map((ct, i) => instantiate(b, ct, outAvals[i]));
    const found = b.inline(backward.get(), [...present(fixed), ...all]);
    return [...fixed.map(() => null), ...inputs.slice(fixed.length).map((x, i) => (x === null ? found[i] : null))];
  },
  // x = A⁻¹ b, so the cotangent of b solves with Aᵀ
  custom_linear_solve: (b, cts, inputs, params, ctx) => {
    const { matvec, vecmat, solve, transposeSolve, counts } = params;
    const numConsts = counts.reduce((x, y) => x + y, 0);
    const [consts, rhs] = split(inputs, numConsts);
    if (consts.includes(null)) return failNotLinear(ctx, "the operator depends on the linear inputs");
    const [ofMatvec, ofVecmat, ofSolve, ofTranspose] = split(present(consts), ...counts);
    const all = cts.map((ct, i) => instantiate(b, ct, strong(ctx.eqn.outputs[i].aval)));
    const found = b.emit("custom_linear_solve", [...ofVecmat, ...ofMatvec, ...ofTranspose, ...ofSolve, ...all], {
      matvec: vecmat,
      vecmat: matvec,
      solve: transposeSolve,
      transposeSolve: solve,
      counts: [counts[1], counts[0], counts[3], counts[2]],
    });
    return [...consts.map(() => null), ...rhs.map((x, i) => (x === null ? found[i] : null))];
  },
  optimization_barrier: (b, cts, inputs, params) => {
    const found = b.emit("optimization_barrier", present(cts), params);
    let next = 0;
    return cts.map((ct, i) => {
      const barred = ct === null ? null : found[next++];
      return inputs[i] === null ? barred : null;
    });
  },
  debug_callback: nonlinear("it has no results"),
} satisfies Rules<ControlOps, TransposeKind>;
