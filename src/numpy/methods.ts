/** The methods of tensors: numpy functions with the tensor as their first argument. */
import { fail } from "../diagnostics/error.js";
import { printAval } from "../ir/aval.js";
import type { DType } from "../ir/dtype.js";
import { Tensor } from "../tracer/tensor.js";
import { astype } from "../lax/operand.js";
import * as creation from "./creation.js";
import * as e from "./elementwise.js";
import * as i from "./indexing.js";
import * as m from "./movement.js";
import { formatArray } from "./print.js";
import * as p from "./products.js";
import { checkDtype, type TensorLike } from "./promote.js";
import * as r from "./reduction.js";
import * as s from "./sorting.js";

type Axis = r.AxisOrOptions;
type Reduce = (axis?: Axis, options?: r.ReduceOptions) => Tensor;

declare module "../tracer/tensor.js" {
  interface TensorMethods<S extends ShapeSpec, D extends DType> {
    add(y: TensorLike): Tensor;
    sub(y: TensorLike): Tensor;
    subtract(y: TensorLike): Tensor;
    mul(y: TensorLike): Tensor;
    multiply(y: TensorLike): Tensor;
    div(y: TensorLike): Tensor;
    divide(y: TensorLike): Tensor;
    floorDivide(y: TensorLike): Tensor;
    mod(y: TensorLike): Tensor;
    remainder(y: TensorLike): Tensor;
    pow(y: TensorLike): Tensor;
    neg(): Tensor<S, D>;
    negative(): Tensor<S, D>;
    abs(): Tensor<S, D>;
    exp(): Tensor;
    log(): Tensor;
    sqrt(): Tensor;
    square(): Tensor<S, D>;
    tanh(): Tensor;
    sin(): Tensor;
    cos(): Tensor;
    sign(): Tensor<S, D>;
    floor(): Tensor<S, D>;
    ceil(): Tensor<S, D>;
    round(decimals?: number): Tensor;
    clip(low?: TensorLike | null, high?: TensorLike | null): Tensor;
    equal(y: TensorLike): Tensor;
    notEqual(y: TensorLike): Tensor;
    less(y: TensorLike): Tensor;
    lessEqual(y: TensorLike): Tensor;
    greater(y: TensorLike): Tensor;
    greaterEqual(y: TensorLike): Tensor;
    logicalAnd(y: TensorLike): Tensor;
    logicalOr(y: TensorLike): Tensor;
    logicalXor(y: TensorLike): Tensor;
    logicalNot(): Tensor;
    bitwiseAnd(y: TensorLike): Tensor;
    bitwiseOr(y: TensorLike): Tensor;
    bitwiseXor(y: TensorLike): Tensor;
    bitwiseNot(): Tensor<S, D>;
    maximum(y: TensorLike): Tensor;
    minimum(y: TensorLike): Tensor;
    isnan(): Tensor;
    isfinite(): Tensor;
    dot(y: TensorLike): Tensor;
    matmul(y: TensorLike): Tensor;
    sum: Reduce;
    prod: Reduce;
    mean: Reduce;
    max: Reduce;
    min: Reduce;
    all: Reduce;
    any: Reduce;
    std(axis?: Axis, options?: r.VarianceOptions): Tensor;
    var(axis?: Axis, options?: r.VarianceOptions): Tensor;
    argmax(axis?: number | null, options?: { keepdims?: boolean }): Tensor;
    argmin(axis?: number | null, options?: { keepdims?: boolean }): Tensor;
    cumsum(axis?: number | null): Tensor;
    cumprod(axis?: number | null): Tensor;
    sort(axis?: number | null, options?: s.SortOptions): Tensor;
    argsort(axis?: number | null, options?: s.SortOptions): Tensor;
    ptp(axis?: Axis): Tensor;
    flip(axis?: number | readonly number[]): Tensor;
    roll(shift: number | readonly number[], axis?: number | readonly number[] | null): Tensor;
    reshape(...shape: (number | readonly number[])[]): Tensor;
    ravel(): Tensor;
    flatten(): Tensor;
    transpose(...axes: (number | readonly number[])[]): Tensor;
    swapaxes(a: number, b: number): Tensor;
    moveaxis(source: number | readonly number[], destination: number | readonly number[]): Tensor;
    squeeze(axis?: number | readonly number[] | null): Tensor;
    expandDims(axis: number | readonly number[]): Tensor;
    broadcastTo(shape: readonly number[]): Tensor;
    repeat(n: number | readonly number[], axis?: number | null): Tensor;
    tile(reps: number | readonly number[]): Tensor;
    astype<E extends DType>(dtype: E): Tensor<S, E>;
    diagonal(offset?: number, axis1?: number, axis2?: number): Tensor;
    trace(offset?: number): Tensor;
    take(indices: TensorLike, axis?: number | null): Tensor;
    /** NumPy's indexing: `x.index(0, [1, 3], "...", "::-1")`. */
    index(...indices: i.Index[]): Tensor;
    /** As `index`, the name that jax-js uses. */
    slice(...indices: i.Index[]): Tensor;
    /** A place for functional updates: `x.at(0, [1, 3]).set(v)`. */
    at(...indices: i.Index[]): i.IndexedTensor;
    /** The parts along the first axis: `const [a, b] = x`. In staged code `for (const row of x)` is one loop, not unrolled. */
    // biome-ignore lint/suspicious/noExplicitAny: parts of any shape
    [Symbol.iterator](): IterableIterator<Tensor<any, D>>;
    /** Waits until the values are there; gives the tensor. */
    blockUntilReady(): Promise<Tensor<S, D>>;
    readonly T: Tensor;
    readonly mT: Tensor;
  }
}

