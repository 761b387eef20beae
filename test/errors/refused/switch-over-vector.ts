// And with switch.
import { array, jit, type Num } from "tilework";

export const y = jit((v: Num<[3], "i32">) => {
  switch (v) {
    case 0:
      // ^ TW7005
      return 1;
    default:
      return 2;
  }
})(array([1, 2, 3], { dtype: "i32" }));
