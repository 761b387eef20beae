/** Control flow: nested programs must fit their operands. */
import { fail } from "../../diagnostics/error.js";
import { type Aval, aval, avalSame, printAval } from "../aval.js";
import { dimEqual, type Shape } from "../dim.js";
import type { ControlOps } from "../ops/index.js";
import { avals, type Program } from "../program.js";
import type { Rules } from "../rules.js";
import { bad, checkRank } from "./check.js";
import type { AbstractEvalContext, AbstractEvalKind } from "./index.js";

const strong = (a: Aval): Aval => (a.weak ? aval(a.shape, a.dtype) : a);
const results = (p: Program<"core">): Aval[] => p.outputs.map((o) => strong(o.aval));
const fits = (a: Aval, b: Aval): boolean =>
  avalSame(a, b) ||
  (a.dtype === b.dtype &&
    a.shape.length === b.shape.length &&
    a.shape.every((d, i) => dimEqual(d, b.shape[i]) !== false));

function checkArguments(ctx: AbstractEvalContext, p: Program<"core">, operands: readonly Aval[], what: string): void {
  if (p.inputs.length !== operands.length)
    bad(ctx, `${what} takes ${p.inputs.length} operands, not ${operands.length}`);
  p.inputs.forEach((v, i) => {
    if (!fits(v.aval, operands[i]))
      fail(
        "TW3008",
        `${ctx.prim}: ${what} takes ${printAval(v.aval)} as operand ${i}, it gets ${printAval(operands[i])}`,
        { span: ctx.span, help: "shapes and dtypes must agree" },
      );
  });
}
const prepend = (n: Aval["shape"][number], s: Shape): Shape => [n, ...s];

export const control = {
  cond: (ctx, [index, ...operands], { branches }) => {
    checkRank(ctx, index, 0, "the index");
    if (index.dtype !== "bool" && index.dtype !== "i32")
      bad(ctx, `the index is ${printAval(index)}`, "use a bool or i32 scalar");
    if (branches.length === 0) bad(ctx, "no branches");
    branches.forEach((b, k) => {
      checkArguments(ctx, b, operands, `branch ${k}`);
      const out = results(b);
      const first = results(branches[0]);
      if (out.length !== first.length || out.some((a, i) => !fits(a, first[i]))) {
        fail(
          "TW3009",
          `cond: branch ${k} returns ${out.map(printAval).join(", ")}, branch 0 ${first.map(printAval).join(", ")}`,
          { span: ctx.span, help: "return the same shapes and dtypes from every branch" },
        );
      }
    });
    return results(branches[0]);
  },
  while: (ctx, operands, { cond, body, condConsts, bodyConsts }) => {
    const carry = operands.slice(condConsts + bodyConsts);
    checkArguments(ctx, cond, [...operands.slice(0, condConsts), ...carry], "the test");
    checkArguments(ctx, body, operands.slice(condConsts), "the body");
    const out = results(body);
    if (out.length !== carry.length || out.some((a, i) => !fits(a, carry[i]))) {
      fail(
        "TW3008",
        `while: the carry is ${carry.map(printAval).join(", ")} before the body and ${out.map(printAval).join(", ")} after it`,
        { span: ctx.span, help: "a carry keeps its shape and dtype" },
      );
    }
    if (cond.outputs.length !== 1 || cond.outputs[0].aval.dtype !== "bool" || cond.outputs[0].aval.shape.length !== 0)
      bad(ctx, "the test must give one bool scalar");
    return carry.map(strong);
  },
  scan: (ctx, operands, { body, length, numConsts, numCarry }) => {
    const consts = operands.slice(0, numConsts);
    const carry = operands.slice(numConsts, numConsts + numCarry);
    const xs = operands.slice(numConsts + numCarry);
    for (const x of xs) {
      if (x.shape.length === 0 || dimEqual(x.shape[0], length) === false)
        fail("TW2001", `scan: ${printAval(x)} does not have ${String(length)} steps`, {
          span: ctx.span,
          help: "xs have the steps on their first axis",
        });
    }
    checkArguments(ctx, body, [...consts, ...carry, ...xs.map((x) => aval(x.shape.slice(1), x.dtype))], "the body");
    const out = results(body);
    carry.forEach((c, i) => {
      if (!out[i] || !fits(out[i], c))
        fail(
          "TW3008",
          `scan: carry ${i} is ${printAval(c)} before the body and ${out[i] ? printAval(out[i]) : "nothing"} after it`,
          { span: ctx.span, help: "a carry keeps its shape and dtype" },
        );
    });
    return [...carry.map(strong), ...out.slice(numCarry).map((y) => aval(prepend(length, y.shape), y.dtype))];
  },
  call: (ctx, operands, { program }) => {
    checkArguments(ctx, program, operands, program.name || "the program");
    return program.outputs.map((o) => o.aval);
  },
  custom_jvp_call: (ctx, operands, { primal }) => {
    checkArguments(ctx, primal, operands, primal.name);
    return results(primal);
  },
  custom_vjp_call: (ctx, operands, { primal }) => {
    checkArguments(ctx, primal, operands, primal.name);
    return results(primal);
  },
  custom_vjp_linear: (_ctx, _operands, { outAvals }) => outAvals,
  checkpoint: (ctx, operands, { program }) => {
    checkArguments(ctx, program, operands, program.name || "the program");
    return results(program);
  },
  custom_linear_solve: (ctx, operands, { solve, counts }) => {
    const n = counts.reduce((a, b) => a + b, 0);
    const b = operands.slice(n);
    const from = counts[0] + counts[1];
    checkArguments(ctx, solve, [...operands.slice(from, from + counts[2]), ...b], "solve");
    return avals(solve.outputs).map(strong);
  },
  optimization_barrier: (_ctx, operands) => operands,
  debug_callback: () => [],
} satisfies Rules<ControlOps, AbstractEvalKind>;
