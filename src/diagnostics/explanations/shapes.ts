import type { Explanation } from "./types.js";

/** 2xxx: shapes, dtypes, axes. */
export const SHAPES = {
  TW2001: {
    explanation:
      "An operation wants certain sizes of its operands, and some of them differ. The message shows both sides.",
    bad: `
import { jvp, numpy as np } from "tilework";
const [y, dy] = jvp((x) => x.mul(2), [np.ones([3])], [np.ones([2])]);
//              ^ TW2001`,
    fixed: `
import { jvp, numpy as np } from "tilework";
const [y, dy] = jvp((x) => x.mul(2), [np.ones([3])], [np.ones([3])]);`,
  },
  TW2002: {
    explanation:
      "Elementwise operations stretch axes of size 1, and put missing axes in front. All other sizes must be equal, counted from " +
      "the last axis.",
    bad: `
import { numpy as np } from "tilework";
const x = np.ones([4, 3]);
const bias = np.ones([4]);
const y = x.add(bias);
//          ^ TW2002`,
    fixed: `
import { numpy as np } from "tilework";
const x = np.ones([4, 3]);
const bias = np.ones([4]);
const y = x.add(np.expandDims(bias, 1));`,
  },
  TW2003: {
    explanation:
      "A product of matrices sums over the last axis of the left one and the last but one of the right one (the only one of a " +
      "vector). These two have different sizes.",
    bad: `
import { numpy as np } from "tilework";
const x = np.ones([32, 784]);
const w = np.ones([256, 784]);
const h = np.dot(x, w);
//           ^ TW2003`,
    fixed: `
import { numpy as np } from "tilework";
const x = np.ones([32, 784]);
const w = np.ones([256, 784]);
const h = np.dot(x, w.T);`,
  },
  TW2004: {
    explanation: "Axes are counted from 0, and from -1 backwards. An array of rank n has n of them.",
    bad: `
import { numpy as np } from "tilework";
const image = np.zeros([28, 28]);
const y = image.sum(2);
//              ^ TW2004`,
    fixed: `
import { numpy as np } from "tilework";
const image = np.zeros([28, 28]);
const y = image.sum(1);`,
  },
  TW2005: {
    explanation:
      "The operation is not defined for arrays of this dtype: indices must be integers, predicates bool, and so on.",
    bad: `
import { array, numpy as np } from "tilework";
const x = array([10, 20, 30]);
const y = np.take(x, array([0.5, 1]));
//           ^ TW2005`,
    fixed: `
import { array, numpy as np } from "tilework";
const x = array([10, 20, 30]);
const y = np.take(x, array([0.5, 1]).astype("i32"));`,
  },
  TW2006: {
    explanation:
      "Functions of numpy promote dtypes, those of lax take operands of one dtype. Tangents and cotangents have the dtype of what " +
      "they belong to.",
    bad: `
import { array, lax } from "tilework";
const y = lax.add(array([1, 2], { dtype: "f64" }), array([3, 4]));
//            ^ TW2006`,
    fixed: `
import { array, lax } from "tilework";
const y = lax.add(array([1, 2], { dtype: "f64" }), array([3, 4]).astype("f64"));`,
  },
  TW2007: {
    explanation: "The operation takes arrays of a certain number of axes.",
    bad: `
import { array, cond } from "tilework";
const x = array([1, -2]);
const y = cond(x.greater(0), (v) => v, (v) => v.neg(), x);
//        ^ TW2007`,
    fixed: `
import { array, numpy as np } from "tilework";
const x = array([1, -2]);
const y = np.where(x.greater(0), x, x.neg());`,
  },
  TW2008: {
    explanation:
      "reshape keeps all elements, so the product of the sizes stays what it was. One size may be -1: the one that fits.",
    bad: `
import { numpy as np } from "tilework";
const x = np.ones([6, 4]);
const y = x.reshape(5, 5);
//          ^ TW2008`,
    fixed: `
import { numpy as np } from "tilework";
const x = np.ones([6, 4]);
const y = x.reshape(3, -1);`,
  },
  TW2009: {
    explanation:
      "A JavaScript number as an index is checked against the size of its axis. (Indices in arrays are not known when a program " +
      "is traced: out of range, they are clamped when read, and dropped when written.)",
    bad: `
import { numpy as np } from "tilework";
const x = np.ones([3]);
const y = x.index(5);
//          ^ TW2009`,
    fixed: `
import { numpy as np } from "tilework";
const x = np.ones([3]);
const y = x.index(-1);`,
  },
  TW2010: {
    explanation:
      "A JavaScript number takes the dtype of the array that it meets. A fraction beside integers would be rounded away, so it is " +
      "refused: say which of the two you meant.",
    bad: `
import { array } from "tilework";
const counts = array([1, 2, 3], { dtype: "i32" });
const y = counts.mul(0.5);
//               ^ TW2010`,
    fixed: `
import { array } from "tilework";
const counts = array([1, 2, 3], { dtype: "i32" });
const y = counts.astype("f32").mul(0.5);`,
  },
  TW2011: {
    explanation: "A parameter of an operation (not an array) has a value that it cannot have.",
    bad: `
import { array, switchCase } from "tilework";
const y = switchCase(0, [], array(1));
//        ^ TW2011`,
    fixed: `
import { array, switchCase } from "tilework";
const y = switchCase(0, [(x) => x, (x) => x.neg()], array(1));`,
  },
  TW2012: {
    explanation:
      "How many elements a mask selects depends on its values, and a compiled program needs its shapes before. Outside of jit the " +
      "values are there.",
    bad: `
import { array, jit, numpy as np } from "tilework";
const positive = jit((x) => {
  return x.index(x.greater(0)).sum();
  //       ^ TW2012
});
positive(array([1, -2, 3]));`,
    fixed: `
import { array, jit, numpy as np } from "tilework";
const positive = jit((x) => np.where(x.greater(0), x, 0).sum());
positive(array([1, -2, 3]));`,
  },
  TW2013: {
    explanation:
      'Sizes are written as integers, names, and sums, products and quotients of them, such as "2*n" or "h//2".',
  },
  TW2014: {
    explanation: "The size decides the shape of a program and cannot be taken from somewhere else.",
    bad: `
import { array, scan } from "tilework";
const y = scan((c) => [c.mul(2), null], array(1), null);
//        ^ TW2014`,
    fixed: `
import { array, scan } from "tilework";
const y = scan((c) => [c.mul(2), null], array(1), null, { length: 10 });`,
  },
  TW2015: {
    explanation:
      "A spec says what arrays there are, their ranks, sizes and dtypes. A name in it stands for one size in all arguments of a " +
      "call. The error says which axis disagrees, and with what.",
    bad: `
import { jit, numpy as np } from "tilework";
const predict = jit((w, x) => np.dot(x, w), { args: [["in", "out"], ["batch", "in"]] });
predict(np.ones([784, 10]), np.ones([32, 783]));
// ^ TW2015`,
    fixed: `
import { jit, numpy as np } from "tilework";
const predict = jit((w, x) => np.dot(x, w), { args: [["in", "out"], ["batch", "in"]] });
predict(np.ones([784, 10]), np.ones([32, 784]));`,
  },
} satisfies Record<string, Explanation>;
