/** Rewrites of core programs that stay on their level. */
export { dce, prune } from "./dce/index.js";
export { simplify } from "./simplify.js";
