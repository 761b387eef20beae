/** Running a function through the interpreter, the slow and obvious implementation in f64: for checking. */
import { interpret } from "../interpreter/index.js";
import type { NDArray } from "../interpreter/array.js";
import { fromStored, toStored } from "../interpreter/stored.js";
import type { ArgsOf, ResultOf, Sync, Transformed, UserFunction } from "../tracer/signatures.js";
import { checkFunction, leafTensor } from "../tracer/leaf.js";
import { Tensor } from "../tracer/tensor.js";
import { type AnyFunction, argumentName, traceFunction } from "../tracer/trace.js";
import * as tree from "../tree/index.js";
import { fromElements } from "../tracer/frame.js";
import type { InterpretKernelOptions } from "../debugger/launch.js";
import { isKernel, type KernelMark } from "../dsl/kernel/runner.js";
import { interpretKernel, type InterpretedKernel } from "./interpret-kernel.js";

function toNDArray(t: Tensor): NDArray {
  return fromStored(Tensor.source(t).cell("interpret").read(), t.aval);
}

export function fromNDArray(a: NDArray): Tensor {
  return fromElements(toStored(a), a.shape as readonly number[], a.dtype);
}

/**
 * A kernel, program by program in plain JavaScript: breakpoints in its source hold it, and what it does with memory is checked.
 *
 * @example
 * const softmaxSlowly = interpret(softmax, { order: "reverse" });
 * softmaxSlowly(x, { BLOCK: 1024 });
 * console.log(softmaxSlowly.report);
 */
// the mark alone: tsc first looks for an overload by subtypes, and no function is a subtype of (...args: any[]) => unknown
export function interpretTensors<K extends KernelMark>(
  kernel: K,
  options?: InterpretKernelOptions,
): InterpretedKernel<K>;
/** `f` by plain loops in f64, rounded to each dtype after every operation: the oracle that compiled code is tested against. */
export function interpretTensors<F extends UserFunction>(f: F & Sync<F>): Transformed<ArgsOf<F>, ResultOf<F>>;
export function interpretTensors(f: AnyFunction, options: InterpretKernelOptions = {}): AnyFunction {
  checkFunction("interpret", f);
  if (isKernel(f)) return interpretKernel(f, options);
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
