/**
 * What jax-js exports, as declarations that a type checker reads: enough to tell which expressions are its arrays and which
 * of its functions a call means. They stand in for its own, so that a program is read the same whether or not jax-js is installed.
 */

const words = (text: string): string[] => text.trim().split(/\s+/);

/** Functions that give one array. */
const NUMPY = words(`
  abs absolute acos acosh add append applyAlongAxis applyOverAxes arange arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax
  argmin argsort around array arrayEqual arrayEquiv asin asinh astype atan atan2 atanh average bartlett bitwiseAnd bitwiseCount
  bitwiseInvert bitwiseLeftShift bitwiseNot bitwiseOr bitwiseRightShift bitwiseXor blackman broadcastTo cbrt ceil clip columnStack
  concatenate convolve copysign corrcoef correlate cos cosh countNonzero cov cross cumprod cumsum cumulativeProd cumulativeSum deg2rad
  degrees diag diagflat diagonal diff divide dot dstack ediff1d einsum equal exp exp2 expandDims expm1 eye flip fliplr flipud floatPower
  floor floorDivide fmax fmin fmod full fullLike geomspace greater greaterEqual hann heaviside hstack hypot identity inner invert
  isfinite isin isinf isnan isneginf isposinf ldexp leftShift less lessEqual linspace log log10 log1p log2 logaddexp logaddexp2 logicalAnd
  logicalNot logicalOr logicalXor logspace matmul matrixTranspose matvec max maximum mean min minimum moveaxis multiply nanToNum nanargmax
  nanargmin nancumprod nancumsum nanmax nanmean nanmin nanprod nanstd nansum nanvar negative notEqual ones onesLike outer pad permuteDims
  polyadd polyder polymul polysub polyval positive pow power prod ptp rad2deg radians ravel reciprocal remainder repeat reshape rightShift
  rint roll rot90 round select sign signbit sin sinc sinh sort sqrt square squeeze stack std subtract sum swapaxes take takeAlongAxis tan
  tanh tensordot tile trace transpose trapezoid tri tril triu trueDivide trunc unwrap vander var_ vdot vecdot vecmat vstack where zeros
  zerosLike any all`);
const LISTS = words(
  "arraySplit broadcastArrays diagIndices diagIndicesFrom dsplit hsplit meshgrid split unstack vsplit divmod modf frexp",
);
const LINALG =
  words(`cholesky cross det diagonal eigvalsh inv lstsq matmul matrixNorm matrixPower matrixTranspose multiDot norm outer
  solve svdvals tensordot trace vecdot vectorNorm`);
const FFT = words("fft fft2 fftn ifft ifft2 ifftn rfft rfft2 rfftn ihfft");
const FFT_REAL = words("fftfreq fftshift hfft ifftshift irfft irfft2 irfftn rfftfreq");
const LAX =
  words(`bitcastConvertType conv convGeneralDilated convTranspose convWithGeneralPadding dot erf erfc reduceWindow
  stopGradient`);
const NN =
  words(`celu dotProductAttention elu gelu glu hardSigmoid hardSilu hardSwish hardTanh identity leakyRelu log1mexp logSigmoid
  logSoftmax logmeanexp logsumexp mish oneHot relu relu6 selu sigmoid silu softSign softmax softplus sparsePlus sparseSigmoid squareplus
  standardize swish`);
const RANDOM =
  words(`ball bernoulli bits categorical cauchy choice doubleSidedMaxwell exponential geometric gumbel key laplace logistic
  lognormal maxwell multivariateNormal normal pareto permutation rademacher randint rayleigh split triangular uniform weibullMin`);
const SPECIAL = words("erf erfc logSoftmax logit logsumexp softmax");

/** Members of an array that give an array. */
export const ARRAY_METHODS =
  words(`neg add sub mul div mod greater less equal notEqual greaterEqual lessEqual sum prod mean min max all any
  transpose reshape astype view diagonal flatten ravel sort argsort slice`);
/** Members that only an array has, from which one is known where types are not at hand. */
export const TELLING = new Set([
  ...words(
    "neg sub mul div mod greater less notEqual greaterEqual lessEqual transpose reshape astype argsort dataSync jsAsync js",
  ),
]);

const given = (names: readonly string[], result: string): string =>
  names.map((n) => (n === "var_" ? "function var_" : `function ${n}`) + `(...args: any[]): ${result};`).join("\n");

