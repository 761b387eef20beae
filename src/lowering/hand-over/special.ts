/** What computes special functions, for who makes them. */
import { specialMath } from "../wasm/math/handed-over.js";
import { special } from "../wasm/math/special.js";

/** Before the first of their equations. */
export function handOverSpecial(): void {
  specialMath.fill(special);
}
