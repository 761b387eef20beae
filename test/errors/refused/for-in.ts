// Keys in an order that is seldom wanted.
import { array, jit, type Num } from "tilework";

export const y = jit((p: Record<string, Num<[]>>) => {
  let sum = 0;
  for (const k in p) sum += p[k];
  // ^ TW7001
  return sum;
})({ a: array(2), b: array(3) });
