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
  TW7005: {
    explanation:
      "A branch or a loop is taken or not, as a whole. Whether all elements hold, or one of them, or each decides for itself, " +
      "is for you to say.",
    bad: `
import { jit, numpy as np } from "tilework";
const relu = jit((x) => {
  if (x > 0) return x;
  //  ^ TW7005
  return x * 0;
});
relu(np.ones([3]));`,
    fixed: `
import { jit, numpy as np } from "tilework";
const relu = jit((x) => (x > 0 ? x : x * 0));
relu(np.ones([3]));`,
  },
  TW7006: {
    explanation:
      "After a branch or a loop that the run decides about, a variable is one array of one type. Where a way gives it no " +
      "value, there is none.",
    bad: `
import { array, jit } from "tilework";
const f = jit((x) => {
  let y;
  if (x > 0) y = x * 2;
  return y + 1;
  //     ^ TW7006
});
f(array(1));`,
    fixed: `
import { array, jit } from "tilework";
const f = jit((x) => {
  let y = 0;
  if (x > 0) y = x * 2;
  return y + 1;
});
f(array(1));`,
  },
  TW7007: {
    explanation:
      "Which way is taken is known only when the program runs; what comes after it must not depend on that. So both ways give " +
      "a variable the same structure, shape and dtype. JavaScript's numbers take the dtype of the other side.",
    bad: `
import { array, jit, numpy as np } from "tilework";
const f = jit((x) => {
  let y = x;
  if (x > 0) y = np.ones([3]);
  return y + 1;
  //     ^ TW7007
});
f(array(1));`,
    fixed: `
import { array, jit, numpy as np } from "tilework";
const f = jit((x) => {
  let y = np.broadcastTo(x, [3]);
  if (x > 0) y = np.ones([3]);
  return y + 1;
});
f(array(1));`,
  },
  TW7008: {
    explanation:
      "A loop is compiled once for all its steps. A variable that one step hands to the next has one structure, shape and " +
      "dtype from the first value to the last; only JavaScript's numbers take the dtype that the loop gives them.",
    bad: `
import { array, jit, numpy as np } from "tilework";
const f = jit((x) => {
  let n = array(1, { dtype: "i32" });
  while (n < x) n = n / 2 + x;
  //            ^ TW7008
  return n;
});
f(array(10));`,
    fixed: `
import { array, jit, numpy as np } from "tilework";
const f = jit((x) => {
  let n = array(1, { dtype: "f32" });
  while (n < x) n = n / 2 + x;
  return n;
});
f(array(10));`,
  },
  TW7009: {
    explanation:
      "A loop that JavaScript counts is unrolled: each step becomes operations of its own. That is what loops over a few " +
      "layers want, and would make an endless program of a long loop.",
    bad: `
import { array, jit } from "tilework";
const f = jit((x) => {
  for (let i = 0; i < 1000; i++) x = x * 0.5 + 1;
  // ^ TW7009
  return x;
});
f(array(1));`,
    fixed: `
import { array, jit, range } from "tilework";
const f = jit((x) => {
  for (const i of range(1000)) x = x * 0.5 + 1;
  return x;
});
f(array(1));`,
  },
  TW7010: {
    explanation:
      "A branch, a loop or a traced function is looked at once, whether and how often it will run. What it would change in " +
      "lists, objects and variables around it would be changed once, at the trace. Variables of the function are different: " +
      "their new values are results of the branch.",
    bad: `
import { array, jit } from "tilework";
const f = jit((x) => {
  const state = { hits: array(0) };
  if (x > 0) state.hits = x;
  //         ^ TW7010
  return state.hits;
});
f(array(1));`,
    fixed: `
import { array, jit } from "tilework";
const f = jit((x) => {
  let state = { hits: array(0) };
  if (x > 0) state = { ...state, hits: x };
  return state.hits;
});
f(array(1));`,
  },
  TW7011: {
    explanation:
      "Both sides of such a condition are traced. The side that calls the function again leads to the same condition, and so " +
      "on without end.",
    bad: `
import { array, jit } from "tilework";
const f = jit((n) => {
  const factorial = (k) => (k > 1 ? k * factorial(k - 1) : 1);
  //                                    ^ TW7011
  return factorial(n);
});
f(array(5));`,
    fixed: `
import { array, jit } from "tilework";
const f = jit((n) => {
  let product = 1;
  for (let k = n; k > 1; k -= 1) product *= k;
  return product;
});
f(array(5));`,
  },
  TW7012: {
    explanation:
      "Arrays are values: operations give new ones, and compiled programs reuse the memory where they can. An assignment to " +
      "an element would change an array that others hold.",
    bad: `
import { jit, numpy as np } from "tilework";
const f = jit((x) => {
  if (x.ndim > 0) x[0] = 1;
  //              ^ TW7012
  return x;
});
f(np.zeros([3]));`,
    fixed: `
import { jit, numpy as np } from "tilework";
const f = jit((x) => {
  x = x.at(0).set(1);
  return x;
});
f(np.zeros([3]));`,
  },
  TW7013: {
    explanation:
      "When the condition is decided the program is compiled, and no JavaScript is left that could throw or catch. Under " +
      "conditions that JavaScript decides (shapes, dtypes, static arguments) throw works as always.",
    bad: `
import { array, jit } from "tilework";
const f = jit((x) => {
  if (x < 0) throw new Error("negative");
  //         ^ TW7013
  return x;
});
f(array(1));`,
    fixed: `
import { array, jit } from "tilework";
const f = jit((x) => {
  if (x.ndim > 0) throw new Error("one number, please");
  return x < 0 ? NaN : x;
});
f(array(1));`,
  },
  TW7014: {
    explanation:
      "A JavaScript list is known when the function is traced, and the index is not: it stands for all its values at once. An " +
      "array can be indexed by it, and a loop over the list knows each element.",
    bad: `
import { jit, numpy as np, range } from "tilework";
const f = jit((layers, x) => {
  for (const i of range(2)) x = x * layers[i];
  //                                ^ TW7014
  return x;
});
f([np.ones([2]), np.ones([2])], np.ones([2]));`,
    fixed: `
import { jit, numpy as np } from "tilework";
const f = jit((layers, x) => {
  for (const w of layers) x = x * w;
  return x;
});
f([np.ones([2]), np.ones([2])], np.ones([2]));`,
  },
  TW7015: {
    explanation:
      "Operators and the members of Math work on traced values as on numbers. What needs the number itself while the function " +
      "is traced cannot.",
    bad: `
import { array, jit } from "tilework";
const f = jit((x) => (Number.isFinite(x) ? x : 0));
//                    ^ TW7015
f(array(1));`,
    fixed: `
import { array, jit, numpy as np } from "tilework";
const f = jit((x) => (np.isfinite(x) ? x : 0));
f(array(1));`,
  },
  TW7030: {
    explanation:
      "JavaScript has no decorators on functions. Where nothing of Tilework reads the source, tsc and swc drop @jit in front of a " +
      "function without a word, and the directive is a string that does nothing: the function runs, but not compiled. Found by " +
      "tilework check.",
    bad: `
import { array, numpy as np } from "tilework";
function gelu(x) {
  "use jit";
//^ TW7030
  return np.tanh(x);
}
gelu(array(1));`,
    fixed: `
import { array, jit, numpy as np } from "tilework";
const gelu = jit((x) => np.tanh(x));
gelu(array(1));`,
  },
  TW7031: {
    explanation:
      "To tsc a Num is a number, so a call with plain numbers gives a number by type. At run time it gives an array, as every staged " +
      "function does, and the next + or < outside of staged code throws. Found by tilework check.",
    bad: `
import { jit, type Num } from "tilework";
const square = jit((x: Num) => x * x);
const nine: number = square(3);
//                   ^ TW7031`,
    fixed: `
import { array, jit, type Num } from "tilework";
const square = jit((x: Num) => x * x);
const nine = square(array(3));`,
  },
  TW7016: {
    explanation:
      "The build plugin writes a function's source beside it, in a form that belongs to its version. A program that was built by " +
      "one version of Tilework and runs with another cannot be read.",
  },
  TW7017: {
    explanation:
      "Without the build plugin a kernel is read from its own text, as JavaScript keeps it. The text names what is around the " +
      "function and does not hold its values. The functions of tilework/kernels, numpy as np and JavaScript's own globals are " +
      "known by name; any other value is passed in the options under the name that the text has.",
    bad: `
import { array, kernel } from "tilework";
import { arange, load, store } from "tilework/kernels";
const factor = 2;
const double = kernel(function double(x, out) {
  const i = arange(4);
  store(out, [i], load(x, [i]) * factor);
  //                             ^ TW7017
}, { out: (x) => x });
double(array([1, 2, 3, 4]));`,
    fixed: `
import { array, kernel } from "tilework";
import { arange, load, store } from "tilework/kernels";
const factor = 2;
const double = kernel(function double(x, out) {
  const i = arange(4);
  store(out, [i], load(x, [i]) * factor);
}, { out: (x) => x, constants: { factor } });
double(array([1, 2, 3, 4]));`,
  },
  TW7018: {
    explanation:
      "Without the build plugin a kernel is read from its own text, as JavaScript keeps it. A bound function and a function of " +
      "the engine itself have none.",
    bad: `
import { array, kernel } from "tilework";
import { arange, load, store } from "tilework/kernels";
function double(x, out) {
  const i = arange(4);
  store(out, [i], load(x, [i]) * 2);
}
const f = kernel(double.bind(null), { out: (x) => x });
//        ^ TW7018
f(array([1, 2, 3, 4]));`,
    fixed: `
import { array, kernel } from "tilework";
import { arange, load, store } from "tilework/kernels";
function double(x, out) {
  const i = arange(4);
  store(out, [i], load(x, [i]) * 2);
}
const f = kernel(double, { out: (x) => x });
f(array([1, 2, 3, 4]));`,
  },
} satisfies Record<string, Explanation>;
