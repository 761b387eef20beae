// A list compares by identity.
import { array, jit, type Num } from "tilework";

export const y = jit((x: Num<[]>) => ([1, 2, 3].includes(x) ? 1 : 0))(array(2));
//                                    ^ TW7015
