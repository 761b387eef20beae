// The same rules for what a directive stages.
import { array, type Num } from "tilework";

function halve(x: Num<[]>) {
  "use jit";
  for (var i = 0; i < 3; i++) x = x / 2;
  //   ^ TW7003
  return x;
}
export const y = halve(array(2) as never);
