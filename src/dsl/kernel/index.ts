/** `tilework/kernels`: the language of kernels. */
export { load, store } from "./memory.js";
export { numPrograms, programId } from "./programs.js";
export { arange, cast, exp, max, sum } from "./blocks.js";