const CORE = `
declare module "@jax-js/jax" {
  export type Device = "cpu" | "wasm" | "webgpu" | "webgl";
  export type JsTree<T> = T | JsTree<T>[] | { [key: string]: JsTree<T> };
  export interface JsTreeDef { readonly brand: "JsTreeDef" }
  enum JaxDType { Float32 = "float32", Int32 = "int32", Uint32 = "uint32", Bool = "bool", Float16 = "float16", Float64 = "float64" }
  export { JaxArray as Array, JaxDType as DType };
  export type OwnedFunction<F> = F & { dispose(): void };
  export class Jaxpr { toString(): string }
  export class ClosedJaxpr { readonly jaxpr: Jaxpr; toString(): string; dispose(): void }
  class JaxArray {
    readonly ref: this;
    readonly refCount: number;
    dispose(): void;
    readonly shape: number[];
    readonly size: number;
    readonly ndim: number;
    readonly dtype: JaxDType;
    readonly weakType: boolean;
    readonly device: Device;
    data(): Promise<any>;
    dataSync(): any;
    js(): any;
    jsAsync(): Promise<any>;
    item(): number;
    gpuBuffer(): Promise<any>;
    gpuBufferSync(): any;
    blockUntilReady(): Promise<JaxArray>;
    ${ARRAY_METHODS.map((m) => `${m}(...args: any[]): JaxArray;`).join("\n    ")}
    [Symbol.iterator](): IterableIterator<JaxArray>;
  }
  type Args<F> = F extends (...args: infer A) => any ? { [K in keyof A]: A[K] extends JaxArray ? JaxArray | number | boolean : A[K] } : any[];
  export function jit<F extends (...args: any[]) => any>(f: F, opts?: any): OwnedFunction<(...args: Args<F>) => ReturnType<F>>;
  export function vmap<F extends (...args: any[]) => any>(f: F, inAxes?: any): (...args: Args<F>) => ReturnType<F>;
  export function grad<F extends (...args: any[]) => any>(f: F): (...args: Args<F>) => Parameters<F>[0];
  export function grad<F extends (...args: any[]) => any>(f: F, opts: any): (...args: Args<F>) => any;
  export function valueAndGrad<F extends (...args: any[]) => any>(f: F): (...args: Args<F>) => [ReturnType<F>, Parameters<F>[0]];
  export function valueAndGrad<F extends (...args: any[]) => any>(f: F, opts: any): (...args: Args<F>) => [ReturnType<F>, any];
  export function jvp<F extends (...args: any[]) => any>(f: F, primals: any, tangents: any): [ReturnType<F>, ReturnType<F>];
  export function jvp<F extends (...args: any[]) => any>(f: F, primals: any, tangents: any, opts: any): any;
  export function vjp<F extends (...args: any[]) => any>(f: F, primals: any, opts?: any): [ReturnType<F>, OwnedFunction<(ct: any) => Parameters<F>>, any];
  export function linearize<F extends (...args: any[]) => any>(f: F, primals: any, opts?: any): [ReturnType<F>, OwnedFunction<(...t: any[]) => ReturnType<F>>, any];
  export function hessian(f: (x: JaxArray) => JaxArray, ...more: any[]): (x: JaxArray | number) => JaxArray;
  export function jacfwd(f: (x: JaxArray) => JaxArray, ...more: any[]): (x: JaxArray | number) => JaxArray;
  export function jacrev(f: (x: JaxArray) => JaxArray, ...more: any[]): (x: JaxArray | number) => JaxArray;
  export function jacobian(f: (x: JaxArray) => JaxArray, ...more: any[]): (x: JaxArray | number) => JaxArray;
  export function makeJaxpr(f: (...args: any[]) => any): (...args: any[]) => { jaxpr: ClosedJaxpr; treedef: JsTreeDef };
  export function blockUntilReady<T>(x: T): Promise<T>;
  export function defaultDevice(device?: Device): Device;
  export function devicePut<T>(x: T, device?: Device): Promise<T>;
  export const devices: Device[];
  export function getWebGPUDevice(): any;
  export function init(...devices: Device[]): Promise<Device[]>;
  export function setDebug(level: number): void;
  export const profiler: { startTrace(): void; stopTrace(): void };
  export namespace tree {
    function flatten(tree: any): [JaxArray[], JsTreeDef];
    function unflatten(def: any, leaves: any): any;
    function leaves(tree: any): JaxArray[];
    function map<T, U>(f: (...args: JaxArray[]) => U, tree: T, ...rest: any[]): U extends JaxArray ? T : any;
    function ref<T>(tree: T): T;
    function dispose(tree: any): void;
    function structure(tree: any): JsTreeDef;
    type NodeType = any;
  }
  export namespace scipySpecial { ${given(SPECIAL, "JaxArray")} }
  export namespace random { ${given(RANDOM, "JaxArray")} }
  export namespace nn { ${given(NN, "JaxArray")} }
  export namespace lax {
    type DotDimensionNumbers = any; type PaddingType = any;
    ${given(LAX, "JaxArray")}
    function topK(...args: any[]): [JaxArray, JaxArray];
    namespace linalg {
      ${given(words("cholesky triangularSolve"), "JaxArray")}
      function eigh(...args: any[]): [JaxArray, JaxArray];
      function svd(...args: any[]): any;
      function lu(...args: any[]): [JaxArray, JaxArray, JaxArray];
    }
  }
  export namespace numpy {
    type Array = JaxArray; const Array: typeof JaxArray; type DType = JaxDType; const DType: typeof JaxDType;
    type ArrayLike = JaxArray | number | boolean;
    const float32: JaxDType; const int32: JaxDType; const uint32: JaxDType; const bool: JaxDType; const float16: JaxDType; const float64: JaxDType;
    const e: number; const eulerGamma: number; const inf: number; const nan: number; const pi: number;
    ${given(NUMPY, "JaxArray")}
    ${given(LISTS, "JaxArray[]")}
    function allclose(...args: any[]): boolean;
    function broadcastShapes(...shapes: number[][]): number[];
    function finfo(dtype: JaxDType): any; function iinfo(dtype: JaxDType): any;
    function fromfunction(...args: any[]): any; function indices(...args: any[]): any;
    function isscalar(x: unknown): boolean;
    function ndim(x: any): number; function shape(x: any): number[]; function size(x: any, axis?: number): number;
    function promoteTypes(a: JaxDType, b: JaxDType): JaxDType; function resultType(...args: any[]): JaxDType;
    namespace linalg {
      ${given(LINALG, "JaxArray")}
      function eigh(...args: any[]): [JaxArray, JaxArray];
      function slogdet(...args: any[]): [JaxArray, JaxArray];
      function svd(a: any, opts: { computeUv: false }): JaxArray;
      function svd(a: any, opts?: any): [JaxArray, JaxArray, JaxArray];
    }
    namespace fft {
      type ComplexPair = { real: JaxArray; imag: JaxArray };
      ${given(FFT, "ComplexPair")}
      ${given(FFT_REAL, "JaxArray")}
    }
  }
}
`;

