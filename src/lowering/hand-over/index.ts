/** Everything at once, for who reads programs instead of making them by calls of the library. */
import { handOverKernels } from "./kernels.js";
import { handOverLinalg } from "./linalg.js";
import { handOverSpecial } from "./special.js";

export function handOverAll(): void {
  handOverKernels();
  handOverLinalg();
  handOverSpecial();
}
