// Reverse mode would have to keep a number of steps that nobody knows.
import { array, grad, type Num } from "tilework";

export const y = grad((x: Num<[]>) => {
  let v: number = x;
  while (v > 1) v = v / 2;
  //     ^ TW3003
  return v;
})(array(9));
