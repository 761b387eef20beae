/** The nn namespace: activations, layers, initialisers and losses. */
export * from "./activations.js";
export * from "./attention.js";
export * as initializers from "./initializers.js";
export * from "./layers.js";
export * from "./losses.js";
export * from "./quantized.js";
export * from "./rotary.js";
