/** A Transformer as a model: a class with its layers in a list, whose methods are staged and whose instances are trees of weights. */
import { jit, model, type Num, nn, num, numpy as np, type Tensor, tensor } from "tilework";

export interface Layer {
  readonly qkv: Tensor;
  readonly out: Tensor;
  readonly up: Tensor;
  readonly down: Tensor;
}

@model
export class Transformer {
  constructor(
    readonly layers: readonly Layer[],
    readonly heads: number,
  ) {}

  /** [time, features] → [time, features] */
  @jit forward(x: Tensor<["time", "features"]>): Tensor {
    let h = num(x);
    for (const layer of this.layers) {
      h = h + this.attention(layer, this.norm(h));
      h = h + this.network(layer, this.norm(h));
    }
    return tensor(this.norm(h));
  }

  norm(x: Num) {
    const centred = x - np.mean(x, -1, { keepdims: true });
    return centred / np.sqrt(np.mean(centred ** 2, -1, { keepdims: true }) + 1e-5);
  }

  /** Each place looks at itself and back. */
  attention(layer: Layer, x: Num) {
    const [time, features] = np.shape(x);
    const size = features / this.heads;
    const past = np.expandDims(np.arange(time), 1) >= np.arange(time);
    const [q, k, v] = np.split(np.dot(x, num(layer.qkv)), 3, -1);
    const heads: number[] = [];
    for (let i = 0; i < this.heads; i++) {
      const part = (m: Num) => np.index(m, ":", `${i * size}:${(i + 1) * size}`);
      const scores = np.dot(part(q), np.transpose(part(k))) / Math.sqrt(size);
      heads.push(np.dot(nn.softmax(past ? scores : -1e9), part(v)));
    }
    return np.dot(np.concatenate(heads, -1), num(layer.out));
  }

  network(layer: Layer, x: Num) {
    const h = np.dot(x, num(layer.up));
    return np.dot(h * nn.sigmoid(h), num(layer.down));
  }
}
