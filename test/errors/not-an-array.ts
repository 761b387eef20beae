// A string among the arguments.
import { array, jit, type Tensor } from "tilework";

const f = jit((p: { x: Tensor; label: string }) => p.x.mul(2));
export const y = f({ x: array(1), label: "first" });
//               ^ TW1003
