// The first call took the parameters' memory.
import { jit, numpy as np, type Tensor } from "tilework";

const step = jit((w: Tensor, g: Tensor) => w.sub(g.mul(0.1)), { donate: [0] });
const w = np.ones([3]);
const g = np.ones([3]);
export const first = step(w, g);
export const second = step(w, g);
//                    ^ TW1008
