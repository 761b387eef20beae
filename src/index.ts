export { checkpoint, checkpointPolicies, customJvp, customVjp } from "./tracer/custom.js";
