// The class above is not captured with it.
import { array, jit, type Tensor } from "tilework";

class Base {
  forward(x: Tensor): Tensor {
    return x.mul(2);
  }
}
class Net extends Base {
  @jit override forward(x: Tensor): Tensor {
    return super.forward(x).add(1);
    //     ^ TW7001
  }
}
export const y = new Net().forward(array(2));
