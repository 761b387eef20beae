// Objects keep their structure.
import { array, jit, type Num } from "tilework";

export const y = jit((p: { x: Num<[]>; label?: Num<[]> }) => {
  delete p.label;
  // ^ TW7001
  return p.x * 2;
})({ x: array(2) });
