/** The library's kernels, each written in the kernel language, with its gradient. */
export { type AdamOptions, adamKernel, adamStep, flattenParameters } from "./adam.js";
export {
  attentionKernel,
  decodeAttention,
  decodeKernel,
  type FlashAttentionOptions,
  flashAttention,
  writeCache,
} from "./attention.js";
export {
  conv2d,
  convDirectKernel,
  convKernel,
  maxPool,
  maxPoolKernel,
  meanPool,
  meanPoolKernel,
  type WindowOptions,
} from "./convolution.js";
export { crossEntropy, crossEntropyKernel } from "./cross-entropy.js";
export { dropout, dropoutKernel } from "./dropout.js";
export { embedding, gatherKernel, scatterAdd, scatterAddKernel } from "./embedding.js";
export { layerNorm, layerNormKernel, rmsNorm, rmsNormKernel } from "./layer-norm.js";
export { type MatmulOptions, matmul, matmulKernel } from "./matmul.js";
export {
  int4Kernel,
  int4RowsKernel,
  int8Kernel,
  matmulInt4,
  matmulInt8,
  quantizeInt4,
  quantizeInt8,
} from "./quantized.js";
export { rotary, rotaryKernel, rotaryTables } from "./rotary.js";
export { cumsum, cumsumKernel, topK, topKKernel } from "./scans.js";
export { logSoftmax, logSoftmaxKernel, softmax, softmaxKernel } from "./softmax.js";
