/** Running a function through the interpreter, the slow and obvious implementation in f64: for checking. */
import { sizeOf } from "../ir/aval.js";
import { fromBf16Bits, fromF16Bits, STORAGE, toBf16Bits, toF16Bits, type TypedArray } from "../ir/dtype.js";
import { interpret } from "../interpreter/index.js";
import type { NDArray } from "../interpreter/array.js";
import type { ArgsOf, ResultOf, Sync, Transformed, UserFunction } from "../tracer/signatures.js";
import { checkFunction, leafTensor } from "../tracer/leaf.js";
import { Tensor } from "../tracer/tensor.js";
import { type AnyFunction, argumentName, traceFunction } from "../tracer/trace.js";
import * as tree from "../tree/index.js";
import { fromElements } from "../tracer/frame.js";

function toNDArray(t: Tensor): NDArray {
  const { dtype } = t.aval;
  const stored = Tensor.source(t).cell("interpret").read();
  const shape = t.shape;
  if (dtype === "i64" || dtype === "u64" || dtype === "key") return { dtype, shape, data: stored as never };
  const decodeOne = dtype === "f16" ? fromF16Bits : dtype === "bf16" ? fromBf16Bits : (x: number): number => x;
  return { dtype, shape, data: Float64Array.from(stored as Float64Array, decodeOne) as never };
}

export function fromNDArray(a: NDArray): Tensor {
  const n = sizeOf(a);
  const out = new STORAGE[a.dtype](n) as unknown as { [i: number]: number | bigint };
  const encodeOne = a.dtype === "f16" ? toF16Bits : a.dtype === "bf16" ? toBf16Bits : (x: number): number => x;
  for (let i = 0; i < n; i++) out[i] = typeof a.data[i] === "bigint" ? a.data[i] : encodeOne(a.data[i] as number);
  return fromElements(out as unknown as TypedArray, a.shape as readonly number[], a.dtype);
}

/** `f` by plain loops in f64, rounded to each dtype after every operation: the oracle that compiled code is tested against. */
export function interpretTensors<F extends UserFunction>(f: F & Sync<F>): Transformed<ArgsOf<F>, ResultOf<F>>;
export function interpretTensors(f: AnyFunction): AnyFunction {
  checkFunction("interpret", f);
  return (...args) => {
    const { leaves, treedef } = tree.flatten(args);
    const tensors = leaves.map((x, i) => leafTensor(x, () => argumentName(f.name, args, i)));
    const traced = traceFunction(
      f,
      tensors.map((t) => t.aval),
      treedef,
      { kind: "jit", name: f.name },
    );
    const results = interpret(traced.program, [...traced.captures, ...tensors].map(toNDArray));
    return tree.unflatten(traced.outTree, results.map(fromNDArray));
  };
}
