/** Functions of elements: alone, in pairs, in chains, summed, and their derivatives. */
import { grad, lax, nn, numpy as np, type Tensor } from "tilework";
import { type Case, data, floating, type Kind, numeric, sizeUpTo } from "./cases.js";
import type { Rng } from "../../laws/random.js";

type Unary = (x: Tensor) => Tensor;
type Binary = (x: Tensor, y: Tensor) => Tensor;

const UNARY = {
  ...pickOf(np, [
    ...[
      "abs",
      "acos",
      "acosh",
      "asin",
      "asinh",
      "atan",
      "atanh",
      "cbrt",
      "ceil",
      "cos",
      "cosh",
      "exp",
      "exp2",
      "expm1",
    ],
    ...[
      "erf",
      "erfc",
      "fix",
      "floor",
      "i0",
      "log",
      "log10",
      "log1p",
      "log2",
      "nanToNum",
      "negative",
      "reciprocal",
      "rint",
    ],
    ...[
      "rsqrt",
      "sign",
      "sin",
      "sinc",
      "sinh",
      "sqrt",
      "square",
      "tan",
      "tanh",
      "trunc",
      "isnan",
      "isfinite",
      "signbit",
    ],
  ]),
  ...pickOf(lax, ["lgamma", "digamma", "erfInv", "besselI0e", "besselI1e", "logistic"]),
  ...pickOf(nn, [
    "celu",
    "elu",
    "gelu",
    "hardSwish",
    "leakyRelu",
    "logSigmoid",
    "mish",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
  ]),
  ...pickOf(nn, ["softplus", "softSign", "sparsePlus", "squareplus"]),
} as Readonly<Record<string, Unary>>;
const SMOOTH = [
  "sin",
  "cos",
  "tan",
  "exp",
  "tanh",
  "log1p",
  "gelu",
  "silu",
  "erf",
  "lgamma",
  "cbrt",
  "asinh",
  "atan",
  "expm1",
];
const BINARY = {
  ...pickOf(np, ["arctan2", "copysign", "fmax", "fmin", "fmod", "floorDivide", "floatPower", "greater", "heaviside"]),
  ...pickOf(np, ["hypot", "less", "logaddexp", "logaddexp2", "maximum", "minimum", "nextafter", "power", "remainder"]),
  ...pickOf(np, ["add", "subtract", "multiply", "divide"]),
  ...Object.fromEntries(["igamma", "igammac", "zeta"].map((name) => [name, alike(name)])),
} as Readonly<Record<string, Binary>>;
const INTEGER = {
  ...pickOf(np, [
    "bitwiseAnd",
    "bitwiseOr",
    "bitwiseXor",
    "floorDivide",
    "gcd",
    "lcm",
    "leftShift",
    "maximum",
    "minimum",
  ]),
  ...pickOf(np, ["add", "subtract", "multiply", "remainder", "rightShift", "less", "notEqual"]),
} as Readonly<Record<string, Binary>>;

function pickOf(from: object, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, (from as Readonly<Record<string, unknown>>)[name]]));
}

/** Functions of lax take operands of one shape. */
function alike(name: string): Binary {
  const f = (lax as unknown as Readonly<Record<string, Binary>>)[name];
  return (x, y) => {
    const [a, b] = np.broadcastArrays(x, y);
    return f(a, b);
  };
}

function shapeOf(rng: Rng): number[] {
  return rng.chance(0.4) ? [rng.pick([1, 5, 8, 31, 64, 100, 257, 1000])] : [sizeUpTo(rng, 24), sizeUpTo(rng, 65)];
}

function unary(rng: Rng): Case {
  const [name, other] = [rng.pick(Object.keys(UNARY)), rng.pick(Object.keys(UNARY))];
  const [f, g] = [UNARY[name], UNARY[other]];
  const [form, forms] = rng.pick<[string, (x: Tensor) => Tensor | readonly Tensor[]]>([
    ["alone", (x) => f(x)],
    ["and argument", (x) => [f(x), x]],
    ["and double", (x) => [f(x.mul(2)), x.mul(2)]],
    ["and sum", (x) => [f(x), np.sum(x)]],
    ["sum of rows", (x) => np.sum(f(x), -1)],
    ["sum of columns", (x) => [np.sum(f(x), 0), x.add(1)]],
    ["both", (x) => [f(x), g(x)]],
    ["of the other", (x) => f(g(x))],
    ["of the other, both", (x) => [g(x), f(g(x)), x.mul(3)]],
    ["times argument", (x) => f(x).mul(x)],
    ["and greatest", (x) => [f(x), np.max(f(x), -1)]],
    ["transposed", (x) => [f(np.transpose(x)), x]],
    ["where", (x) => np.where(np.greater(x, 0), f(x), g(x))],
    ["in a cumulative sum", (x) => np.cumsum(f(x), -1)],
  ]);
  const dtype = rng.chance(0.15) ? rng.pick(["f16", "bf16"] as const) : floating(rng);
  const shape = shapeOf(rng);
  const named = rng.chance(0.2);
  return {
    label: `${name} ${form} (${other}) ${dtype}[${shape.join()}]${named ? " named" : ""}`,
    f: forms,
    args: [data(rng, shape, dtype, rng.chance(0.5))],
    ...(named && { dynamic: [{ [shape.length - 1]: "n" }] }),
  };
}

