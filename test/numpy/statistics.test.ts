/** Statistics. Expected numbers are NumPy's. */
import { array, numpy as np } from "../../src/index.js";
import { A, B, D, E, I, M, N, T, V, empty, checkTable } from "./table.js";

checkTable([
  [() => np.sort(V), [1, 2, 3, 4, 5], "f32"],
  [
    () => np.sort(B, 0),
    [
      [-0.5, -2, 0.25],
      [1.5, 3, 7],
    ],
    "f32",
  ],
  [() => np.sort(A, null), [1, 2, 3, 4, 5, 6], "f32"],
  [
    () => np.sort(N, 1),
    [
      [1, 3, NaN],
      [4, 5, NaN],
    ],
    "f32",
  ],
  [
    () => np.sort(I, -1, { descending: true }),
    [
      [7, 3, -7],
      [5, 0, -3],
    ],
    "i32",
  ],
  [() => np.argsort(V), [1, 2, 0, 4, 3], "i32"],
  [() => np.argsort(D), [0, 2, 3, 1, 4, 5], "i32"],
  [() => np.argsort(D, -1, { descending: true }), [1, 4, 5, 3, 0, 2], "i32"],
  [
    () => np.argsort(N, 1),
    [
      [0, 2, 1],
      [0, 1, 2],
    ],
    "i32",
  ],
  [() => np.sort(array([0, -0, -1])), [-1, 0, 0], "f32"],
  [() => np.lexsort([V, array([1, 0, 1, 0, 0])]), [1, 4, 3, 2, 0], "i32"],
  [() => np.partition(V, 2), [1, 2, 3, 4, 5], "f32"],
  [() => np.searchsorted(array([1, 3, 5]), array([0, 1, 3.5, 9])), [0, 0, 2, 3], "i32"],
  [() => np.searchsorted(array([1, 3, 3, 5]), 3, { side: "right" }), 3, "i32"],
  [() => np.searchsorted(array([1, 2, NaN]), array([NaN, 3]), { side: "left" }), [2, 2], "i32"],
  [
    () => np.searchsorted(array([1, 3, 5]), A),
    [
      [0, 1, 1],
      [2, 2, 3],
    ],
    "i32",
  ],
  [() => np.digitize(array([0.5, 1, 2.5, 9]), array([1, 2, 3])), [0, 1, 2, 3], "i32"],
  [() => np.unique(D), [1, 2, 3], "i32 eager"],
  [() => np.unique(array([3, NaN, 1, NaN, 1])), [1, 3, NaN], "f32 eager"],
  [
    () => np.unique(D, { returnIndex: true, returnInverse: true, returnCounts: true }),
    [
      [1, 2, 3],
      [0, 3, 1],
      [0, 2, 0, 1, 2, 2],
      [2, 1, 3],
    ],
    "eager",
  ],
  [() => np.unique(D, { size: 5 }), [1, 2, 3, 1, 1], "i32"],
  [() => np.unique(D, { size: 5, fillValue: -1 }), [1, 2, 3, -1, -1], "i32"],
  [() => np.unique(D, { size: 2 }), [1, 2], "i32"],
  [() => np.unique(E), empty(0), "f32 eager"],
  [() => np.isin(D, array([1, 2], "i32")), [true, false, true, true, false, false], "bool"],
  [
    () => np.isin(A, V, { invert: true }),
    [
      [false, false, false],
      [false, false, true],
    ],
    "bool",
  ],
  [
    () => np.isin(A, E),
    [
      [false, false, false],
      [false, false, false],
    ],
    "bool",
  ],
  [() => np.union1d(V, array([2, 9])), [1, 2, 3, 4, 5, 9], "f32 eager"],
  [() => np.intersect1d(V, array([2, 9, 1])), [1, 2], "f32 eager"],
  [() => np.setdiff1d(V, array([2, 9, 1])), [3, 4, 5], "f32 eager"],
  [() => np.setxor1d(V, array([2, 9, 1])), [3, 4, 5, 9], "f32 eager"],
  [
    () => np.nonzero(I),
    [
      [0, 0, 0, 1, 1],
      [0, 1, 2, 0, 2],
    ],
    "eager",
  ],
  [() => np.flatnonzero(I), [0, 1, 2, 3, 5], "i32 eager"],
  [() => np.flatnonzero(I, { size: 7, fillValue: -1 }), [0, 1, 2, 3, 5, -1, -1], "i32"],
  [
    () => np.nonzero(M, { size: 3 }),
    [
      [0, 0, 1],
      [0, 2, 1],
    ],
  ],
  [
    () => np.argwhere(M),
    [
      [0, 0],
      [0, 2],
      [1, 1],
      [1, 2],
    ],
    "i32 eager",
  ],
  [() => np.extract(np.greater(A, 2), A), [3, 4, 5, 6], "f32 eager"],
  [() => np.extract(np.greater(A, 2), A, { size: 6 }), [3, 4, 5, 6, 0, 0], "f32"],
  [
    () => np.unravelIndex(array([0, 5, 3], "i32"), [2, 3]),
    [
      [0, 1, 1],
      [0, 2, 0],
    ],
  ],
  [() => np.ravelMultiIndex([array([0, 1], "i32"), array([2, 1], "i32")], [2, 3]), [2, 4], "i32"],
  [() => np.median(V), 3, "f32"],
  [() => np.median(A, 0), [2.5, 3.5, 4.5], "f32"],
  [() => np.median(A, 1, { keepdims: true }), [[2], [5]], "f32"],
  [() => np.median(N, 1), [NaN, NaN], "f32"],
  [() => np.median(T, [0, 2]), [7.5, 11.5, 15.5], "f32"],
  [() => np.quantile(V, 0.3), 2.2, "f32"],
  [
    () => np.quantile(A, [0, 0.25, 1], 1),
    [
      [1, 4],
      [1.5, 4.5],
      [3, 6],
    ],
    "f32",
  ],
  [() => np.quantile(V, 0.3, null, { method: "lower" }), 2, "f32"],
  [() => np.quantile(V, 0.3, null, { method: "higher" }), 3, "f32"],
  [() => np.quantile(V, 0.3, null, { method: "nearest" }), 2, "f32"],
  [() => np.quantile(V, 0.3, null, { method: "midpoint" }), 2.5, "f32"],
  [() => np.quantile(V, array([0.1, 0.9])), [1.4, 4.6], "f32"],
  [() => np.quantile(array([1, Infinity, Infinity]), 0.75), Infinity, "f32"],
  [() => np.median(array([-Infinity, 1])), -Infinity, "f32"],
  [() => np.median(array([1, Infinity])), Infinity, "f32"],
  [() => np.median(array([-Infinity, Infinity])), NaN, "f32"],
  [() => np.quantile(array([-Infinity, 1, 2]), [0, 0.25, 0.5, 1]), [-Infinity, -Infinity, 1, 2], "f32"],
  [() => np.quantile(array([-Infinity, 1], { dtype: "f16" }), [0.0001, 0.9999, 1]), [-Infinity, -Infinity, 1], "f16"],
  [() => np.quantile(array([-3e38, 3e38]), 0.75), 1.5e38, "f32"],
  [() => np.median(np.ones([0, 3]), 1), [], "f32"],
  [() => np.percentile(B, 40, 0), [0.3, 0, 2.95], "f32"],
  [() => np.nanmedian(N, 1), [2, 4.5], "f32"],
  [() => np.nanquantile(N, 0.25, 0), [1.75, 5, 3], "f32"],
  [() => np.nanpercentile(N, [10, 90]), [1.6, 4.7], "f32"],
  [() => np.bincount(D), [0, 2, 1, 3], "i32 eager"],
  [() => np.bincount(D, { minlength: 6 }), [0, 2, 1, 3, 0, 0], "i32 eager"],
  [() => np.bincount(D, { length: 3 }), [0, 2, 1], "i32"],
  [() => np.bincount(D, { length: 4, weights: array([1, 2, 3, 4, 5, 6]) }), [0, 4, 4, 13], "f32"],
  [
    () => np.histogram(V, 4),
    [
      [1, 1, 1, 2],
      [1, 2, 3, 4, 5],
    ],
  ],
  [
    () => np.histogram(V, 3, [0, 6]),
    [
      [1, 2, 2],
      [0, 2, 4, 6],
    ],
  ],
  [
    () => np.histogram(V, array([0, 2, 3, 4])),
    [
      [1, 1, 2],
      [0, 2, 3, 4],
    ],
  ],
  [
    () => np.histogram(A, { bins: 3, density: true }),
    [
      [0.2, 0.2, 0.2],
      [1, 2.66666667, 4.33333333, 6],
    ],
  ],
  [
    () => np.histogram(V, { bins: 2, weights: array([1, 2, 3, 4, 5]) }),
    [
      [5, 10],
      [1, 3, 5],
    ],
  ],
  [
    () => np.histogram(array([1, NaN, 2]), 2, [0, 2]),
    [
      [0, 2],
      [0, 1, 2],
    ],
  ],
  [
    () => np.cov(B),
    [
      [3.14583333, -2.10416667],
      [-2.10416667, 14.0833333],
    ],
    "f32",
  ],
  [() => np.cov(V), 2.5, "f32"],
  [
    () => np.cov(B, { rowvar: false, bias: true }),
    [
      [1, -2.5, -3.375],
      [-2.5, 6.25, 8.4375],
      [-3.375, 8.4375, 11.390625],
    ],
    "f32",
  ],
  [
    () => np.corrcoef(np.stack([V, array([1, 5, 2, 2, 4])])),
    [
      [1, -0.384900179],
      [-0.384900179, 1],
    ],
    "f32",
  ],
  [() => np.interp(array([0, 1.5, 2, 9]), array([1, 2, 4]), array([10, 20, 0])), [10, 15, 20, 0], "f32"],
  [() => np.interp(array([0, 9]), array([1, 2]), array([10, 20]), { left: -1, right: -2 }), [-1, -2], "f32"],
  [() => np.gradient(V), [-2, -0.5, 2, 1, -1], "f32"],
  [
    () => np.gradient(A, 0.5),
    [
      [
        [6, 6, 6],
        [6, 6, 6],
      ],
      [
        [2, 2, 2],
        [2, 2, 2],
      ],
    ],
  ],
  [
    () => np.gradient(A, 1, 1),
    [
      [1, 1, 1],
      [1, 1, 1],
    ],
    "f32",
  ],
  [() => np.trapezoid(V), 11.5, "f32"],
  [() => np.trapezoid(A, array([0, 1, 3])), [6.5, 15.5], "f32"],
  [() => np.trapezoid(A, null, 2, 0), [5, 7, 9], "f32"],
  [() => np.convolve(V, array([1, 0, -1])), [3, 1, -1, 4, 2, -5, -4], "f32"],
  [() => np.convolve(V, array([1, 2, 3, 4]), "same"), [7, 13, 24, 24, 31], "f32"],
  [() => np.convolve(array([1, 2]), V, "same"), [3, 7, 4, 9, 14], "f32"],
  [() => np.convolve(V, array([1, 2]), "valid"), [7, 4, 9, 14], "f32"],
  [() => np.correlate(V, array([1, 2, 3])), [11, 20, 24], "f32"],
  [() => np.correlate(array([1, 2, 3]), V, "full"), [4, 13, 24, 20, 11, 9, 9], "f32"],
  [() => np.correlate(V, array([1, 2, 3, 4]), "same"), [13, 17, 31, 36, 24], "f32"],
  [
    () => np.polyval([1, 2, 3], A),
    [
      [6, 11, 18],
      [27, 38, 51],
    ],
    "f32",
  ],
  [() => np.polyval(V, 2), 78, "f32"],
  [() => np.unwrap(array([0, 3, 6, 9.5, 1])), [0, 3, 6, 3.21681469, 1], "f32"],
  [() => np.unwrap(array([0, 0.75, 1.5]), 1), [0, -0.25, -0.5], "f32"],
]);
