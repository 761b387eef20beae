// No thunk can reach it.
import { array, jit, type Tensor } from "tilework";

class Net {
  #scale = 2;
  @jit forward(x: Tensor): Tensor {
    return x.mul(this.#scale);
    //                ^ TW7001
  }
}
export const y = new Net().forward(array(2));
