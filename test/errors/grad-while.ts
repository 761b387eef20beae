// Reverse mode would have to remember a number of steps that nobody knows.
import { array, grad, type Tensor, whileLoop } from "tilework";

const halve = (x: Tensor): Tensor => {
  const above = (c: Tensor) => c.greater(1);
  return whileLoop(above, (c: Tensor) => c.mul(0.5), x);
  //     ^ TW3003
};
grad(halve)(array(10));
