import { grad, numpy as np } from "tilework";

/** One step of gradient descent. */
export function step(params, x, y) {
  const loss = (p) => np.mean(np.square(np.tanh(np.dot(x, p.w).add(p.b)).sub(y)));
  const g = grad(loss)(params);
  return { params: { w: params.w.sub(g.w.mul(0.1)), b: params.b.sub(g.b.mul(0.1)) }, loss: loss(params) };
}
