// So is its text.
import { array, jit, type Num } from "tilework";

export const y = jit((x: Num<[]>) => JSON.stringify(x).length)(array(2));
//                                   ^ TW1001
