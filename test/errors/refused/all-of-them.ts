// Many mistakes in one function: all are told at once.
import { array, jit, type Num, range } from "tilework";

let calls = 0;
export const y = jit((x: Num<[]>) => {
  if (x > 0) calls++;
  //         ^ TW7004
  for (var v = 0; v < 2; v++) x = x * 2;
  //   ^ TW7003
  for (const _ of range(3)) {
    if (x > 1) try { x = x / 2; } catch { delete (globalThis as { x?: number }).x; }
    //         ^ TW7002
    //                                    ^ TW7001
    const later = async () => x;
    //            ^ TW1005
    x = later() as unknown as number;
  }
  const inner = (p: Record<string, number>) => {
    if (x > 2) for (const k in p) calls = p[k];
    //         ^ TW7001
    //                            ^ TW7004
    return calls;
  };
  return x * inner({});
})(array(2));
