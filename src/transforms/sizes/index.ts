export type { Sizes } from "./fit.js";
export { withHoles } from "./fill.js";
export { generalise, type Generalised, type Sample } from "./generalise.js";
export { match, type Matched } from "./match.js";
export type { Callback, Template } from "./template.js";
