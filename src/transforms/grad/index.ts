/** Forward and reverse differentiation as program-to-program functions: the contract with the api layer. */
export { type JvpResult, jvpProgram } from "./jvp/index.js";
export { partialEval, type PartialEvalResult } from "./partial-eval/index.js";
export { transposeProgram, vjpProgram, type VjpResult } from "./vjp.js";