const flatList = (args: readonly (number | readonly number[])[]): number[] => args.flat() as number[];

const methods: Record<string, (this: Tensor, ...args: never[]) => unknown> = {};
function define(name: string, f: (x: Tensor, ...args: never[]) => unknown): void {
  methods[name] = function (this: Tensor, ...args: never[]) {
    return f(this, ...args);
  };
}
define("add", e.add);
define("sub", e.subtract);
define("subtract", e.subtract);
define("mul", e.multiply);
define("multiply", e.multiply);
define("div", e.divide);
define("divide", e.divide);
define("floorDivide", e.floorDivide);
define("mod", e.remainder);
define("remainder", e.remainder);
define("pow", e.power);
define("neg", e.negative);
define("negative", e.negative);
define("abs", e.abs);
define("exp", e.exp);
define("log", e.log);
define("sqrt", e.sqrt);
define("square", e.square);
define("tanh", e.tanh);
define("sin", e.sin);
define("cos", e.cos);
define("sign", e.sign);
define("floor", e.floor);
define("ceil", e.ceil);
define("round", e.round);
define("clip", e.clip);
define("equal", e.equal);
define("notEqual", e.notEqual);
define("less", e.less);
define("lessEqual", e.lessEqual);
define("greater", e.greater);
define("greaterEqual", e.greaterEqual);
define("logicalAnd", e.logicalAnd);
define("logicalOr", e.logicalOr);
define("logicalXor", e.logicalXor);
define("logicalNot", e.logicalNot);
define("bitwiseAnd", e.bitwiseAnd);
define("bitwiseOr", e.bitwiseOr);
define("bitwiseXor", e.bitwiseXor);
define("bitwiseNot", e.bitwiseNot);
define("maximum", e.maximum);
define("minimum", e.minimum);
define("isnan", e.isnan);
define("isfinite", e.isfinite);
define("dot", p.dot);
define("matmul", p.matmul);
define("sum", r.sum);
define("prod", r.prod);
define("mean", r.mean);
define("max", r.max);
define("min", r.min);
define("all", r.all);
define("any", r.any);
define("std", r.std);
define("var", r.var);
define("argmax", r.argmax);
define("argmin", r.argmin);
define("cumsum", r.cumsum);
define("cumprod", r.cumprod);
define("sort", s.sort);
define("argsort", s.argsort);
define("ptp", r.ptp);
define("flip", m.flip);
define("roll", m.roll);
define("reshape", (x, ...shape: (number | readonly number[])[]) => m.reshape(x, flatList(shape)));
define("ravel", m.ravel);
define("flatten", m.ravel);
define("transpose", (x, ...axes: (number | readonly number[])[]) =>
  m.transpose(x, axes.length ? flatList(axes) : undefined),
);
define("swapaxes", m.swapaxes);
define("moveaxis", m.moveaxis);
define("squeeze", m.squeeze);
define("expandDims", m.expandDims);
define("broadcastTo", m.broadcastTo);
define("repeat", m.repeat);
define("tile", m.tile);
define("astype", (x, dtype: DType) => astype(x, checkDtype("astype", dtype)));
define("diagonal", creation.diagonal);
define("trace", p.trace);
define("take", i.take);
define("index", i.index);
define("slice", i.index);
define("at", i.at);
define("blockUntilReady", async (x) => x);

/** The parts along the first axis, as `const [a, b] = x` and a plain loop see them. */
function* parts(x: Tensor): Generator<Tensor> {
  const n = x.ndim === 0 ? undefined : x.shape[0];
  if (typeof n !== "number") {
    fail(
      "TW2007",
      `an array is taken apart along its first axis: ${printAval(x.aval)} has ${n === undefined ? "none" : "no known number of parts"}`,
    );
  }
  for (let k = 0; k < n; k++) yield i.index(x, k);
}

/** Puts the methods on the class; called once by the entry of the package. */
export function installMethods(): void {
  const prototype = Tensor.prototype;
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
  }
  const getter = (name: string, get: (this: Tensor) => unknown): void => {
    Object.defineProperty(prototype, name, { get, configurable: true });
  };
  Object.defineProperty(prototype, Symbol.iterator, {
    value(this: Tensor) {
      return parts(this);
    },
    writable: true,
    configurable: true,
  });
  getter("T", function () {
    return m.transpose(this);
  });
  getter("mT", function () {
    return m.matrixTranspose(this);
  });
  const plain = prototype.toString;
  Object.defineProperty(prototype, "toString", {
    value(this: Tensor): string {
      if (Tensor.source(this).traced || this.disposed || this.dtype === "key") return plain.call(this);
      return formatArray(this);
    },
    configurable: true,
  });
  Object.defineProperty(prototype, Symbol.for("nodejs.util.inspect.custom"), {
    value(this: Tensor): string {
      if (Tensor.source(this).traced || this.disposed || this.dtype === "key") return plain.call(this);
      const body = formatArray(this, { lineWidth: 68 });
      // an empty array shows no sizes, and numbers not always their type
      const shape = this.size === 0 && this.ndim > 1 ? `, shape=[${this.shape.join(", ")}]` : "";
      const dtype = this.dtype === "f32" || this.dtype === "bool" ? "" : `, ${this.dtype}`;
      return `Tensor(${body.replace(/\n(?=.)/g, "\n       ")}${shape}${dtype})`;
    },
    configurable: true,
  });
}
