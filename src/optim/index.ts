/** `tilework/optim`: optimisers after optax. */
export * from "./losses.js";
export * from "./optimizers.js";
export * from "./schedules.js";
export * from "./transform.js";
export * from "./trees.js";
