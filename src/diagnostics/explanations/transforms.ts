import type { Explanation } from "./types.js";

/** 3xxx: transformations. */
export const TRANSFORMS = {
  TW3001: {
    explanation:
      "A gradient says how one number changes with the inputs. Of several numbers there is a Jacobian (jacrev, jacfwd), or the " +
      "product of a vector with it (vjp).",
    bad: `
import { array, grad } from "tilework";
const loss = (w) => w.mul(w);
const g = grad(loss)(array([1, 2]));
//                  ^ TW3001`,
    fixed: `
import { array, grad } from "tilework";
const loss = (w) => w.mul(w).sum();
const g = grad(loss)(array([1, 2]));`,
  },
  TW3002: {
    explanation:
      "Integers and bools do not change by small amounts. Differentiate in other arguments (argnums), or convert.",
    bad: `
import { array, grad } from "tilework";
const f = grad((n) => n.mul(n));
const g = f(array(3, { dtype: "i32" }));
//        ^ TW3002`,
    fixed: `
import { array, grad } from "tilework";
const f = grad((n) => n.mul(n));
const g = f(array(3, { dtype: "f32" }));`,
  },
  TW3003: {
    explanation:
      "Reverse mode walks the steps of a loop backwards and needs what each of them computed. A whileLoop does not know how many " +
      "there will be, so there is no memory for it. A scan knows; forward mode needs no memory; and a fixed point can be " +
      "differentiated without its steps by customRoot.",
    bad: `
import { array, grad, whileLoop } from "tilework";
const f = (x) => {
  return whileLoop((c) => c.less(100), (c) => c.mul(c), x);
  //     ^ TW3003
};
const g = grad(f)(array(3));`,
    fixed: `
import { array, foriLoop, grad } from "tilework";
const f = (x) => foriLoop(0, 3, (_, c) => c.mul(c), x);
const g = grad(f)(array(3));`,
  },
  TW3004: {
    explanation: "The operation has no derivative, or none in this mode: a customVjp function has reverse mode only.",
    bad: `
import { array, customVjp, jvp } from "tilework";
const f = customVjp((x) => x.mul(2)).defvjp((x) => [x.mul(2), null], (_, g) => [g.mul(2)]);
const run = (x) => {
  return f(x);
  //     ^ TW3004
};
const y = jvp(run, [array(1)], [array(1)]);`,
    fixed: `
import { array, customJvp, jvp } from "tilework";
const f = customJvp((x) => x.mul(2)).defjvp(([x], [t]) => [x.mul(2), t.mul(2)]);
const run = (x) => f(x);
const y = jvp(run, [array(1)], [array(1)]);`,
  },
  TW3005: {
    explanation: "vmap runs the function once for each position along the mapped axes, so these have one size.",
    bad: `
import { numpy as np, vmap } from "tilework";
const f = vmap((x, y) => x.sum().sub(y));
const d = f(np.ones([8, 784]), np.ones([7]));
//        ^ TW3005`,
    fixed: `
import { numpy as np, vmap } from "tilework";
const f = vmap((x, y) => x.sum().sub(y));
const d = f(np.ones([8, 784]), np.ones([8]));`,
  },
  TW3006: {
    explanation:
      "inAxes and outAxes name axes of the arguments and results. null is for an argument that all calls share.",
    bad: `
import { array, numpy as np, vmap } from "tilework";
const f = vmap((x, k) => x.mul(k));
const y = f(np.ones([8]), array(3));
//        ^ TW3006`,
    fixed: `
import { array, numpy as np, vmap } from "tilework";
const f = vmap((x, k) => x.mul(k), { inAxes: [0, null] });
const y = f(np.ones([8]), array(3));`,
  },
  TW3007: {
    explanation: "Collectives work along an axis by its name, which a vmap around the call gives.",
    bad: `
import { lax, numpy as np, vmap } from "tilework";
const center = (x) => {
  return x.sub(lax.pmean(x, "batch"));
  //               ^ TW3007
};
const y = vmap(center)(np.ones([8]));`,
    fixed: `
import { lax, numpy as np, vmap } from "tilework";
const center = (x) => x.sub(lax.pmean(x, "batch"));
const y = vmap(center, { axisName: "batch" })(np.ones([8]));`,
  },
  TW3008: {
    explanation:
      "A loop is compiled once for all its steps, so what a step hands to the next has one structure, shape and dtype from the " +
      "first value to the last.",
    bad: `
import { array, numpy as np, scan } from "tilework";
const y = scan((c, x) => [np.append(c, x), null], array([0]), array([1, 2]));
//        ^ TW3008`,
    fixed: `
import { array, scan } from "tilework";
const y = scan((c, x) => [c.add(x), c], array(0), array([1, 2]));`,
  },
  TW3009: {
    explanation: "Which branch runs is known only when the program runs; what comes after it must not depend on that.",
    bad: `
import { array, cond } from "tilework";
const y = cond(true, (x) => x.sum(), (x) => x, array([1, 2]));
//        ^ TW3009`,
    fixed: `
import { array, cond } from "tilework";
const y = cond(true, (x) => x.sum(), (x) => x.index(0), array([1, 2]));`,
  },
  TW3010: {
    explanation:
      "The rules of customJvp and customVjp return values of the types of the function's results, and tangents and cotangents of " +
      "the types of what they belong to.",
    bad: `
import { array, customVjp, grad } from "tilework";
const f = customVjp((x) => x.sum()).defvjp((x) => [x.sum(), null], (_, g) => [g]);
const run = (x) => {
  return f(x);
  //     ^ TW3010
};
const y = grad(run)(array([1, 2]));`,
    fixed: `
import { array, customVjp, grad, numpy as np } from "tilework";
const f = customVjp((x) => x.sum()).defvjp((x) => [x.sum(), x], (x, g) => [np.onesLike(x).mul(g)]);
const run = (x) => f(x);
const y = grad(run)(array([1, 2]));`,
  },
  TW3011: {
    explanation:
      "Only a linear function has a transpose: sums, products with constants, and what moves elements about.",
    bad: `
import { array, linearTranspose } from "tilework";
const f = (x) => {
  return x.mul(x);
  //       ^ TW3011
};
const t = linearTranspose(f, array(1));`,
    fixed: `
import { array, linearTranspose } from "tilework";
const f = (x) => x.mul(3);
const t = linearTranspose(f, array(1));`,
  },
  TW3012: {
    explanation: "The elements of a batch are computed at once. A callback that keeps an order has none to keep there.",
    bad: `
import { array, debug, vmap } from "tilework";
const show = (x) => {
  debug.callbackWithOptions({ ordered: true }, () => {}, x);
  //    ^ TW3012
  return x;
};
const y = vmap(show)(array([1, 2]));`,
    fixed: `
import { array, debug, vmap } from "tilework";
const show = (x) => {
  debug.callback(() => {}, x);
  return x;
};
const y = vmap(show)(array([1, 2]));`,
  },
  TW3013: {
    explanation:
      "A collective needs all members of its axis. Under a predicate that is true for some of them and false for others, some " +
      "would wait for ever.",
    bad: `
import { array, cond, lax, vmap } from "tilework";
const f = (x) => {
  return cond(x.greater(0), (v) => lax.psum(v, "i"), (v) => v, x);
  //     ^ TW3013
};
const y = vmap(f, { axisName: "i" })(array([1, -2]));`,
    fixed: `
import { array, lax, numpy as np, vmap } from "tilework";
const f = (x) => np.where(x.greater(0), lax.psum(x, "i"), x);
const y = vmap(f, { axisName: "i" })(array([1, -2]));`,
  },
} satisfies Record<string, Explanation>;
