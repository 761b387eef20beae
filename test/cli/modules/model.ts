import { nn, numpy as np, type Tensor } from "tilework";
import { activate } from "./activate.js";

type Params = { w: Tensor<[3, 4]>; b: Tensor<[4]> };

export function predict(p: Params, x: Tensor<["batch", 3]>): Tensor {
  return activate(np.dot(x, p.w).add(p.b));
}

export const loss = (p: Params, x: Tensor, y: Tensor<["batch"], "i32">): Tensor => nn.crossEntropy(predict(p, x), y);
