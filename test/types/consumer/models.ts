// Models: a class keeps its type under the decorator, and trees of models are models.
import {
  array,
  grad,
  hessian,
  jit,
  type Jitted,
  model,
  numpy as np,
  scan,
  type Tensor,
  tree,
  valueAndGrad,
  vjp,
  vmap,
} from "tilework";

@model
class Dense {
  b: Tensor<[10], "f32"> = np.zeros([10]);
  private readonly note = "hidden";
  constructor(
    readonly w: Tensor<[784, 10], "f32">,
    readonly heads = 4,
  ) {}
  @jit forward(x: Tensor<["batch", 784]>): Tensor {
    return np.dot(x, this.w).add(this.b).mul(this.note.length);
  }
  @jit({ donate: [0], staticArgnums: 1 }) scaled(x: Tensor, by: number): Tensor {
    return x.mul(by);
  }
  @jit() twice(x: Tensor): Tensor {
    return x.mul(2);
  }
}
@model({ static: ["words"] })
class Net {
  words = ["a"];
  layers: Dense[] = [];
  head: { dense: Dense; scale: Tensor } | null = null;
  loss(x: Tensor<["batch", 784]>): Tensor<[]> {
    return (this.layers as [Dense])[0].forward(x).mean() as Tensor<[]>;
  }
}
declare const net: Net;
declare const x: Tensor<[32, 784], "f32">;

// the class is the class
const made: Dense = new Dense(np.zeros([784, 10]));
const Made = model(class Point { p = array([1]); });
const point: Tensor = new Made().p;
const heads: number = made.heads;

// trees of models are models, whose leaves are arrays
const g: Net = grad((m: Net, v: Tensor<["batch", 784]>) => m.loss(v))(net, x);
const next: Net = tree.map((w, d) => w.sub(d.mul(0.1)), net, g);
const [value, g2]: [Tensor, Net] = valueAndGrad((m: Net, v: Tensor<["batch", 784]>) => m.loss(v))(net, x);
const step = jit((m: Net, v: Tensor<["batch", 784]>) => tree.map((w, d) => w.sub(d), m, grad((n: Net) => n.loss(v))(m)), {
  donate: [0],
});
const stepped: Net = step(next, x);
const stacked: Net = tree.map((...ws: Tensor[]) => np.stack(ws), net, next);
const all: Tensor = vmap((m: Net) => m.loss(x), { inAxes: 0 })(stacked);
const nets: Net = vmap((s: Tensor) => tree.map((w) => w.mul(s), net))(array([1, 2]));
const [out]: [Tensor, unknown] = scan((h: Tensor, layer: Dense) => [layer.forward(h), null] as [Tensor, null], x, made);
const [, pull] = vjp((m: Dense) => m.twice(x), made);
const [back]: [Dense] = pull(x);
const ranks = tree.map((w) => w.ndim, made);
const rank: number = ranks.b;
const kept: number = ranks.heads;
const call: (x: Tensor<["batch", 784]>) => Tensor = made.forward;
const curvature = hessian((m: Dense) => m.b.sum())(made);
const leaf: Tensor = tree.reduce((a: Tensor, w) => a.add(w.sum()), net, array(0));
void curvature;

// options alone give a decorator
const wrap: Jitted<[x: Tensor], Tensor> = jit({ donate: 0 })((v: Tensor) => v.mul(2));
const wrapped: Tensor = jit()((v: Tensor) => v)(x);

// @ts-expect-error static names fields
model({ static: 3 });
// @ts-expect-error not a class
model(3);
class Wrong {
  // @ts-expect-error the option is donate
  @jit({ donates: 0 }) f(v: Tensor): Tensor {
    return v;
  }
}
export {
  all, back, call, g, g2, heads, kept, leaf, made, nets, out, point, rank, stacked, step, stepped, value, wrap, wrapped, Wrong,
};