const OPTAX = `
declare module "@jax-js/optax" {
  import { Array, JsTree } from "@jax-js/jax";
  export type OptState = any;
  export type ScalarOrSchedule = number | ((count: number) => number);
  export interface GradientTransformation {
    init(params: any): OptState;
    update<P>(updates: P, state: OptState, params?: any): [P, OptState];
  }
  type Step = (...args: any[]) => GradientTransformation;
  export const adam: Step, adamw: Step, sgd: Step, identity: Step, setToZero: Step, chain: Step, addDecayedWeights: Step,
    clipByGlobalNorm: Step, scale: Step, scaleByAdam: Step, scaleByLearningRate: Step, scaleBySchedule: Step, trace: Step;
  export function applyUpdates<P>(params: P, updates: any): P;
  export type AdamWOptions = any; export type SgdOptions = any; export type AddDecayedWeightsOptions = any;
  export type ScaleByAdamOptions = any; export type TraceOptions = any; export type NormOrd = any;
  ${given(words("l2Loss squaredError treeMax treeNorm treeSum"), "Array")}
  export function treeBiasCorrection(moments: any, decay: number, count: Array): any;
  export function treeOnesLike<T>(tree: T, dtype?: any): T;
  export function treeUpdateMoment<T>(updates: any, moments: T, decay: number, order: number): T;
  export function treeZerosLike<T>(tree: T, dtype?: any): T;
}
`;

const OTHERS = `
declare module "@jax-js/loaders" {
  export const opfs: any; export class OPFS {} export type OPFSFileInfo = any; export type FetchProgress = any;
  export function cachedFetch(...args: any[]): Promise<Uint8Array>;
  export class WeightMapper { constructor(params?: any); mapObject<T>(o: T): T; mapKey(key: string): string }
  export type WeightMapperParams = any;
  export namespace safetensors {
    type File = { tensors: { [key: string]: Tensor }; metadata?: any; totalSize: number };
    type Tensor = { dtype: string; shape: number[]; data: any };
    function parse(data: any): File; function toNested(x: any): any; function fromNested(x: any, prefix?: string): any;
  }
  export namespace tokenizers { function getBpe(name: string): Promise<any>; function loadSentencePiece(url: string): Promise<any>; type BpeEncoding = any; type SentencePiece = any }
}
declare module "@jax-js/onnx" { export const ONNXModel: any; export type ONNXModel = any; }
`;

/** The text of all declarations. */
export const DECLARATIONS = `${CORE}${OPTAX}${OTHERS}`;
/** Packages of jax-js. */
export const CORE_PACKAGE = "@jax-js/jax";
export const isJaxJs = (module: string): boolean => module.startsWith("@jax-js/");
