/** What a machine can do, as far as lowering from tiles to loops needs to know. Only `lowering/wasm` knows how it is encoded. */
import type { DType } from "../ir/dtype.js";
import type { LoopExpr, LoopLocal, LoopMathFunction } from "../ir/loop.js";
import type { ElementwisePrim } from "../ir/tile.js";

/** A function that has short code for arguments of common size. */
export interface GuardedExpansion {
  readonly params: readonly LoopLocal[];
  readonly usual: LoopExpr;
  /** Where `usual` is not right: a mask. */
  readonly beyond: LoopExpr;
  /** A library function that takes the lanes of each argument and gives a vector, right for all arguments. */
  readonly callee: string;
}

/** Functions that are not one machine instruction. */
export interface MathLibrary {
  /** Inline code for `prim` on values of this type and number of lanes; undefined where only the library function exists. */
  expansion(
    prim: ElementwisePrim,
    dtype: DType,
    lanes: number,
    params: object,
  ): ((...args: LoopExpr[]) => LoopExpr) | undefined;
  /** Shorter inline code for `prim` that is right for most arguments, where there is such code. */
  guarded(prim: ElementwisePrim, dtype: DType, lanes: number): GuardedExpansion | undefined;
  /** Name of the scalar library function for `prim`, undefined where there is none. */
  callee(prim: ElementwisePrim, dtype: DType): string | undefined;
  /** A library function by the name that `call` expressions use. */
  function(name: string): LoopMathFunction;
}

export interface Target {
  readonly name: string;
  readonly simd: boolean;
  /** Bytes of a vector register. */
  readonly vectorBytes: number;
  /** mul + add may become one relaxed fused operation. */
  readonly relaxedMadd: boolean;
  /**
   * The engine makes one operation of twice the width of two that lie side by side (stored to, or loaded from, neighbouring
   * places after one pointer). Code is the same without it; its shape may differ.
   */
  readonly wide: boolean;
  readonly gpu: null;
  readonly math: MathLibrary;
}

/** What a GPU gives to one kernel. */
export interface GpuLimits {
  /** Invocations of a workgroup. */
  readonly workgroupSize: number;
  /** Bytes that the invocations of a workgroup share. */
  readonly workgroupBytes: number;
  /** Bytes of the variables of one invocation. */
  readonly privateBytes: number;
  /** Arrays in memory that one kernel may read or write. */
  readonly bindings: number;
  /** Workgroups along one dimension of a dispatch. */
  readonly gridSize: number;
  /** Operations among the invocations that run in step. */
  readonly subgroups: boolean;
  /** f16 in memory and in registers; else it is packed in words. */
  readonly f16: boolean;
}
/** What WebGPU promises on every device. */
export const WEBGPU_DEFAULTS: GpuLimits = {
  workgroupSize: 256,
  workgroupBytes: 16384,
  privateBytes: 8192,
  bindings: 8,
  gridSize: 65535,
  subgroups: false,
  f16: false,
};

/** What the schedule asks of a target, to choose among kernels that give the same results. */
export interface Machine extends Pick<Target, "simd" | "relaxedMadd" | "wide"> {
  /**
   * Of GPUs: programs of a grid are invocations, thousands at a time. Each makes one element, or one row's reduction; nothing is made in
   * place, since two bindings may not be one memory.
   */
  readonly gpu: GpuLimits | null;
}
export const PLAIN_MACHINE: Machine = { simd: true, relaxedMadd: false, wide: false, gpu: null };
export const GPU_MACHINE: Machine = { simd: false, relaxedMadd: true, wide: false, gpu: WEBGPU_DEFAULTS };

/** Elements of a type in one vector register: 4 for everything computed in 32 bits, 2 for the 8-byte types. */
export function vectorLanes(dtype: DType, target: Target): number {
  if (!target.simd) return 1;
  return dtype === "i64" || dtype === "u64" || dtype === "f64" || dtype === "key" ? 2 : 4;
}
