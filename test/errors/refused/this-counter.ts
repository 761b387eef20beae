// A method that changes its object.
import { array, jit, type Tensor } from "tilework";

class Net {
  calls = 0;
  @jit forward(x: Tensor): Tensor {
    this.calls++;
    // ^ TW7004
    return x.mul(2);
  }
}
export const y = new Net().forward(array(2));
