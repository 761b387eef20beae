/** `interpret` of kernels: their programs one by one, in JavaScript that a debugger can step through. */
import { launchKernel, type InterpretKernelOptions } from "../debugger/launch.js";
import type { KernelReport } from "../debugger/report.js";
import { fail } from "../diagnostics/error.js";
import { withRunner } from "../dsl/kernel/runner.js";
import { checkOptions, describeValue } from "../tracer/leaf.js";
import { isTracing } from "../tracer/frame.js";
import type { AnyFunction } from "../tracer/staged.js";

/** A kernel as the interpreter runs it: called as the kernel, it knows after a call what its programs did. */
export type InterpretedKernel<F> = F & {
  /** Memory traffic and warnings of the last call. */
  readonly report: KernelReport | undefined;
};

export function interpretKernel<F extends AnyFunction>(
  kernel: F,
  options: InterpretKernelOptions = {},
): InterpretedKernel<F> {
  if (isTracing()) {
    fail("TW8105", "interpret of a kernel in a function that is traced", {
      help: "call it outside of jit, grad and vmap, with concrete arrays",
    });
  }
  checkInterpretOptions(options);
  let report: KernelReport | undefined;
  const run = function (this: unknown, ...args: unknown[]): unknown {
    report = undefined;
    return withRunner(
      (request) => {
        const done = launchKernel(request, options);
        report = done.report;
        return done.outs;
      },
      () => kernel.apply(this, args),
    );
  };
  Object.defineProperty(run, "name", { value: kernel.name, configurable: true });
  Object.defineProperty(run, "report", { get: () => report });
  return run as InterpretedKernel<F>;
}

const OPTIONS: readonly string[] = [
  "check",
  "order",
  "programs",
  "onProgram",
] satisfies (keyof InterpretKernelOptions)[];

function checkInterpretOptions(options: InterpretKernelOptions): void {
  checkOptions("interpret", options, OPTIONS);
  const { order = "forward" } = options as { readonly order?: unknown };
  if (order === "forward" || order === "reverse") return;
  if (typeof order === "object" && order !== null && typeof (order as { shuffled?: unknown }).shuffled === "number")
    return;
  fail(
    "TW1007",
    `interpret: there is no order ${typeof order === "string" ? JSON.stringify(order) : describeValue(order)}`,
    {
      help: 'the orders are "forward", "reverse" and { shuffled: seed }',
    },
  );
}
