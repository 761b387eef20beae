/** Names of jax-js that are others here, and those that have no counterpart, each with what to do about it. */

/** By the name in jax-js, as in "numpy.around": the last part here. */
export const RENAMED: Readonly<Record<string, string>> = {
  jacobian: "jacrev",
  makeJaxpr: "makeProgram",
  "numpy.around": "round",
  "numpy.bool": "bool_",
  "numpy.degrees": "rad2deg",
  "numpy.radians": "deg2rad",
  "numpy.hann": "hanning",
  "numpy.var_": "variance",
  "numpy.cumulativeSum": "cumsum",
  "numpy.cumulativeProd": "cumprod",
  "lax.convWithGeneralPadding": "convGeneralDilated",
};

/** Members of `scipySpecial`, and where they are here. */
export const SPECIAL: Readonly<Record<string, string>> = {
  erf: "lax.erf",
  erfc: "lax.erfc",
  logSoftmax: "nn.logSoftmax",
  logsumexp: "nn.logsumexp",
  softmax: "nn.softmax",
};

/** Members of the enumeration DType, and those of numpy that stand for them. */
export const DTYPES: Readonly<Record<string, string>> = {
  Float16: "float16",
  Float32: "float32",
  Float64: "float64",
  Int32: "int32",
  Uint32: "uint32",
  Bool: "bool_",
};

/** What has no counterpart: the remedy, a sentence. */
export const MISSING: Readonly<Record<string, string>> = {
  ClosedJaxpr: "makeProgram gives a program; printProgram prints it",
  Jaxpr: "makeProgram gives a program; printProgram prints it",
  getWebGPUDevice: "Tilework runs on the CPU; take this away",
  profiler: "explain(f)(...args).profile() says where the time of a compiled function goes",
  setDebug: "explain(f)(...args) shows every stage of a compiled function",
  devices: "Tilework runs on the CPU; take this away",
  "tree.NodeType": "take this away",
  "numpy.applyAlongAxis": "use vmap over the other axes",
  "numpy.applyOverAxes": "call the function for one axis after the other",
  "numpy.diagIndicesFrom": "use np.diagIndices(n, ndim)",
  "numpy.frexp": "there is no frexp",
  "numpy.polyadd": "pad the shorter list of coefficients with np.pad, and add",
  "numpy.polysub": "pad the shorter list of coefficients with np.pad, and subtract",
  "numpy.polymul": "use np.convolve(a, b)",
  "numpy.polyder": "multiply the coefficients by their powers, and leave out the last",
  "numpy.fft": "there is no Fourier transform yet; multiply by the matrix of roots of unity where the size is small",
  "lax.convTranspose":
    "use lax.convGeneralDilated with lhsDilation: the strides, and a padding of kernel size - 1 - padding",
  "nn.log1mexp": "use np.log(np.negative(np.expm1(np.negative(x))))",
  "nn.logmeanexp": "use nn.logsumexp(x, axis).sub(Math.log(n))",
  "scipySpecial.logit": "use np.log(x).sub(np.log1p(np.negative(x)))",
  "optax.treeBiasCorrection": "scaleByAdam does this itself",
  "optax.treeUpdateMoment": "scaleByAdam does this itself",
  loaders:
    "tilework/io has readSafetensors, npy, npz and idx (bytes in, tensors out); tokenizers, OPFS and caches it has not: keep this package for them",
  onnx: "there is no reader of ONNX yet: keep this package out of staged code, or write the model as functions",
};

/** Names of optax that are exported by tilework/optim, under the same name. */
export const OPTIM: ReadonlySet<string> = new Set(
  `adam adamw sgd identity setToZero chain addDecayedWeights clipByGlobalNorm scale scaleByAdam scaleByLearningRate scaleBySchedule trace
   applyUpdates squaredError l2Loss treeNorm treeSum treeMax treeZerosLike treeOnesLike GradientTransformation`
    .trim()
    .split(/\s+/),
);
/** Types of optax, and what they are here. */
export const OPTIM_TYPES: Readonly<Record<string, string>> = {
  OptState: "Tree",
  ScaleByAdamOptions: "AdamOptions",
  ScalarOrSchedule: "Schedule",
};
