/** `kernel` for the library's own kernels: outside of a trace its launch is one compiled equation, as other functions of the library are. */
import type { AnyFunction } from "../../tracer/staged.js";
import { isTensor, type Tensor } from "../../tracer/tensor.js";
import { type KernelOptions, makeLauncher } from "./launcher.js";
import { markKernel } from "./runner.js";

type Constants = Readonly<Record<string, unknown>>;

/** As the `kernel` of users; arguments are tensors. `R` is a list where `out` gives one. */
export function kernel<R extends Tensor | readonly Tensor[] = Tensor>(
  fn: AnyFunction,
  options: KernelOptions,
): (...args: readonly (Tensor | Constants)[]) => R {
  const { launch } = makeLauncher(fn, options);
  return markKernel((...given: readonly (Tensor | Constants)[]): R => {
    const last = given[given.length - 1];
    const tensors = given.filter(isTensor);
    return launch(tensors, isTensor(last) ? {} : last) as R;
  });
}
