// Three columns and two.
import { array, jit, type Num } from "tilework";

export const y = jit((a: Num<[3]>, b: Num<[2]>) => a * b)(array([1, 2, 3]), array([1, 2]));
//                                                 ^ TW2002
