/** Everything at once, for who reads programs instead of making them by calls of the library. */
import { handOverExtended } from "./extended.js";
import { handOverGreatest } from "./greatest.js";
import { handOverKernels } from "./kernels.js";
import { handOverLinalg } from "./linalg.js";
import { handOverSpecial } from "./special.js";
import { handOverWalks } from "./walks.js";
import { handOverWindows } from "./windows.js";

export function handOverAll(): void {
  handOverExtended();
  handOverGreatest();
  handOverKernels();
  handOverLinalg();
  handOverSpecial();
  handOverWalks();
  handOverWindows();
}
