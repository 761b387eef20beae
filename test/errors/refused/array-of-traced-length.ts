// A list as long as a number that only the run knows.
import { array, jit, type Num, numpy as np } from "tilework";

export const y = jit((n: Num<[], "i32">) => np.stack(Array.from({ length: n }, () => 1)))(array(2, { dtype: "i32" }));
//                                                   ^ TW1001
