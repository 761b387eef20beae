/** Elements of a vector by their positions. */
import * as lax from "../lax/index.js";
import type { Tensor } from "../tracer/tensor.js";

/** `x[at]` for a vector `x` and positions of any shape; those out of bounds are moved to the nearest end. */
export function elementsAt(x: Tensor, at: Tensor): Tensor {
  return lax.gather(x, lax.expandDims(at, [at.ndim]), {
    dims: {
      offsetDims: [],
      collapsedSliceDims: [0],
      operandBatchingDims: [],
      startIndicesBatchingDims: [],
      startIndexMap: [0],
    },
    sliceSizes: [1],
    mode: "clip",
  });
}

/** How lax.scatter and its kin take positions of shape [n, 1] in a vector; those out of bounds are dropped. */
export const TO_ELEMENTS = {
  dims: {
    updateWindowDims: [],
    insertedWindowDims: [0],
    operandBatchingDims: [],
    scatterIndicesBatchingDims: [],
    scatterDimsToOperandDims: [0],
  },
  mode: "fill",
  uniqueIndices: false,
} as const;
