/** Adam (Kingma & Ba 2015) with decoupled weight decay: parameter and moments read once, written once, in place where they are donated. */
import { kernel } from "../../dsl/kernel/own.js";
import { concatenate, reshape, sliceInDim } from "../../lax/structure.js";
import type { Tensor } from "../../tracer/tensor.js";
import * as tree from "../../tree/index.js";
import { prod } from "../../util/index.js";
import { arange, type constexpr, load, programId, type Ref, sqrt, store } from "../../dsl/kernel/index.js";
import { ceilDiv } from "./rows.js";

type Triple = readonly Tensor[];

/** parameters, first and second moments, gradients [n]; rates [2]: rate / (1 - β1^t) and 1 / (1 - β2^t). */
export const adamKernel = kernel<Triple>(
  function adam(
    p: Ref,
    m: Ref,
    v: Ref,
    g: Ref,
    rates: Ref,
    newP: Ref,
    newM: Ref,
    newV: Ref,
    BLOCK: constexpr,
    B1: constexpr,
    B2: constexpr,
    EPSILON: constexpr,
    DECAY: constexpr,
  ) {
    const at = programId(0) * BLOCK + arange(BLOCK);
    const mask = at < p.shape[0];
    const [weight, slope] = [load(p, [at], { mask }), load(g, [at], { mask })];
    const first = load(m, [at], { mask }) * B1 + slope * (1 - B1);
    const second = load(v, [at], { mask }) * B2 + slope * slope * (1 - B2);
    const step = (first * load(rates, [0])) / (sqrt(second * load(rates, [1])) + EPSILON);
    store(newP, [at], weight * (1 - DECAY) - step, { mask });
    store(newM, [at], first, { mask });
    store(newV, [at], second, { mask });
  },
  {
    out: (p: Tensor, m: Tensor, v: Tensor) => [p, m, v],
    grid: (...given: unknown[]) => ceilDiv((given[0] as Tensor).shape[0], (given[5] as { BLOCK: number }).BLOCK),
  },
);

export interface AdamOptions {
  readonly b1?: number;
  readonly b2?: number;
  readonly epsilon?: number;
  /** Learning rate times weight decay. */
  readonly decay?: number;
}
const BLOCK = 1024;

/** One step of all parameters in one launch: their leaves one after the other in one vector [n]. `rates` as the kernel's. */
export function adamStep(p: Tensor, m: Tensor, v: Tensor, g: Tensor, rates: Tensor, options: AdamOptions = {}): Triple {
  const { b1 = 0.9, b2 = 0.999, epsilon = 1e-8, decay = 0 } = options;
  const constants = { BLOCK: Math.min(BLOCK, p.shape[0]), B1: b1, B2: b2, EPSILON: epsilon, DECAY: decay };
  return adamKernel(p, m, v, g, rates, constants);
}

/** The leaves of a tree of arrays of one dtype as one vector, and what makes a tree of such a vector. */
export function flattenParameters(params: unknown): [vector: Tensor, unflatten: (vector: Tensor) => unknown] {
  const { leaves, treedef } = tree.flatten(params);
  const tensors = leaves as Tensor[];
  const sizes = tensors.map((x) => prod(x.shape));
  const vector = concatenate(
    tensors.map((x, i) => reshape(x, [sizes[i]])),
    0,
  );
  return [
    vector,
    (flat) => {
      let from = 0;
      return tree.unflatten(
        treedef,
        tensors.map((x, i) => {
          const part = sliceInDim(flat, from, from + sizes[i], 1, 0);
          from += sizes[i];
          return reshape(part, x.shape);
        }),
      );
    },
  ];
}
