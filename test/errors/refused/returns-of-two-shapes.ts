// One number here, two there.
import { array, jit, type Num, numpy as np } from "tilework";

export const y = jit((x: Num<[]>) => (x > 0 ? { a: x } : { a: x, b: np.exp(x) }))(array(2));
//                                    ^ TW7007
