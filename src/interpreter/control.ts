/** Control flow: the interpreter runs the programs that are parameters. */
import { fail, internal } from "../diagnostics/error.js";
import type { ControlOps } from "../ir/ops/index.js";
import type { Rules } from "../ir/rules.js";
import { type NDArray, sizeOfShape, zeros } from "./array.js";
import type { InterpretKind } from "./rule.js";

/** Element i along the first axis. */
function takeFirst(x: NDArray, i: number): NDArray {
  const shape = x.shape.slice(1);
  const n = sizeOfShape(shape);
  return { dtype: x.dtype, shape, data: x.data.slice(i * n, (i + 1) * n) };
}

/** Arrays of one type one after the other along a new first axis; `like` gives the type when there are none. */
function stack(xs: readonly NDArray[], like: Pick<NDArray, "shape" | "dtype">): NDArray {
  const out = zeros([xs.length, ...like.shape], like.dtype);
  const n = sizeOfShape(like.shape);
  xs.forEach((x, i) => {
    out.data.set(x.data as never, i * n);
  });
  return out;
}

export const control = {
  cond: (ctx, [index, ...operands], { branches }) => {
    const i = Math.min(Math.max(Number(index.data[0]), 0), branches.length - 1);
    return ctx.interpret(branches[i], operands);
  },
  while: (ctx, inputs, { cond, body, condConsts, bodyConsts }) => {
    const forCond = inputs.slice(0, condConsts);
    const forBody = inputs.slice(condConsts, condConsts + bodyConsts);
    let carry: readonly NDArray[] = inputs.slice(condConsts + bodyConsts);
    while (ctx.interpret(cond, [...forCond, ...carry])[0].data[0]) carry = ctx.interpret(body, [...forBody, ...carry]);
    return carry;
  },
  scan: (ctx, inputs, { body, length, reverse, numConsts, numCarry }) => {
    const n = ctx.size(length);
    const consts = inputs.slice(0, numConsts);
    let carry: readonly NDArray[] = inputs.slice(numConsts, numConsts + numCarry);
    const xs = inputs.slice(numConsts + numCarry);
    for (const x of xs) if (x.shape[0] !== n) internal(`scan of length ${n} over [${x.shape.join()}]`);
    const steps: (readonly NDArray[])[] = new Array(n);
    for (let k = 0; k < n; k++) {
      const i = reverse ? n - 1 - k : k;
      const results = ctx.interpret(body, [...consts, ...carry, ...xs.map((x) => takeFirst(x, i))]);
      carry = results.slice(0, numCarry);
      steps[i] = results.slice(numCarry);
    }
    const ys = ctx.outputs.slice(numCarry).map((a, j) =>
      stack(
        steps.map((s) => s[j]),
        { dtype: a.dtype, shape: a.shape.slice(1).map(ctx.size) },
      ),
    );
    return [...carry, ...ys];
  },
  call: (ctx, inputs, { program }) => ctx.interpret(program, inputs),
  custom_jvp_call: (ctx, inputs, { primal }) => ctx.interpret(primal, inputs),
  custom_vjp_call: (ctx, inputs, { primal }) => ctx.interpret(primal, inputs),
  custom_vjp_linear: (_ctx, _inputs, { name }) =>
    fail("TW3004", `${name}: a function with a customVjp rule has no forward mode`, {
      help: "use grad, vjp or jacrev, or define the rule with customJvp",
    }),
  checkpoint: (ctx, inputs, { program }) => ctx.interpret(program, inputs),
  custom_linear_solve: (ctx, inputs, { solve, counts }) => {
    const [matvec, vecmat, own, transpose] = counts;
    const consts = inputs.slice(matvec + vecmat, matvec + vecmat + own);
    return ctx.interpret(solve, [...consts, ...inputs.slice(matvec + vecmat + own + transpose)]);
  },
  optimization_barrier: (_ctx, inputs) => inputs,
  debug_callback: (ctx, inputs, { callback }) => {
    callback(...inputs.map(ctx.callbackValue));
    return [];
  },
} satisfies Rules<ControlOps, InterpretKind>;
