/** Elementwise primitives. Operands have one shape and dtype; a plain number takes those of the tensor beside it. */
import { handOverExtended } from "../lowering/hand-over/extended.js";
import { handOverSpecial } from "../lowering/hand-over/special.js";
import type { Binary, Like, MaskBinary, MaskUnary, Unary } from "../tracer/num.js";
import type { DType } from "../ir/dtype.js";
import type { ElementwiseOps, None } from "../ir/ops/index.js";
import { bind1 } from "../tracer/frame.js";
import type { Tensor } from "../tracer/tensor.js";
import { asTensor, broadcastTo, isTensor, numberOf, type TensorLike } from "./operand.js";

type Plain = { [K in keyof ElementwiseOps]: None extends ElementwiseOps[K] ? K : never }[keyof ElementwiseOps];
const NONE = {} as never;

// making one of these does nothing, so bundlers may leave out those that nobody uses
/* @__NO_SIDE_EFFECTS__ */ function unary(prim: Plain): Unary {
  return ((x: TensorLike) => bind1(prim, [asTensor(prim, x)], NONE)) as Unary;
}

/** Numbers among the operands become arrays like the tensors beside them. */
export function likeOthers<X extends TensorLike>(what: string, operands: readonly X[]): Like<X>[];
export function likeOthers(what: string, operands: readonly TensorLike[]): Tensor[] {
  const model = operands.find(isTensor) as Tensor | undefined;
  return operands.map((x) => {
    if (isTensor(x)) return x;
    const t = model ? numberOf(what, x, model.aval.dtype) : asTensor(what, x);
    return model ? broadcastTo(what, t, model.aval.shape) : t;
  });
}

/* @__NO_SIDE_EFFECTS__ */ const nary =
  (prim: Plain) =>
  (...operands: readonly TensorLike[]): Tensor =>
    bind1(prim, likeOthers(prim, operands), NONE);
/* @__NO_SIDE_EFFECTS__ */ const binary = (prim: Plain): Binary => nary(prim) as Binary;
/* @__NO_SIDE_EFFECTS__ */ const compare = (prim: Plain): MaskBinary => nary(prim) as MaskBinary;
type Ternary = <A extends TensorLike, B extends TensorLike, X extends TensorLike>(a: A, b: B, x: X) => Like<A | B | X>;

/** A function with which comes what computes it. */
/* @__NO_SIDE_EFFECTS__ */ function bringing(handOver: () => void, prim: Plain) {
  return (...operands: readonly TensorLike[]): Tensor => {
    handOver();
    return bind1(prim, likeOthers(prim, operands), NONE);
  };
}
/* @__NO_SIDE_EFFECTS__ */ const extended = (prim: Plain): Unary => bringing(handOverExtended, prim) as Unary;
/* @__NO_SIDE_EFFECTS__ */ const special = (prim: Plain) => bringing(handOverSpecial, prim);

export const neg = unary("neg");
export const abs = unary("abs");
export const sign = unary("sign");
export const floor = unary("floor");
export const ceil = unary("ceil");
export const not = unary("not");
export const bitwiseNot = not;
export const populationCount = unary("population_count");
export const clz = unary("clz");
export const isFinite = unary("is_finite") as MaskUnary;
export const exp = unary("exp");
export const exp2 = unary("exp2");
export const expm1 = unary("expm1");
export const log = unary("log");
export const log1p = unary("log1p");
export const sqrt = unary("sqrt");
export const rsqrt = unary("rsqrt");
export const cbrt = extended("cbrt");
export const logistic = unary("logistic");
export const sin = unary("sin");
export const cos = unary("cos");
export const tan = extended("tan");
export const asin = extended("asin");
export const acos = extended("acos");
export const atan = extended("atan");
export const sinh = extended("sinh");
export const cosh = extended("cosh");
export const tanh = unary("tanh");
export const asinh = extended("asinh");
export const acosh = extended("acosh");
export const atanh = extended("atanh");
export const erf = extended("erf");
export const erfc = extended("erfc");
export const erfInv = extended("erf_inv");
export const lgamma = special("lgamma") as Unary;
export const digamma = special("digamma") as Unary;
export const besselI0e = special("bessel_i0e") as Unary;
export const besselI1e = special("bessel_i1e") as Unary;
export const stopGradient = ((x: TensorLike) => bind1("stop_gradient", [asTensor("stopGradient", x)], {})) as Unary;