function binary(rng: Rng): Case {
  const name = rng.pick(Object.keys(BINARY));
  const f = BINARY[name];
  const g = UNARY[rng.pick(SMOOTH)];
  const dtype = floating(rng);
  const shape = shapeOf(rng);
  const last = shape.slice(-1);
  const second = rng.pick([shape, last, [1], shape.map((n, i) => (i === 0 ? n : 1))]);
  const [form, forms] = rng.pick<[string, (x: Tensor, y: Tensor) => Tensor | readonly Tensor[]]>([
    ["alone", (x, y) => f(x, y)],
    ["and argument", (x, y) => [f(x, y), x.mul(1)]],
    ["turned", (x, y) => [f(y, x), np.sum(x)]],
    ["sum", (x, y) => [np.sum(f(x, y).astype(dtype), -1), f(x, y)]],
    ["of a function", (x, y) => [f(g(x), y), g(x)]],
    ["in a function", (x, y) => [g(f(x, y).astype(dtype)), f(x, y)]],
  ]);
  return {
    label: `${name} ${form} ${dtype}[${shape.join()}] [${second.join()}]`,
    f: forms as Case["f"],
    args: [data(rng, shape, dtype, rng.chance(0.4)), data(rng, second, dtype)],
  };
}

function integers(rng: Rng): Case {
  const [name, other] = [rng.pick(Object.keys(INTEGER)), rng.pick(Object.keys(INTEGER))];
  const [f, g] = [INTEGER[name], INTEGER[other]];
  const dtype = rng.pick(["i32", "i32", "i64", "u8", "i8", "i16"] as const);
  const shape = shapeOf(rng);
  const forms = rng.pick<(x: Tensor, y: Tensor) => readonly Tensor[]>([
    (x, y) => [f(x, y)],
    (x, y) => [f(x, y), g(x, y), x.add(1)],
    (x, y) => [f(g(x, y).astype(dtype), y), np.sum(x, -1)],
    (x, y) => [np.sum(f(x, y).astype(dtype), 0), y.mul(3)],
    (x, y) => [f(x, y).astype("f32"), x.astype("f32").mul(0.5)],
  ]);
  return {
    label: `${name} ${other} ${dtype}[${shape.join()}]`,
    f: forms as Case["f"],
    args: [data(rng, shape, dtype), data(rng, shape, dtype)],
  };
}

function derivatives(rng: Rng): Case {
  const [f, g] = [UNARY[rng.pick(SMOOTH)], UNARY[rng.pick(SMOOTH)]];
  const shape = shapeOf(rng);
  const loss = rng.pick<(x: Tensor) => Tensor>([
    (x) => np.sum(f(x)),
    (x) => np.sum(f(g(x))),
    (x) => np.sum(f(x).mul(g(x))),
    (x) => np.sum(np.square(np.sum(f(x), -1))),
    (x) => np.mean(f(x.sub(np.mean(x, -1, { keepdims: true })))),
  ]);
  const dtype = floating(rng);
  return {
    label: `derivative ${dtype}[${shape.join()}]`,
    f: (x) => [grad(loss)(x) as Tensor, f(x)],
    args: [data(rng, shape, dtype, rng.chance(0.2))],
  };
}

/** Types of storage that are narrower or wider than what is computed with. */
function storage(rng: Rng): Case {
  const [from, to] = [numeric(rng), numeric(rng)];
  const shape = shapeOf(rng);
  const f = UNARY[rng.pick(SMOOTH)];
  const forms = rng.pick<(x: Tensor) => readonly Tensor[]>([
    (x) => [x.astype(to)],
    (x) => [x.astype(to), x],
    (x) => [x.mul(x).astype(to), np.sum(x, -1)],
    (x) => [f(x.astype("f32")).astype(from), np.max(x, 0)],
    (x) => [x.astype(to).add(1), x.astype("f32").mul(0.5)],
  ]);
  return { label: `${from} to ${to} [${shape.join()}]`, f: forms as Case["f"], args: [data(rng, shape, from)] };
}

export const ELEMENTWISE: Readonly<Record<string, Kind>> = { unary, binary, integers, derivatives, storage };
