/** The public entry of Tilework: names only. */
import "./api/setup.js";

export {
  grad,
  hessian,
  jacfwd,
  jacrev,
  jvp,
  linearize,
  linearTranspose,
  valueAndGrad,
  vjp,
  vjpWithAux,
} from "./api/autodiff.js";
export type { GradOptions } from "./api/autodiff.js";
export { configure } from "./api/config.js";
export type { Config } from "./api/config.js";
export * as debug from "./api/debug.js";
export { init, workerScript } from "./api/init.js";
export {
  blockUntilReady,
  evalShape,
  explain,
  liveArrays,
  makeProgram,
  memoryStats,
  ShapeDtype,
} from "./api/inspect.js";
export type { Explanation } from "./api/inspect.js";
export { autotune, heuristics } from "./api/autotune/index.js";
export type {
  AutotuneOptions,
  Heuristics,
  KernelConfig,
  TunedKernel,
  TuneProgress,
  Tuning,
  TuningRow,
} from "./api/autotune/index.js";
export { jit } from "./api/jit.js";
export { kernel } from "./api/kernel.js";
/** @internal */
export { capturedKernel } from "./api/kernel.js";
export type { Kernel, KernelDecorator, KernelOptions, OutSpec, TypedKernelOptions } from "./api/kernel.js";
export { model } from "./api/model.js";
export type { ModelOptions } from "./api/model.js";
export type { DynamicArgument, DynamicAxes, DynamicOption } from "./api/dynamic-option.js";
export type { JitDecorator, Jitted, JittedMembers, JitOptions } from "./api/jit.js";
export { printSource } from "./api/source/index.js";
export type { SourceOptions } from "./api/source/index.js";
export { customRoot } from "./api/root.js";
export type { Batched, BatchedArgs, BatchedFunction, StagedBatchedFunction } from "./api/types.js";
export { type AsNums, type Declaration, type Declared, type Spec, spec } from "./api/spec.js";
export { num, tensor } from "./tracer/num.js";
export type { Num, NumBrand } from "./tracer/num.js";
export type { ArrayFunction, In, InArgs, Out, StagedFunction, Transformed } from "./tracer/signatures.js";
export { vmap } from "./api/vmap.js";
export type { VmapOptions } from "./api/vmap.js";
export { CATALOG as errorCatalog } from "./diagnostics/catalog.js";
export { isTileworkError, TileworkError } from "./diagnostics/error.js";
export type { Diagnostic } from "./diagnostics/error.js";
export { range } from "./dsl/range.js";
export { interpretTensors as interpret } from "./api/interpret.js";
export type { InterpretedKernel } from "./api/interpret-kernel.js";
export type { InterpretKernelOptions } from "./debugger/launch.js";
export type { KernelReport } from "./debugger/report.js";
export type { DType } from "./ir/dtype.js";
export { printProgram } from "./ir/print.js";
export * as lax from "./lax/index.js";
export * as nn from "./nn/index.js";
export * as numpy from "./numpy/index.js";
export { array } from "./numpy/creation.js";
export * as random from "./random/index.js";
export { associativeScan, cond, foriLoop, map, scan, switchCase, whileLoop } from "./tracer/control.js";
export { checkpoint, checkpointName, checkpointPolicies, customJvp, customVjp } from "./tracer/custom.js";
export type { CustomJvp, CustomJvpMembers, CustomVjp, CustomVjpMembers } from "./tracer/custom.js";
export { Tensor } from "./tracer/tensor.js";
export type { DataOf, ItemOf, NestedArray, ShapeSpec } from "./tracer/tensor.js";
export * as tree from "./tree/index.js";
export type { Tree } from "./tree/types.js";
