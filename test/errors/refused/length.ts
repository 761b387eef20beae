// Arrays have a shape.
import { array, jit, type Tensor } from "tilework";

export const y = jit((v: Tensor & number[]) => v.length)(array([1, 2, 3]) as never);
//                                             ^ TW7015
