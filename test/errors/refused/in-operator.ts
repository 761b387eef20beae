// Arrays have no keys.
import { array, jit, type Num } from "tilework";

export const y = jit((k: Num<[]>) => (k in { 1: "one" } ? 1 : 0))(array(2));
//                                    ^ TW7015
