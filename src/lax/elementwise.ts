/** Elementwise primitives. Operands have one shape and dtype; a plain number takes those of the tensor beside it. */
import type { DType } from "../ir/dtype.js";
import type { ElementwiseOps, None } from "../ir/ops/index.js";
import { bind1 } from "../tracer/frame.js";
import type { Tensor } from "../tracer/tensor.js";
import { asTensor, broadcastTo, isTensor, numberOf, type TensorLike } from "./operand.js";

type Plain = { [K in keyof ElementwiseOps]: None extends ElementwiseOps[K] ? K : never }[keyof ElementwiseOps];
const NONE = {} as never;

function unary(prim: Plain): (x: TensorLike) => Tensor {
  return (x) => bind1(prim, [asTensor(prim, x)], NONE);
}

/** Numbers among the operands become arrays like the tensors beside them. */
export function likeOthers(what: string, operands: readonly TensorLike[]): Tensor[] {
  const model = operands.find(isTensor) as Tensor | undefined;
  return operands.map((x) => {
    if (isTensor(x)) return x;
    const t = model ? numberOf(what, x, model.aval.dtype) : asTensor(what, x);
    return model ? broadcastTo(what, t, model.aval.shape) : t;
  });
}

function nary<A extends TensorLike[]>(prim: Plain): (...operands: A) => Tensor {
  return (...operands) => bind1(prim, likeOthers(prim, operands), NONE);
}
type Two = [x: TensorLike, y: TensorLike];

export const neg = unary("neg");
export const abs = unary("abs");
export const sign = unary("sign");
export const floor = unary("floor");
export const ceil = unary("ceil");
export const not = unary("not");
export const bitwiseNot = not;
export const populationCount = unary("population_count");
export const clz = unary("clz");
export const isFinite = unary("is_finite");
export const exp = unary("exp");
export const exp2 = unary("exp2");
export const expm1 = unary("expm1");
export const log = unary("log");
export const log1p = unary("log1p");
export const sqrt = unary("sqrt");
export const rsqrt = unary("rsqrt");
export const cbrt = unary("cbrt");
export const logistic = unary("logistic");
export const sin = unary("sin");
export const cos = unary("cos");
export const tan = unary("tan");
export const asin = unary("asin");
export const acos = unary("acos");
export const atan = unary("atan");
export const sinh = unary("sinh");
export const cosh = unary("cosh");
export const tanh = unary("tanh");
export const asinh = unary("asinh");
export const acosh = unary("acosh");
export const atanh = unary("atanh");
export const erf = unary("erf");
export const erfc = unary("erfc");
export const erfInv = unary("erf_inv");
export const lgamma = unary("lgamma");
export const digamma = unary("digamma");
export const besselI0e = unary("bessel_i0e");
export const besselI1e = unary("bessel_i1e");
export const stopGradient = (x: TensorLike): Tensor => bind1("stop_gradient", [asTensor("stopGradient", x)], {});

export const add = nary<Two>("add");
export const sub = nary<Two>("sub");
export const mul = nary<Two>("mul");
export const div = nary<Two>("div");
export const rem = nary<Two>("rem");
export const pow = nary<Two>("pow");
export const max = nary<Two>("max");
export const min = nary<Two>("min");
export const atan2 = nary<Two>("atan2");
export const nextafter = nary<Two>("nextafter");
export const bitwiseAnd = nary<Two>("and");
export const bitwiseOr = nary<Two>("or");
export const bitwiseXor = nary<Two>("xor");
export const shiftLeft = nary<Two>("shift_left");
export const shiftRightLogical = nary<Two>("shift_right_logical");
export const shiftRightArithmetic = nary<Two>("shift_right_arithmetic");
export const igamma = nary<Two>("igamma");
export const igammac = nary<Two>("igammac");
export const igammaGradA = nary<Two>("igamma_grad_a");
export const randomGammaGrad = nary<Two>("random_gamma_grad");
export const polygamma = nary<Two>("polygamma");
export const zeta = nary<Two>("zeta");
export const betainc = nary<[a: TensorLike, b: TensorLike, x: TensorLike]>("regularized_incomplete_beta");
export const eq = nary<Two>("eq");
export const ne = nary<Two>("ne");
export const lt = nary<Two>("lt");
export const le = nary<Two>("le");
export const gt = nary<Two>("gt");
export const ge = nary<Two>("ge");

/** `x` between `low` and `high`, which may be scalars. */
export function clamp(low: TensorLike, x: Tensor, high: TensorLike): Tensor {
  const like = (b: TensorLike): Tensor =>
    broadcastTo("clamp", isTensor(b) ? b : numberOf("clamp", b, x.aval.dtype), x.aval.shape);
  return bind1("clamp", [like(low), x, like(high)], {});
}
/** `onTrue` where `pred` holds, else `onFalse`; all of one shape (`pred` may be a scalar). */
export function select(pred: Tensor, onTrue: TensorLike, onFalse: TensorLike): Tensor {
  const [a, b] = likeOthers("select", [onTrue, onFalse]);
  return bind1("select", [broadcastTo("select", pred, a.aval.shape), a, b], {});
}
export function integerPow(x: Tensor, y: number): Tensor {
  return bind1("integer_pow", [x], { y });
}
export function square(x: Tensor): Tensor {
  return integerPow(x, 2);
}
export function reciprocal(x: Tensor): Tensor {
  return div(1, x);
}
export function round(x: Tensor, method: "even" | "away" = "away"): Tensor {
  return bind1("round", [x], { method });
}
export function convertElementType(x: TensorLike, dtype: DType): Tensor {
  return bind1("convert_element_type", [asTensor("convertElementType", x)], { dtype });
}
/** The same bits as another type; a narrower type adds a last axis, a wider one takes it away. */
export function bitcastConvertType(x: Tensor, dtype: DType): Tensor {
  return bind1("bitcast_convert_type", [x], { dtype });
}
export function reducePrecision(x: Tensor, exponentBits: number, mantissaBits: number): Tensor {
  return bind1("reduce_precision", [x], { exponentBits, mantissaBits });
}
