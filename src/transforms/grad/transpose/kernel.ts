/** Transposes of kernels: loads add to the cotangent of what they read, stores read the cotangent of what they wrote. */
import type { Builder } from "../../../ir/builder.js";
import type { KernelOps } from "../../../ir/ops/index.js";
import type { Atom } from "../../../ir/program.js";
import type { Rules } from "../../../ir/rules.js";
import { zeros } from "../emit.js";
import { transposeKernel } from "../kernel/adjoint.js";
import { failNotLinear, nonlinear, type Operand, type TransposeContext, type TransposeKind } from "./rule.js";

/** Indices and masks, which are never linear. */
function fixed(inputs: readonly Operand[], ctx: TransposeContext): Atom[] {
  return inputs.map((x) => x ?? failNotLinear(ctx, "its indices depend on the linear inputs"));
}
/** Help where no derivative exists, whichever transform asks for it. */
const withRule = "do not use what atomicAdd gives back, or give the kernel a derivative of its own with customVjp";
/** What stands at the places of a block in the cotangent of a reference. */
const read = (b: Builder, ct: Atom, at: readonly Atom[], masked: boolean): Atom =>
  b.emit1("load", [ct, ...at], { masked, other: false });

export const kernel = {
  kernel_call: transposeKernel,
  load: (b, [ct], [ref, ...rest], { masked, other }, ctx) => {
    if (ct === null || ref !== null) return ctx.eqn.inputs.map(() => null);
    const otherwise = other ? rest[rest.length - 1] : null;
    if (other && (otherwise === null || (ctx.strict && !ctx.isZero(otherwise))))
      failNotLinear(ctx, "what stands for masked elements is not 0");
    const at = fixed(other ? rest.slice(0, -1) : rest, ctx);
    const into = ctx.takeSum(0) ?? zeros(b, ctx.eqn.inputs[0].aval);
    return [b.emit("atomic", [into, ct, ...at], { op: "add", masked, meet: "lanes" })[0], ...rest.map(() => null)];
  },
  store: (b, [ct], [ref, value, ...rest], params, ctx) => {
    if (ct === null) return ctx.eqn.inputs.map(() => null);
    const at = fixed(rest, ctx);
    const ofValue = value === null ? read(b, ct, at, params.masked) : null;
    const nothing = zeros(b, ctx.eqn.inputs[1].aval);
    const left = ref === null ? b.emit1("store", [ct, nothing, ...at], params) : null;
    return [left, ofValue, ...rest.map(() => null)];
  },
  atomic: (b, [ct, before], [ref, value, ...rest], { op, masked }, ctx) => {
    if (op !== "add") return failNotLinear(ctx, `atomic ${op} is not a sum`);
    if (before !== null)
      return failNotLinear(ctx, "what an atomic sum gives back depends on the order of programs", withRule);
    if (ct === null) return ctx.eqn.inputs.map(() => null);
    const at = fixed(rest, ctx);
    return [ref === null ? ct : null, value === null ? read(b, ct, at, masked) : null, ...rest.map(() => null)];
  },
  atomic_cas: nonlinear("whether a value is replaced depends on the order of programs"),
  empty: nonlinear("it has no operands"),
} satisfies Rules<KernelOps, TransposeKind>;
