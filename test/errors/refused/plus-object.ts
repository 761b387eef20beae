// An object is not an array.
import { array, jit, type Num } from "tilework";

export const y = jit((x: Num<[]>, p: { w: Num<[]> }) => x + (p as unknown as number))(array(2), { w: array(1) });
//                                                      ^ TW7015
