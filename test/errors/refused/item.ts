// The value is known when the program runs.
import { array, jit, num, type Tensor } from "tilework";

export const y = jit((x: Tensor) => (x.item() > 0 ? num(x) : 0))(array(2));
//                                   ^ TW1001
