/** All rules by name, in the order in which those of one primitive are tried. */
import { arithmetic } from "./arithmetic.js";
import { branch } from "./branch.js";
import { contraction } from "./contraction.js";
import { convert } from "./convert.js";
import { disjoint } from "./disjoint.js";
import { fold } from "./fold.js";
import { logic } from "./logic.js";
import { loop } from "./loop.js";
import { loopProducts } from "./loop-products.js";
import { movement } from "./movement.js";
import { reduction } from "./reduction.js";
import { stable } from "./stable.js";

export const RULES = {
  ...fold,
  ...convert,
  ...stable,
  ...arithmetic,
  ...logic,
  ...movement,
  ...disjoint,
  ...reduction,
  ...contraction,
  ...branch,
  ...loop,
  ...loopProducts,
};
export type RuleName = keyof typeof RULES;
