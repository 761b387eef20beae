// One draw for all calls.
import { array, jit, type Num } from "tilework";

export const y = jit((x: Num<[]>) => x * Math.random())(array(2));
//                                       ^ TW7015
