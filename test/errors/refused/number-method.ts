// Texts are made outside.
import { array, jit, type Num } from "tilework";

export const y = jit((x: Num<[]>) => x.toFixed(2) as unknown as number)(array(2));
//                                   ^ TW7015
