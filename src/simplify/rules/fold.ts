/** Constants: what is known when the program is built is computed then, by the interpreter's own functions (not the special ones). */
import { type Element, isBig, type NDArray, roundTo, zeros } from "../../interpreter/array.js";
import { arithmetic } from "../../interpreter/arithmetic.js";
import { isStaticShape, shapeSame } from "../../ir/dim.js";
import { type DType, isWide } from "../../ir/dtype.js";
import type { Prim } from "../../ir/ops/index.js";
import type { Atom } from "../../ir/program.js";
import { on, type RewriteContext, type Scalar } from "../rule.js";

const ARITHMETIC = Object.keys(arithmetic) as (keyof typeof arithmetic)[];

function scalarArray(value: Scalar, dtype: DType): NDArray {
  const x = zeros([], dtype);
  const plain = typeof value === "boolean" ? Number(value) : value;
  x.data[0] = roundTo(dtype, isBig(dtype) ? BigInt(plain) : plain) as never;
  return x;
}
function toScalar(x: Element, dtype: DType): Scalar {
  if (dtype === "bool") return Number(x) !== 0;
  return isWide(dtype) ? BigInt(x) : Number(x);
}

/** The op on scalars of the given types. */
function evaluate(
  prim: Prim,
  params: unknown,
  values: readonly Scalar[],
  types: readonly DType[],
): { value: Scalar; dtype: DType } {
  const rule = arithmetic[prim as keyof typeof arithmetic] as (
    ctx: never,
    inputs: readonly NDArray[],
    params: never,
  ) => readonly NDArray[];
  const [y] = rule(
    undefined as never,
    values.map((v, i) => scalarArray(v, types[i])),
    params as never,
  );
  return { value: toScalar(y.data[0] as Element, y.dtype), dtype: y.dtype };
}

/** All of them, or undefined when one is not constant. */
function constants(r: RewriteContext, atoms: readonly Atom[]): Scalar[] | undefined {
  const out: Scalar[] = [];
  for (const a of atoms) {
    const c = a.aval.dtype === "key" ? undefined : r.constant(a);
    if (c === undefined) return undefined;
    out.push(c);
  }
  return out;
}

export const fold = {
  "arithmetic of constants": on(ARITHMETIC, (r, eqn) => {
    const [out] = eqn.outputs;
    if (eqn.inputs.some((a) => !shapeSame(a.aval.shape, out.aval.shape))) return undefined;
    const values = constants(r, eqn.inputs);
    if (!values) return undefined;
    const { value } = evaluate(
      eqn.prim,
      eqn.params,
      values,
      eqn.inputs.map((a) => a.aval.dtype),
    );
    return r.splat(out.aval, value);
  }),
  "movement of a constant": on(
    ["reshape", "transpose", "broadcast_in_dim", "slice", "rev", "concatenate", "dynamic_slice", "pad"],
    (r, eqn) => {
      const [out] = eqn.outputs;
      // a broadcast scalar is what constants look like
      if (eqn.prim === "broadcast_in_dim" && eqn.inputs[0].kind === "literal") return undefined;
      const operands = eqn.prim === "dynamic_slice" ? eqn.inputs.slice(0, 1) : eqn.inputs;
      const values = constants(r, operands);
      if (!values?.every((v) => Object.is(v, values[0]))) return undefined;
      return r.splat(out.aval, values[0]);
    },
  ),
  "reduction of a constant": on(["reduce_max", "reduce_min", "reduce_and", "reduce_or", "reduce_sum"], (r, eqn) => {
    const [x] = eqn.inputs;
    const [out] = eqn.outputs;
    const values = constants(r, [x]);
    const { shape, dtype } = x.aval;
    if (!values || !isStaticShape(shape)) return undefined;
    const n = eqn.params.axes.reduce((m, a) => m * shape[a], 1);
    if (n === 0) return undefined;
    if (eqn.prim !== "reduce_sum") return r.splat(out.aval, values[0]);
    const count = isWide(dtype) ? BigInt(n) : n;
    return r.splat(out.aval, evaluate("mul", {}, [values[0], count], [dtype, dtype]).value);
  }),
};
