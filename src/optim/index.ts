/** `tilework/optim`: optimisers after optax. */
export * from "./optimizers.js";
export * from "./schedules.js";
export * from "./transform.js";
