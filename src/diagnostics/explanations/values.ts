import type { Explanation } from "./types.js";

/** 1xxx: tracing and values. */
export const VALUES = {
  TW1001: {
    explanation:
      "jit and vmap call your function once, on values that stand for all later ones: they have a shape and a dtype, and no numbers. " +
      "A JavaScript condition, an operator or a read (item, dataSync, js) needs a number and cannot have it. Under grad and jvp " +
      "alone, outside of jit, numbers are there and may be read.",
    bad: `
import { array, jit } from "tilework";
const relu = jit((x) => {
  return x.item() > 0 ? x : x.mul(0);
  //       ^ TW1001
});
relu(array(2));`,
    fixed: `
import { array, jit, numpy as np } from "tilework";
const relu = jit((x) => np.where(x.greater(0), x, 0));
relu(array(2));`,
  },
  TW1002: {
    explanation:
      "A traced value belongs to the call that traces it. Kept in a variable outside, it is a name without a meaning when that " +
      "call has ended. What a function computes leaves it by its result.",
    bad: `
import { array, jit } from "tilework";
let hidden;
jit((x) => {
  hidden = x.mul(2);
  return hidden.add(1);
})(array(1));
hidden.add(1);
//     ^ TW1002`,
    fixed: `
import { array, jit } from "tilework";
const [y, hidden] = jit((x) => {
  const h = x.mul(2);
  return [h.add(1), h];
})(array(1));
hidden.add(y);`,
  },
  TW1003: {
    explanation:
      "Arguments and results of transformed functions are trees (lists, plain objects, Maps, registered classes) whose leaves are " +
      "arrays, numbers, booleans or bigints; null and undefined are empty. Anything else must be a static argument, or a class " +
      "that tree.register knows.",
    bad: `
import { array, jit } from "tilework";
const scale = jit((x, unit) => (unit === "km" ? x.mul(1000) : x));
const y = scale(array(3), "km");
//        ^ TW1003`,
    fixed: `
import { array, jit } from "tilework";
const scale = jit((x, unit) => (unit === "km" ? x.mul(1000) : x), { staticArgnums: 1 });
const y = scale(array(3), "km");`,
  },
  TW1004: {
    explanation:
      "JavaScript turns the operands of its operators into numbers or strings, and an array is neither. Arithmetic and comparisons " +
      "are methods and functions. The number in an array of one element is x.item(). In staged code, a function with Num parameters " +
      "whose source the build plugin or the Node hook captures, operators work (docs/tensor-or-num.md). `===` and `!==` compare " +
      "objects and cannot be caught: the scan of a traced function's text and the ESLint rule see them.",
    bad: `
import { array } from "tilework";
const x = array([1, 2]);
const y = x * 2;
//        ^ TW1004`,
    fixed: `
import { array } from "tilework";
const x = array([1, 2]);
const y = x.mul(2);`,
  },
  TW1005: {
    explanation:
      "Tracing is one synchronous call. What an async function does after its first await happens when the trace is over. Load " +
      "data before the call, and read results (await y.data()) after it.",
    bad: `
import { array, jit } from "tilework";
const f = jit(async (x) => x.mul(await Promise.resolve(2)));
const y = f(array(1));
//        ^ TW1005`,
    fixed: `
import { array, jit } from "tilework";
const f = jit((x, k) => x.mul(k));
const y = f(array(1), await Promise.resolve(2));`,
  },
  TW1006: {
    explanation:
      "Each value of a static argument is compiled for by itself, so it must be something that can be compared: numbers, strings " +
      "and plain data by content, functions and instances by identity. Arrays have contents that are not looked at.",
    bad: `
import { array, jit } from "tilework";
const f = jit((x, n) => x.mul(n), { staticArgnums: 1 });
const y = f(array(1), array(2));
//        ^ TW1006`,
    fixed: `
import { array, jit } from "tilework";
const f = jit((x, n) => x.mul(n), { staticArgnums: 1 });
const y = f(array(1), 2);`,
  },
  TW1007: {
    explanation:
      "A function was called with fewer or other arguments than it takes, or an option names an argument that is not there.",
    bad: `
import { array, grad } from "tilework";
const g = grad((x) => x.mul(x), { argnums: 1 });
const y = g(array(1));
//        ^ TW1007`,
    fixed: `
import { array, grad } from "tilework";
const g = grad((x) => x.mul(x), { argnums: 0 });
const y = g(array(1));`,
  },
  TW1008: {
    explanation:
      "Donating an argument lets a call use its memory for the results. The array is empty afterwards, and the result stands in " +
      "its place. One array cannot be donated and passed a second time in the same call.",
    bad: `
import { jit, numpy as np } from "tilework";
const step = jit((w) => w.mul(0.9), { donate: 0 });
const w = np.ones([3]);
const next = step(w);
const change = next.sub(w);
//                  ^ TW1008`,
    fixed: `
import { jit, numpy as np } from "tilework";
const step = jit((w) => w.mul(0.9), { donate: 0 });
let w = np.ones([3]);
w = step(w);
w = step(w);`,
  },
  TW1009: {
    explanation:
      "Two trees were expected to have one structure: the same keys, lengths and kinds of containers in the same places. The " +
      "message says where they part first.",
    bad: `
import { numpy as np, tree } from "tilework";
const params = { w: np.ones([2]), b: np.zeros([2]) };
const gradients = { w: np.ones([2]) };
const next = tree.map((p, g) => p.sub(g), params, gradients);
//                ^ TW1009`,
    fixed: `
import { numpy as np, tree } from "tilework";
const params = { w: np.ones([2]), b: np.zeros([2]) };
const gradients = { w: np.ones([2]), b: np.ones([2]) };
const next = tree.map((p, g) => p.sub(g), params, gradients);`,
  },
  TW1010: {
    explanation:
      "A traced array is an object, and JavaScript decides the truth of an object by itself: if (x), !x, x && y, x ? a : b, " +
      "while (x), switch (x) and x === 3 never see the value and always go the same way. In development the text of a function is " +
      "read before its first trace, and such a condition over a parameter is refused. With its source captured the function may " +
      "say it, and the condition becomes part of the program.",
    bad: `
import { array, jit } from "tilework";
const relu = jit((x, positive) => {
  if (positive) return x;
//^ TW1010
  return x.mul(0);
});
relu(array(2), array(true));`,
    fixed: `
import { array, jit, numpy as np } from "tilework";
const relu = jit((x, positive) => np.where(positive, x, 0));
relu(array(2), array(true));`,
  },
  TW1011: {
    explanation:
      "Transforms take a model apart into its arrays and put it together again from others: from gradients, from updated weights, " +
      "from traced values. The copy has the fields and the methods of its class. It cannot have what belongs to one instance: a " +
      "#private member, or an arrow function or bound function, which would go on reading the arrays of the first instance. An object " +
      "with arrays that is no model would not be taken apart, and so never be trained.",
    bad: `
import { jit, model, numpy as np } from "tilework";
const Scale = model(class Scale {
  w = np.ones([2]);
  forward = (x) => x.mul(this.w);
});
const run = jit((m, x) => m.forward(x));
const y = run(new Scale(), np.ones([2]));
//        ^ TW1011`,
    fixed: `
import { jit, model, numpy as np } from "tilework";
const Scale = model(class Scale {
  w = np.ones([2]);
  forward(x) {
    return x.mul(this.w);
  }
});
const run = jit((m, x) => m.forward(x));
const y = run(new Scale(), np.ones([2]));`,
  },
  TW1012: {
    explanation:
      "A compiled method of a model gets its object as an argument, a copy made of traced values. The method runs once, when it is " +
      "compiled: an assignment to a field of this would be made on that copy, and the model itself would never change. What a method " +
      "computes leaves it by its result.",
    bad: `
import { jit, numpy as np, model } from "tilework";
class Counter {
  count = np.zeros([]);
  increase(by) {
    this.count = this.count.add(by);
    return this.count;
  }
}
Counter.prototype.increase = jit()(Counter.prototype.increase, { kind: "method", name: "increase", addInitializer() {} });
new (model(Counter))().increase(np.ones([]));
//                     ^ TW1012`,
    fixed: `
import { jit, numpy as np, model } from "tilework";
class Counter {
  count = np.zeros([]);
  increase(by) {
    return this.count.add(by);
  }
}
Counter.prototype.increase = jit()(Counter.prototype.increase, { kind: "method", name: "increase", addInitializer() {} });
const counter = new (model(Counter))();
counter.count = counter.increase(np.ones([]));`,
  },
} satisfies Record<string, Explanation>;
