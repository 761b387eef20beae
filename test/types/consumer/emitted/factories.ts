// What tsc writes into declarations for values that a library of its user's exports.
import { grad, jit, type Num, num, numpy as np, spec, vmap } from "tilework";

export const w = np.ones([784, 10]);
export const n = np.zeros(3, "i32");
export const o = np.full([2], 1, { dtype: "f64" });
export const eyes = np.eye(3);
export const staged = jit((x: Num<["n", 784], "f32">, k: number) => x * k);
export const gradient = grad((x: Num<[]>) => x * x);
export const batched = vmap((x: Num<["n"], "f32">) => np.exp(x));
export const P = spec({ w: ["in", "out"], y: spec(["n"], "i32") });
export const asNum = num(w);
export function make(size: number) {
  return np.zeros([size, 4]);
}
