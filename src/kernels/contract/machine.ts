/**
 * What a step of a register tile costs on a kind of machine, in nanoseconds. Measured on Zen 4 with V8 11.3 and 13.6; only
 * ratios matter. A tile whose registers do not fit runs at less than half of the speed, so those are not considered.
 */
import { type DType, isFloat } from "../../ir/dtype.js";

/** What of a machine decides which kernel is best; all give the same results. */
export interface ContractionMachine {
  /** Multiplication and addition are one operation. */
  readonly relaxedMadd: boolean;
  /** Two vector registers side by side are handled as one. */
  readonly wide: boolean;
}

/** Registers that the engine hands out for a loop. */
const REGISTERS = 15;
/** Time between an addition and one that needs its result. */
const LATENCY = 1.15;
const LOAD = 0.2;

/** Operations for `registers` side by side. */
function operations({ wide }: ContractionMachine, registers: number): number {
  return wide ? Math.ceil(registers / 2) : registers;
}

/** Whether `height` rows of `registers` sums stay in registers, with a row of the right side and scalars of the left. */
export function fits(machine: ContractionMachine, dtype: DType, height: number, registers: number): boolean {
  const row = operations(machine, registers);
  const fused = machine.relaxedMadd && isFloat(dtype);
  // engines that pair registers schedule loads late; others load all scalars first
  const scalars = machine.wide ? 1 : height;
  return height * row + row + scalars + (fused ? 0 : 1) <= REGISTERS;
}

/** One step of k of an outer tile: a row of vectors times `height` scalars. */
export function outerStep(machine: ContractionMachine, dtype: DType, height: number, registers: number): number {
  const row = operations(machine, registers);
  return Math.max(arithmetic(machine, dtype, height * row), LOAD * (height + row));
}
/** One step of an inner tile: every one of `height` vectors times every one of `width`. */
export function innerStep(machine: ContractionMachine, dtype: DType, height: number, width: number): number {
  return Math.max(arithmetic(machine, dtype, height * width), LOAD * (height + width));
}
function arithmetic({ relaxedMadd }: ContractionMachine, dtype: DType, sums: number): number {
  if (dtype === "i64" || dtype === "u64") return 0.5 + 1.5 * sums;
  if (!isFloat(dtype)) return 0.5 + 0.3 * sums;
  return relaxedMadd ? Math.max(LATENCY, 0.22 + 0.127 * sums) : Math.max(0.9, 0.3 + 0.17 * sums);
}
