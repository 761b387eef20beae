import { numpy, type Num } from "tilework";

export function halve(x: Num<[3]>) {
  "use jit";
  while (numpy.max(x) > 1) x = x / 2;
  return x;
}
