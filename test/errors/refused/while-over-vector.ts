// Which of the elements decides?
import { array, jit, type Num } from "tilework";

export const y = jit((v: Num<[3]>) => {
  let x: number = v;
  while (x > 1) x = x / 2;
  //     ^ TW7005
  return x;
})(array([1, 2, 3]));
