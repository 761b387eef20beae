// Which type was meant?
import { array, jit, type Num } from "tilework";

export const y = jit((n: Num<[], "i32">) => n + 0.5)(array(2, { dtype: "i32" }));
//                                          ^ TW2010
