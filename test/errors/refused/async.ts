// What follows an await would run when the trace is over.
import { array, jit, type Num } from "tilework";

// @ts-expect-error the type says so as well
const f = jit(async (x: Num<[]>) => {
  //          ^ TW1005
  return x * 2;
});
export const y = f(array(1) as never);
