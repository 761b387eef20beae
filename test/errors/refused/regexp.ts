// Patterns belong to texts, and those are known outside.
import { array, jit, type Num } from "tilework";

const scaled = (x: Num<[]>, name: string) => (/bias/.test(name) ? x : x * 2);
//                                            ^ TW7001
export const y = jit(scaled, { staticArgnums: 1 })(array(2), "w");
