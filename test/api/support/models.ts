/** Models with decorators, compiled in three ways by load-models.ts. */
import { jit, model, numpy as np, num, random, type Tensor } from "tilework";

@model
export class Dense {
  w: Tensor;
  b: Tensor | null;
  constructor(
    key: Tensor,
    readonly sizes: readonly [number, number],
    bias = true,
  ) {
    this.w = random.normal(key, [...sizes]).mul(0.3);
    this.b = bias ? np.zeros([sizes[1]]) : null;
  }
  forward(x: Tensor): Tensor {
    const y = np.dot(x, this.w);
    return this.b ? y.add(this.b) : y;
  }
}

/** What ran as JavaScript: once for each trace where a function is traced, never where its source is interpreted. */
export const log: string[] = [];
const note = (what: string): void => {
  log.push(what);
};

@model
export class Net {
  layers: Dense[];
  heads = 2;
  label = "net";
  act = np.tanh;
  constructor(seed: number) {
    const [a, b] = random.split(random.key(seed));
    this.layers = [new Dense(a, [3, 4]), new Dense(b, [4, 2], false)];
  }
  get depth(): number {
    return this.layers.length;
  }
  @jit forward(x: Tensor): Tensor {
    note("forward");
    let h = x;
    for (let i = 0; i < this.depth; i++) {
      h = this.layers[i].forward(h);
      if (i < this.depth - 1) h = this.act(h);
    }
    // a number of the model is one, also in traces
    return np.tile(h, [1, this.heads]);
  }
  loss(x: Tensor): Tensor {
    return this.forward(x).square().mean();
  }
  @jit({ donate: [0], staticArgnums: -1 }) scaled(x: Tensor, by: number): Tensor {
    note(`scaled ${by}`);
    return x.mul(this.layers[0].w.sum()).mul(by);
  }
  @jit static make(x: Tensor): Tensor {
    return x.add(1);
  }
}

@model
export class Wider extends Net {
  extra = np.ones([2]);
  override loss(x: Tensor): Tensor {
    return super.loss(x).add(this.extra.sum());
  }
}

/** No model: its instances are static. */
export class Plain {
  w: Tensor = np.ones([2]);
  rate = 1;
  inner = { v: np.ones([2]) };
  @jit forward(x: Tensor): Tensor {
    note("plain");
    return x.mul(this.w).add(this.inner.v).mul(this.rate);
  }
}

@model({ static: ["table"] })
export class Lookup {
  table: Tensor = np.arange(3);
  words = ["a", "b"];
  scale: Tensor = np.ones([]);
  @jit forward(i: Tensor): Tensor {
    return np.take(this.table, i).mul(this.scale);
  }
}

/** Needs its source: a condition and operators on arrays. */
@model
export class Captured {
  limit: Tensor = np.ones([]);
  clip(x: Tensor): Tensor {
    let y = num(x);
    const limit = num(this.limit);
    if (y > limit) y = limit + 0.1 * (y - limit);
    return np.multiply(y, 1) as unknown as Tensor;
  }
}
