// Deep inside counts, too.
import { array, jit, type Num, range } from "tilework";

export const y = jit((k: Num<[], "i32">, x: Num<[]>) => {
  for (const i of range(3)) {
    switch (k) {
      case 0:
        if (x > 0) try { x = x * i; } finally { x = x + 1; }
        //         ^ TW7002
    }
  }
  return x;
})(array(0, { dtype: "i32" }), array(2));
