// By way of another function, too.
import { array, jit, type Num } from "tilework";

const even = (n: Num<[]>): number => (n === 0 ? 1 : odd(n - 1));
const odd = (n: Num<[]>): number => (n === 0 ? 0 : even(n - 1));
//                                                 ^ TW7011
export const y = jit(even)(array(5));
