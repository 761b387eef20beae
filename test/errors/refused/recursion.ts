// Its depth is in the data.
import { array, jit, type Num } from "tilework";

const factorial = (n: Num<[]>): number => (n < 2 ? 1 : n * factorial(n - 1));
//                                                         ^ TW7011
export const y = jit(factorial)(array(5));
