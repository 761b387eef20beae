// There is no value on the other.
import { array, jit, type Num } from "tilework";

export const y = jit((x: Num<[]>) => {
  let sign: number;
  if (x > 0) sign = 1;
  // @ts-expect-error tsc sees it as well
  return sign * 2;
  //     ^ TW7006
})(array(2));
