import * as tw from "tilework";
import { settings } from "./constants.js";

export class Net {
  readonly w: tw.Tensor;
  constructor(w: number[]) {
    this.w = tw.array(w);
  }
  @tw.jit forward(x: tw.Tensor): tw.Tensor {
    let y = x;
    for (let i = 0; i < settings.layers.count; i++) y = this.layer(y);
    return y;
  }
  layer(x: tw.Tensor): tw.Tensor {
    return tw.numpy.sum(x.mul(this.w)) > 100 ? x : x.mul(this.w);
  }
}
