/** The law of kernels: what is compiled computes what the interpreter does, program by program, in any order of the programs. */
import { interpret, type Tensor } from "tilework";
import { expect } from "vitest";
import type { KernelReport } from "../../src/debugger/report.js";
import type { DType } from "../../src/ir/dtype.js";

// biome-ignore lint/suspicious/noExplicitAny: any kernel, called with anything
type AnyKernel = (...args: any[]) => unknown;

export interface Tolerance {
  readonly rel: number;
  readonly abs: number;
}
/** A few roundings of each type; integers and bools are exact. */
const TOLERANCES: Partial<Record<DType, Tolerance>> = {
  f64: { rel: 1e-12, abs: 1e-12 },
  f32: { rel: 2e-5, abs: 1e-5 },
  f16: { rel: 4e-3, abs: 1e-3 },
  bf16: { rel: 3e-2, abs: 1e-2 },
};

export interface AgreeOptions {
  /** For floats, in the place of a few roundings. */
  readonly tolerance?: Tolerance;
  /** Atomics of floats give sums that depend on the order; and many programs take their time. Default: forward and reverse. */
  readonly orders?: readonly ("forward" | "reverse" | { readonly shuffled: number })[];
  /** Some elements of the outs are meant to be left alone. */
  readonly unwritten?: boolean;
}

/** Compares a call of a kernel with what the interpreter makes of it, and gives the interpreter's report. */
export function agree(kernel: AnyKernel, args: readonly unknown[], options: AgreeOptions = {}): KernelReport {
  const compiled = listOf(kernel(...args));
  let report: KernelReport | undefined;
  for (const order of options.orders ?? ["forward", "reverse"]) {
    const slow = interpret(kernel as never, { order }) as AnyKernel & { readonly report: KernelReport };
    const want = listOf(slow(...args));
    report = slow.report;
    if (!options.unwritten) expect(report.warnings).toEqual([]);
    expect(compiled.length).toBe(want.length);
    compiled.forEach((x, k) => expectAgreement(`out ${k}`, x, want[k], options));
  }
  return report as KernelReport;
}

const listOf = (x: unknown): Tensor[] => (Array.isArray(x) ? (x as Tensor[]) : [x as Tensor]);

function expectAgreement(what: string, got: Tensor, want: Tensor, { tolerance, unwritten }: AgreeOptions): void {
  expect([got.shape, got.dtype], what).toEqual([want.shape, want.dtype]);
  const { rel, abs } = tolerance ?? TOLERANCES[want.dtype as DType] ?? { rel: 0, abs: 0 };
  const [a, b] = [got.dataSync(), want.dataSync()] as ArrayLike<number | bigint>[];
  for (let i = 0; i < b.length; i++) {
    const [x, y] = [a[i], b[i]];
    if (Object.is(x, y) || x === y || (unwritten && y !== y)) continue;
    const near = Math.abs(Number(x) - Number(y)) <= abs + rel * Math.abs(Number(y));
    if (typeof y === "bigint" || !near) expect.fail(`${what}, element ${i}: ${x} compiled, ${y} interpreted`);
  }
}
