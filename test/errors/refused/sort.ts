// An order that only the run knows.
import { array, jit, type Num } from "tilework";

export const y = jit((a: Num<[]>, b: Num<[]>) => [a, b].sort((p, q) => p - q)[0])(array(2), array(1));
//                                               ^ TW7015
