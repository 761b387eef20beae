// How many are left, only the run knows.
import { array, jit, type Num, numpy as np } from "tilework";

export const y = jit((x: Num<[]>) => np.stack([1, 2, 3].filter((k) => k > x)))(array(2));
//                                            ^ TW7015
