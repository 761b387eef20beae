/** What computes the elementary functions that arrays have no methods for, for who makes them. */
import { extended } from "../wasm/math/extended.js";
import { extendedMath } from "../wasm/math/handed-over.js";

/** Before the first of their equations. */
export function handOverExtended(): void {
  extendedMath.fill(extended);
}