export const add = binary("add");
export const sub = binary("sub");
export const mul = binary("mul");
export const div = binary("div");
export const rem = binary("rem");
export const pow = binary("pow");
export const max = binary("max");
export const min = binary("min");
export const atan2 = bringing(handOverExtended, "atan2") as Binary;
export const nextafter = binary("nextafter");
export const bitwiseAnd = binary("and");
export const bitwiseOr = binary("or");
export const bitwiseXor = binary("xor");
export const shiftLeft = binary("shift_left");
export const shiftRightLogical = binary("shift_right_logical");
export const shiftRightArithmetic = binary("shift_right_arithmetic");
export const igamma = special("igamma") as Binary;
export const igammac = special("igammac") as Binary;
export const igammaGradA = special("igamma_grad_a") as Binary;
export const randomGammaGrad = special("random_gamma_grad") as Binary;
export const polygamma = special("polygamma") as Binary;
export const zeta = special("zeta") as Binary;
export const betainc = special("regularized_incomplete_beta") as Ternary;
export const eq = compare("eq");
export const ne = compare("ne");
export const lt = compare("lt");
export const le = compare("le");
export const gt = compare("gt");
export const ge = compare("ge");

/** `x` between `low` and `high`, which may be scalars. */
export function clamp<X extends TensorLike, Y extends TensorLike, Z extends TensorLike>(
  low: X,
  x: Y,
  high: Z,
): Like<X | Y | Z>;
export function clamp(low: TensorLike, x: Tensor, high: TensorLike): Tensor {
  const like = (b: TensorLike): Tensor =>
    broadcastTo("clamp", isTensor(b) ? b : numberOf("clamp", b, x.aval.dtype), x.aval.shape);
  return bind1("clamp", [like(low), x, like(high)], {});
}
/** `onTrue` where `pred` holds, else `onFalse`; all of one shape (`pred` may be a scalar). */
export function select<X extends TensorLike, Y extends TensorLike, Z extends TensorLike>(
  pred: X,
  onTrue: Y,
  onFalse: Z,
): Like<X | Y | Z>;
export function select(pred: Tensor, onTrue: TensorLike, onFalse: TensorLike): Tensor {
  const [a, b] = likeOthers("select", [onTrue, onFalse]);
  return bind1("select", [broadcastTo("select", pred, a.aval.shape), a, b], {});
}
export function integerPow<X extends TensorLike>(x: X, y: number): Like<X>;
export function integerPow(x: Tensor, y: number): Tensor {
  return bind1("integer_pow", [x], { y });
}
export function square<X extends TensorLike>(x: X): Like<X>;
export function square(x: Tensor): Tensor {
  return integerPow(x, 2);
}
export function reciprocal<X extends TensorLike>(x: X): Like<X>;
export function reciprocal(x: Tensor): Tensor {
  return div(1, x);
}
export function round<X extends TensorLike>(x: X, method?: "even" | "away"): Like<X>;
export function round(x: Tensor, method: "even" | "away" = "away"): Tensor {
  return bind1("round", [x], { method });
}
export function convertElementType<X extends TensorLike>(x: X, dtype: DType): Like<X>;
export function convertElementType(x: TensorLike, dtype: DType): Tensor {
  return bind1("convert_element_type", [asTensor("convertElementType", x)], { dtype });
}
/** The same bits as another type; a narrower type adds a last axis, a wider one takes it away. */
export function bitcastConvertType<X extends TensorLike>(x: X, dtype: DType): Like<X>;
export function bitcastConvertType(x: Tensor, dtype: DType): Tensor {
  return bind1("bitcast_convert_type", [x], { dtype });
}
export function reducePrecision<X extends TensorLike>(x: X, exponentBits: number, mantissaBits: number): Like<X>;
export function reducePrecision(x: Tensor, exponentBits: number, mantissaBits: number): Tensor {
  return bind1("reduce_precision", [x], { exponentBits, mantissaBits });
}
