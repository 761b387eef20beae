/** `kernel`: functions over blocks, run once for each point of a grid. */
import { fail } from "../diagnostics/error.js";
import { type KernelOptions, makeLauncher } from "../dsl/kernel/launcher.js";
import { currentRunner, markKernel } from "../dsl/kernel/runner.js";
import { isTracing, scalar } from "../tracer/frame.js";
import { describeValue, isScalarLeaf, leafTensor } from "../tracer/leaf.js";
import type { AnyFunction } from "../tracer/staged.js";
import { staticKey } from "../tracer/static-key.js";
import { isTensor, type Tensor } from "../tracer/tensor.js";
import { argumentName } from "../tracer/trace.js";
import { LruMap } from "../util/index.js";
import { jit } from "./jit.js";
import { withSource } from "./runtime-source.js";

export type { KernelOptions, OutSpec } from "../dsl/kernel/launcher.js";

export function kernel(fn: AnyFunction, options: KernelOptions): (...args: unknown[]) => unknown {
  return capturedKernel(withSource(fn, "kernel", options.constants), options);
}

/**
 * `kernel` of a function whose source the build plugin has read: what it makes of the calls of `kernel`, so that a program without
 * others does not carry the parser.
 *
 * @internal
 */
export function capturedKernel(fn: AnyFunction, options: KernelOptions): (...args: unknown[]) => unknown {
  const { name, launch } = makeLauncher(fn, options);
  // biome-ignore lint/suspicious/noExplicitAny: any arguments
  const compiled = new LruMap<string, (...args: any[]) => unknown>(64);
  return markKernel((...given: unknown[]): unknown => {
    const last = given[given.length - 1];
    const meta = isOptions(last) ? last : {};
    const args = isOptions(last) ? given.slice(0, -1) : given;
    const leaves = args.map((x, i) => argumentOf(x, () => argumentName(name, args, i)));
    if (isTracing() || currentRunner()) return launch(leaves, meta);
    const key = staticKey(meta, name);
    let run = compiled.get(key);
    if (!run) {
      run = jit((...xs: Tensor[]) => launch(xs, meta), { name, dynamic: false }) as (...args: unknown[]) => unknown;
      compiled.set(key, run);
    }
    return run(...leaves);
  });
}

function isOptions(x: unknown): x is Record<string, unknown> {
  return typeof x === "object" && x !== null && !isTensor(x) && Object.getPrototypeOf(x) === Object.prototype;
}

function argumentOf(x: unknown, what: () => string): Tensor {
  if (typeof x === "number") return scalar(x, Number.isInteger(x) && Math.abs(x) < 2 ** 31 ? "i32" : "f32");
  if (isTensor(x) || isScalarLeaf(x)) return leafTensor(x, what);
  return fail("TW1003", `${what()} is ${describeValue(x)}, not an array`, { help: "pass arrays and numbers" });
}
