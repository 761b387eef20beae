import { debug, grad, jit, nn, numpy as np, random, type Tensor } from "tilework";

const hidden = random.normal(random.key(3), [12, 33]);
const out = random.normal(random.key(4), [33, 5]);

/** Closes over its weights. */
export const classify = jit((x: Tensor) => nn.softmax(np.dot(np.tanh(np.dot(x, hidden)), out)));

type Params = { w: Tensor; b: Tensor };

/** Structures in and out, scalars, several dtypes. */
export function train(params: Params, [x, y]: [Tensor, Tensor], rate: Tensor) {
  const loss = (p: Params) => np.mean(np.square(np.dot(x, p.w).add(p.b).sub(y)));
  const g = grad(loss)(params);
  return {
    params: { w: params.w.sub(g.w.mul(rate)), b: params.b.sub(g.b.mul(rate)) },
    loss: loss(params),
    finite: np.all(np.isfinite(g.w)),
    best: np.argmax(params.w, 0),
    input: x,
  };
}

export const talks = (x: Tensor) => {
  debug.print("{}", x);
  return x;
};
export const named = (x: Tensor) => new Map([["x", x]]);

/** One program for all sizes, with a number that follows them, and one that is not. */
export const meanLoss = (w: Tensor, [x, y]: [Tensor, Tensor]) => ({
  loss: np.mean(np.square(np.dot(x, w).sub(y))),
  rows: np.sum(x, 0),
});
export const branches = (x: Tensor) => (Number(x.shape[0]) > 50 ? np.sin(x) : np.cos(x));
export const sorted = (x: Tensor) => np.sort(x, 0);
export const inverse = (x: Tensor) => np.linalg.inv(x);
/** With one key it is another program. */
export const attention = (q: Tensor, k: Tensor) => np.dot(nn.softmax(np.dot(q, k.T)), k);
