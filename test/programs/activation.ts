/** One of several activations, by a number that only the run knows. */
import { jit, type Num } from "tilework";

export const KINDS = ["identity", "relu", "softsign", "swish", "sine"];

export const activate = jit(function activate(kind: Num<[], "i32">, x: Num<[]>) {
  switch (kind) {
    case 0:
      return x;
    case 1:
      return x > 0 ? x : 0;
    case 2:
      return x / (1 + Math.abs(x));
    case 3:
      return x / (1 + Math.exp(-x));
    default:
      return Math.sin(x);
  }
});
