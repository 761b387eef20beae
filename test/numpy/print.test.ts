/** How arrays are printed. Expected texts are NumPy's `str` of the same arrays. */
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { jit, numpy as np, random, type Tensor } from "../../src/index.js";
import { formatArray } from "../../src/numpy/print.js";

const CASES: readonly (readonly [make: () => Tensor, text: string])[] = [
  [() => np.array([1, 2, 3]), "[1. 2. 3.]"],
  [() => np.array([1.5, 0.25, -3]), "[ 1.5   0.25 -3.  ]"],
  [() => np.array([0.1, 0.2, 0.7]), "[0.1 0.2 0.7]"],
  [() => np.array([1 / 3, 2 / 3]), "[0.33333334 0.6666667 ]"],
  [() => np.array([1 / 3, 2 / 3], "f64"), "[0.33333333 0.66666667]"],
  [() => np.array([0.1, 1 / 3], "f16"), "[0.1    0.3333]"],
  [() => np.array([1e-5, 1]), "[1.e-05 1.e+00]"],
  [() => np.array([1e10, 1.5]), "[1.0e+10 1.5e+00]"],
  [() => np.array([1234.5, 0.5]), "[1.2345e+03 5.0000e-01]"],
  [() => np.array([123456, 1000]), "[123456.   1000.]"],
  [() => np.array([123456789, 1]), "[1.2345679e+08 1.0000000e+00]"],
  [() => np.array([NaN, 1, -2.5, Infinity]), "[ nan  1.  -2.5  inf]"],
  [() => np.array([NaN, -Infinity]), "[ nan -inf]"],
  [() => np.array([0, -0, 0.5]), "[ 0.  -0.   0.5]"],
  [() => np.array([1e-20, 1e20]), "[1.e-20 1.e+20]"],
  [() => np.array([-0, 1e10, 0]), "[-0.e+00  1.e+10  0.e+00]"],
  [() => np.array([1e-300, 1], "f64"), "[1.e-300 1.e+000]"],
  [
    () =>
      np.array([
        [1, 2.5],
        [-10, 100.25],
      ]),
    "[[  1.     2.5 ]\n [-10.   100.25]]",
  ],
  [
    () =>
      np.array(
        [
          [1, -20],
          [300, 4],
        ],
        "i32",
      ),
    "[[  1 -20]\n [300   4]]",
  ],
  [
    () => np.arange(24).reshape(2, 3, 4),
    "[[[ 0  1  2  3]\n  [ 4  5  6  7]\n  [ 8  9 10 11]]\n\n [[12 13 14 15]\n  [16 17 18 19]\n  [20 21 22 23]]]",
  ],
  [
    () => np.arange(16).reshape(2, 2, 2, 2),
    "[[[[ 0  1]\n   [ 2  3]]\n\n  [[ 4  5]\n   [ 6  7]]]\n\n\n [[[ 8  9]\n   [10 11]]\n\n  [[12 13]\n   [14 15]]]]",
  ],
  [() => np.arange(2000), "[   0    1    2 ... 1997 1998 1999]"],
  [
    () => np.arange(10000, { dtype: "f32" }).reshape(100, 100),
    "[[0.000e+00 1.000e+00 2.000e+00 ... 9.700e+01 9.800e+01 9.900e+01]\n [1.000e+02 1.010e+02 1.020e+02 ... 1.970e+02 1.980e+02 1.990e+02]\n [2.000e+02 2.010e+02 2.020e+02 ... 2.970e+02 2.980e+02 2.990e+02]\n ...\n [9.700e+03 9.701e+03 9.702e+03 ... 9.797e+03 9.798e+03 9.799e+03]\n [9.800e+03 9.801e+03 9.802e+03 ... 9.897e+03 9.898e+03 9.899e+03]\n [9.900e+03 9.901e+03 9.902e+03 ... 9.997e+03 9.998e+03 9.999e+03]]",
  ],
  [
    () => np.arange(40),
    "[ 0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23\n 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39]",
  ],
  [
    () => np.linspace(0, 1, 20),
    "[0.         0.05263158 0.10526316 0.15789473 0.21052632 0.2631579\n 0.31578946 0.36842105 0.42105263 0.47368422 0.5263158  0.57894737\n 0.6315789  0.68421054 0.7368421  0.7894737  0.84210527 0.8947368\n 0.94736844 1.        ]",
  ],
  [
    () => np.arange(60).reshape(2, 30),
    "[[ 0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15 16 17 18 19 20 21 22 23\n  24 25 26 27 28 29]\n [30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53\n  54 55 56 57 58 59]]",
  ],
  [() => np.zeros([2, 2]), "[[0. 0.]\n [0. 0.]]"],
  [() => np.zeros([0]), "[]"],
  [() => np.zeros([0, 3]), "[]"],
  [() => np.array(2.5), "2.5"],
  [() => np.array(3), "3.0"],
  [() => np.array(0.1), "0.1"],
  [() => np.array(1e-5), "1e-05"],
  [() => np.array(1e20, "f64"), "1e+20"],
  [() => np.array(NaN), "nan"],
  [() => np.array(7, "i32"), "7"],
  [() => np.array([1n, 123456789012345n]), "[              1 123456789012345]"],
  [() => np.array([3.14159274, 100]), "[  3.1415927 100.       ]"],
  [() => np.array([16777216, 0.001]), "[1.6777216e+07 1.0000000e-03]"],
];

describe("toString", () => {
  it.each(CASES.map(([make, text]) => [text, make] as const))("%s", (text, make) =>
    expect(make().toString()).toBe(text),
  );
  it("booleans are JavaScript's", () => expect(np.array([true, false]).toString()).toBe("[ true false]"));
  it("in templates and joins", () => {
    expect(`${np.array([1, 2])}`).toBe("[1. 2.]");
    expect(String(np.array(1.5))).toBe("1.5");
  });
  it("a traced value shows its shape, a key what it is", () => {
    let text = "";
    jit((x: Tensor) => {
      text = String(x);
      return x;
    })(np.ones([2]));
    expect(text).toBe("Traced<f32[2]>");
    expect(String(random.key(0))).toBe("Tensor<key[]>");
  });
});

describe("the console", () => {
  it("names the class and, where it is not f32, the dtype", () => {
    expect(inspect(np.array([[1, 2], [3, 4]]))).toBe("Tensor([[1. 2.]\n        [3. 4.]])"); // biome-ignore format: a matrix
    expect(inspect(np.arange(3))).toBe("Tensor([0 1 2], i32)");
    expect(inspect(np.zeros([0, 3]))).toBe("Tensor([], shape=[0, 3])");
  });
  it("shows tensors inside other values", () => expect(inspect({ w: np.array([1]) })).toBe("{ w: Tensor([1.]) }"));
});

describe("options", () => {
  it("precision", () => expect(formatArray(np.array([1 / 3, 2]), { precision: 3 })).toBe("[0.333 2.   ]"));
  it("threshold and edges", () => {
    expect(formatArray(np.arange(10), { threshold: 5, edgeItems: 2 })).toBe("[0 1 ... 8 9]");
  });
  it("line width", () => expect(formatArray(np.arange(6), { lineWidth: 8 })).toBe("[0 1 2\n 3 4 5]"));
  it("cuts large arrays", () => {
    const lines = String(np.zeros([2000, 2000])).split("\n");
    expect(lines.length).toBe(7);
    for (const line of lines) expect(line.length).toBeLessThan(30);
  });
});
