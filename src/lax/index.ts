/** The primitives as functions, after `jax.lax`: no broadcasting, no promotion, every parameter explicit. */
export * from "./collective.js";
export * from "./elementwise.js";
export * from "./structure.js";
export { associativeScan, cond, foriLoop, map, scan, switchCase, whileLoop } from "../tracer/control.js";
