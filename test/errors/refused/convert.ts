// It is a number already, and its value is not known.
import { array, jit, type Num } from "tilework";

export const y = jit((x: Num<[]>) => Number(x) + 1)(array(2));
//                                   ^ TW7015
