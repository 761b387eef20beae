/** `tilework/kernels`: the language of kernels, and the library written in it. */
export * from "../dsl/kernel/index.js";
export * as library from "./library/index.js";
