import { jit, numpy as np } from "tilework";

export const square = jit((x) => np.sum(x.mul(x)));
square.example = [np.ones([3])];
export const notAFunction = 3;
