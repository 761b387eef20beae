// What the transforms give: arrays in and out, trees kept, options and argument numbers followed.
import { grad, hessian, jit, jvp, nn, numpy as np, type Tensor, tree, valueAndGrad, vjp, vmap } from "tilework";

type Params = { w: Tensor<[784, 10]>; b: Tensor<[10]> };

const predict = jit((p: Params, x: Tensor<["batch", 784]>) => np.dot(x, p.w).add(p.b));
const loss = (p: Params, x: Tensor<["batch", 784]>, y: Tensor<["batch"], "i32">) => nn.crossEntropy(predict(p, x), y);
const step = jit(
  (p: Params, x: Tensor<["batch", 784]>, y: Tensor<["batch"], "i32">) =>
    tree.map((w, g) => w.sub(g.mul(0.1)), p, grad(loss)(p, x, y)),
  { donate: [0] },
);

declare const params: Params;
declare const images: Tensor<[32, 784]>;
declare const labels: Tensor<[32], "i32">;

const logits: Tensor = predict(params, images);
const next: Params = step(params, images, labels);
const gradient: Params = grad(loss)(params, images, labels);
const [value, gradient2]: [Tensor, Params] = valueAndGrad(loss)(params, images, labels);
const [g0, g1]: [Params, Tensor] = grad(loss, { argnums: [0, 1] })(params, images, labels);
const batched: Tensor = vmap((x: Tensor<["n"]>) => x.mul(2))(images);
const [primal, tangent]: [Tensor, Tensor] = jvp((x: Tensor) => np.sin(x), [logits], [logits]);
const [out, pull] = vjp((x: Tensor) => np.sin(x), logits);
const nested: Tensor = jit(vmap(grad((x: Tensor<[]>) => np.sin(x))))(logits);
const h: Tensor = hessian((x: Tensor) => np.sum(x.mul(x)))(logits) as Tensor;

// a number does where a tensor is wanted
const scaled: Tensor = jit((x: Tensor, k: number) => x.mul(k))(logits, 3);

// mistakes that tsc sees
// @ts-expect-error the image size is 784
predict(params, np.zeros([32, 10]) as Tensor<[32, 10]>);
// @ts-expect-error labels are i32
step(params, images, np.zeros([32]) as Tensor<[32], "f32">);
// @ts-expect-error b is missing
predict({ w: params.w }, images);
// @ts-expect-error arrays do not add with +
logits * logits;

export { batched, g0, g1, gradient, gradient2, h, nested, next, out, primal, pull, scaled, tangent, value };
