import type { Explanation } from "./types.js";

/** 7xxx: source capture. The programs are run with their source captured. */
export const CAPTURE = {
  TW7001: {
    explanation:
      "With source capture a function is not run by JavaScript but read and turned into array operations. That goes for functions, " +
      "loops, conditions, destructuring and expressions; what has no counterpart in a compiled program is refused, so that it is " +
      "never ignored in silence.",
    bad: `
import { array, jit } from "tilework";
const f = jit((p) => {
  delete p.bias;
  // ^ TW7001
  return p.w.mul(2);
});
f({ w: array(1), bias: array(2) });`,
    fixed: `
import { array, jit } from "tilework";
const f = jit((p) => {
  const { bias, ...rest } = p;
  return rest.w.mul(2);
});
f({ w: array(1), bias: array(2) });`,
  },
  TW7002: {
    explanation:
      "A compiled program has no exceptions: a division by zero gives an infinity, an index outside is clamped. There is nothing " +
      "that a catch could see when the program runs.",
    bad: `
import { array, jit } from "tilework";
const f = jit((x) => {
  try {
  //^ TW7002
    return x.div(0);
  } catch {
    return x;
  }
});
f(array(1));`,
    fixed: `
import { array, jit, numpy as np } from "tilework";
const f = jit((x) => np.where(np.isfinite(x.div(0)), x.div(0), x));
f(array(1));`,
  },
  TW7003: {
    explanation:
      "A branch or a loop becomes a part of the program of its own, and the variables that it declares belong to it. A var would " +
      "belong to the whole function, also where the branch did not run.",
    bad: `
import { array, jit } from "tilework";
const f = jit((x) => {
  var y = x.mul(2);
  // ^ TW7003
  return y;
});
f(array(1));`,
    fixed: `
import { array, jit } from "tilework";
const f = jit((x) => {
  const y = x.mul(2);
  return y;
});
f(array(1));`,
  },
  TW7004: {
    explanation:
      "A staged function is traced once for each kind of arguments and then runs without JavaScript. A variable of the code around " +
      "it would be written at the trace and never again, with a value that is no number yet.",
    bad: `
import { array, jit } from "tilework";
let calls = 0;
const f = jit((x) => {
  calls += 1;
  // ^ TW7004
  return x.mul(2);
});
f(array(1));`,
    fixed: `
import { array, jit } from "tilework";
const f = jit((x, calls) => [x.mul(2), calls.add(1)]);
let [y, calls] = f(array(1), array(0));`,
  },
  TW7016: {
    explanation:
      "The build plugin writes a function's source beside it, in a form that belongs to its version. A program that was built by " +
      "one version of Tilework and runs with another cannot be read.",
  },
} satisfies Record<string, Explanation>;
