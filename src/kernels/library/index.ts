/** The library's kernels, each written in the kernel language, with its gradient. */
export { crossEntropy, crossEntropyKernel } from "./cross-entropy.js";
export { layerNorm, layerNormKernel, rmsNorm, rmsNormKernel } from "./layer-norm.js";
export { logSoftmax, logSoftmaxKernel, softmax, softmaxKernel } from "./softmax.js";
