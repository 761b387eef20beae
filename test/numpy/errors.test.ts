/** Wrong use of the namespace: a named error, the culprit and shapes in the message, a remedy in the help. */
import { describe, expect, it } from "vitest";
import { array, grad, jit, lax, nn, numpy as np, random, type Tensor, valueAndGrad, vmap } from "../../src/index.js";
import { errorOf } from "../api/helpers.js";

const x = np.ones([2, 3]);
const v = np.ones([4]);
const traced = (f: (t: Tensor) => unknown) => (): unknown => jit((t: Tensor) => f(t) as Tensor)(x);

const CASES: readonly (readonly [run: () => unknown, code: string, message: RegExp])[] = [
  // shapes
  [() => np.add(x, v), "TW2002", /add: shapes \[2, 3\] and \[4\] do not broadcast: 3 and 4 meet on axis -1/],
  [() => np.where(np.ones([2], "bool"), x, 0), "TW2002", /where: .*\[2\].*\[2, 3\]/],
  [() => np.dot(x, x), "TW2003", /dot: .*f32\[2,3\].* 3 on axis 1, f32\[2,3\] has 2 on axis 0/],
  [() => np.matmul(x, v), "TW2003", /matmul: contracting dimensions differ/],
  [() => np.matmul(x, 2), "TW2007", /scalars are not matrices/],
  [() => np.einsum("ij,jk->ik", x, x), "TW2001", /label j of "ij,jk->ik" has size 3 and 2/],
  [() => np.einsum("ij->k", x), "TW2011", /label k is in no operand/],
  [() => np.einsum("i,j", x), "TW2011", /names 2 operands, 1 were given/],
  [() => np.einsum("ijk", x), "TW2011", /"ijk" names 3 axes, operand 0 has 2/],
  [() => np.tensordot(x, v, 1), "TW2003", /contracting dimensions differ/],
  [() => np.cross(v, v), "TW2001", /cross: .*f32\[4\]/],
  [() => np.reshape(x, [4, 2]), "TW2008", /has 6 elements, \[4, 2\] has 8/],
  [() => np.reshape(x, [4, -1]), "TW2008", /6 elements do not divide into \[4, -1\]/],
  [() => np.squeeze(x, 0), "TW2001", /squeeze: axis 0 has size 2, not 1/],
  [() => np.stack([x, v]), "TW2001", /stack: f32\[2,3\] and f32\[4\] differ in shape/],
  [() => np.concatenate([x, np.ones([2, 4])]), "TW2001", /concatenate: .*differ on an axis other than 0/],
  [() => np.concatenate([1, 2]), "TW2007", /array 0 is a scalar/],
  [() => np.concatenate([]), "TW2011", /the list is empty/],
  [() => np.split(v, 3), "TW2001", /split: the 4 elements of axis 0 do not divide into 3 equal parts/],
  [() => np.broadcastTo(x, [2, 4]), "TW2002", /f32\[2,3\] cannot be broadcast to \[2, 4\]/],
  [() => np.array([[1, 2], [3]]), "TW2001", /ragged: 1 elements where the first list has 2/],
  [() => np.array([1, 2, 3], { shape: [2, 2] }), "TW2001|TW2008", /3 elements/],
  [() => np.meshgrid([x]), "TW2007", /needs vectors, got f32\[2,3\]/],
  [() => np.average(x, 0, { weights: np.ones([2, 2]) }), "TW2002", /cannot be broadcast/],
  [() => np.average(x, { weights: v }), "TW2001", /weights f32\[4\] do not fit f32\[2,3\]/],
  [() => np.reshape(x, [-2, -3]), "TW2011", /-2 is not a size \(shape \[-2, -3\]\)/],
  [() => np.reshape(x, [-1, -1]), "TW2008|TW2011", /-1/],
  [() => np.tile(x, -1), "TW2011", /-1 is not a size/],
  [() => np.repeat(x, 1.5, 0), "TW2011", /1.5 is not a size/],
  [() => lax.full([-2], 1), "TW2011", /-2 is not a size/],
  [() => lax.iota("i32", -3), "TW2011", /-3 is not a size/],
  [() => nn.oneHot(np.array([1], "i32"), -2), "TW2011", /-2 is not a size/],
  [() => lax.topK(x, 1.5), "TW2011", /k = 1.5/],
  [() => lax.dynamicSlice(v, [0], [1.5]), "TW2009", /size 1.5/],
  [
    () => lax.convGeneralDilated(np.ones([1, 1, 4, 4]), np.ones([1, 1, 2, 2]), { windowStrides: [1.5, 1] }),
    "TW2011",
    /strides \[1.5, 1\]/,
  ],
  // what is no number, from JavaScript or through any
  ...[undefined, null, "2", [1, 2, 3], {}, Promise.resolve(1), new Float32Array(3), (): number => 1].flatMap((bad) => {
    const operand = bad as never;
    return [
      () => x.add(operand),
      () => np.maximum(x, operand),
      () => np.power(operand, x),
      ...(bad ? [() => np.where(x.greater(0), operand, x), () => np.clip(x, operand, 2)] : []),
      () => lax.mul(x, operand),
      () => x.at(0).set(operand),
      () => np.full([2], operand),
      () => lax.dynamicSlice(v, [operand], [1]),
    ].map((run): (typeof CASES)[number] => [run, "TW1003", /not an array/]);
  }),
  [() => np.concatenate(x as never), "TW1003", /takes one list of arrays/],
  [() => np.stack(x as never), "TW1003", /takes one list of arrays/],
  ...(["meshgrid", "vstack", "hstack", "dstack", "columnStack", "lexsort"] as const).map(
    (name): (typeof CASES)[number] => [
      () => np[name](x as never),
      "TW1003",
      /takes one list of arrays, not an instance of Tensor/,
    ],
  ),
  // arguments that are read before they are computed with
  ...[undefined, null, "a", {}].flatMap((bad) => {
    const x = bad as never;
    const calls: (() => unknown)[] = [
      () => np.ravel(x),
      () => np.swapaxes(x, 0, 1),
      () => np.sort(x),
      () => np.squeeze(x),
      () => np.flip(x),
      () => np.tile(x, 2),
      () => np.atleast2d(x),
      () => np.argmax(x),
      () => np.cumsum(x),
      () => np.tril(x),
      () => lax.reduceMax(x),
      () => lax.sliceInDim(x, 0, 1),
      () => lax.expandDims(x, [0]),
      () => nn.meanSquaredError(x, v),
    ];
    return calls.map((run): (typeof CASES)[number] => [run, "TW1003", /: an operand is .*, not an array/]);
  }),
  [() => np.vstack([undefined as never]), "TW1003", /vstack: an operand is undefined, not an array/],
  [() => np.flip("a" as never, []), "TW1003", /an operand is a string \(a\), not an array/],
  [traced(() => random.wrapKeyData({} as never)), "TW1003", /an operand is an instance of Object, not an array/],
  ...[jit, vmap, grad, valueAndGrad].map((transform): (typeof CASES)[number] => [
    () => (transform as (f: unknown) => unknown)(np.sum(x)),
    "TW1003",
    /takes a function, not /,
  ]),
  // axes
  [() => x.sum("0" as never), "TW2004", /sum: an axis is a string \(0\), not an integer/],
  [() => np.sum(x, { axis: "0" as never }), "TW2004", /sum: an axis is a string \(0\), not an integer/],
  [() => np.mean(x, [{}] as never), "TW2004", /mean: an axis is an instance of Object, not an integer/],
  [() => np.roll(x, 1, "0" as never), "TW2004", /roll: an axis is a string/],
  [() => np.roll(x, 0.3, 0), "TW2011", /roll: the shift 0\.3 is not a whole number/],
  [() => np.rot90(x, 0.5), "TW2011", /rot90: the number of turns 0\.5/],
  [() => np.diff(x, 1.5), "TW2011", /diff: the number of differences 1\.5/],
  [() => np.diag(x, 0.5), "TW2011", /diag: the diagonal 0\.5/],
  [() => np.diagonal(x, 0.5), "TW2011", /diagonal: the offset 0\.5/],
  [() => np.split(x, 1.5), "TW2011", /split: the number of parts 1\.5/],
  [() => np.split(x, [0.5]), "TW2011", /split: the position 0\.5/],
  [() => np.arraySplit(x, Number.NaN), "TW2011", /arraySplit: the number of parts NaN/],
  [() => np.take(x, 0.5), "TW2011", /take: the position 0\.5/],
  [() => np.partition(x, 0.5), "TW2011", /partition: the position 0\.5/],
  [() => np.triuIndices(2.5), "TW2011", /the size 2\.5/],
  [() => lax.sliceInDim(x, 0.5, 1, 1, 0), "TW2011", /slice: 0\.5 on axis 0/],
  [() => np.moveaxis(x, "0" as never, 1), "TW2004", /moveaxis: an axis is a string/],
  [() => np.sort(x, Number.NaN), "TW2004", /sort: axis NaN/],
  [() => np.sum(x, 2), "TW2004", /sum: axis 2 does not exist in an array of rank 2/],
  [() => np.sum(x, [0, 0]), "TW2004", /named twice/],
  [() => np.sum(1, 0), "TW2004", /rank 0/],
  [() => np.transpose(x, [0, 2]), "TW2004", /transpose: axis 2/],
  [() => np.expandDims(x, 4), "TW2004", /axis 4/],
  [() => np.moveaxis(x, [0, 1], 0), "TW2011", /different numbers of axes/],
  [() => np.sort(x, 5), "TW2004", /sort: axis 5/],
  [() => np.diagonal(x, 0, 1, 1), "TW2004", /are the same/],
  // dtypes
  [() => np.bitwiseAnd(x, x), "TW2005", /bitwiseAnd: needs integers or bools, got f32\[2,3\]/],
  [() => np.take(v, array([0.5])), "TW2005", /take: indices must be integers/],
  [() => x.index(v), "TW2005", /an index must be integers or a mask/],
  [() => np.zeros([2], "float32" as never), "TW2005", /unknown dtype "float32"/],
  [() => np.add(random.key(0), 1), "TW2005", /PRNG keys are not numbers/],
  [() => np.power(np.arange(3), -1), "TW2011", /to the power -1/],
  [() => np.bincount(v), "TW2005", /needs whole numbers/],
  // indices
  [() => x.index(2), "TW2009", /index: 2 is outside of axis 0, which has size 2/],
  [() => x.index(0, -4), "TW2009", /-4 is outside of axis 1/],
  [() => x.index(0, 0, 0), "TW2007", /3 indices for an array of rank 2/],
  [() => x.index("1-2"), "TW2011", /cannot read "1-2"/],
  [() => x.index("::0"), "TW2011", /step 0/],
  [() => x.index("...", "..."), "TW2011", /may stand once/],
  [() => x.index(0.5), "TW2011", /0.5 is not a whole number/],
  [() => x.index(np.ones([3], "bool")), "TW2001", /mask of shape \[3\] for an array of shape \[2, 3\]/],
  [
    traced((t) => t.index(t.greater(0))),
    "TW2012",
    /a traced mask bool\[2,3\] selects a number of elements that only the run knows/,
  ],
  [traced((t) => np.nonzero(t)), "TW2012", /depends on values/],
  [traced((t) => np.unique(t)), "TW2012", /unique: the size of the result/],
  [traced((t) => np.extract(t, t)), "TW2012", /extract/],
  [() => np.delete(v, 9), "TW2009", /position 9/],
  [
    () => np.takeAlongAxis(x, array([0], "i32"), 0),
    "TW2007",
    /takeAlongAxis: indices i32\[1\] for an array f32\[2,3\]/,
  ],
  [() => np.unravelIndex(array([1], "i32"), []).length === 0 && np.ravelMultiIndex([], []), "TW2011", /0 positions/],
  // parameters
  [() => np.max(np.ones([0])), "TW2011", /max: axis 0 of f32\[0\] is empty/],
  [() => np.argmax(np.ones([0])), "TW2011", /argmax: the axis is empty/],
  [() => np.quantile(v, 1.5), "TW2011", /1.5 is not a share/],
  [
    () => np.linalg.solve(np.eye(2), 1),
    "TW2001",
    /linalg.solve: the matrix f32\[2,2\] and the right side .*f32\[\] differ/,
  ],
  [() => np.linalg.solveTriangular(np.eye(3), v), "TW2001", /linalg.solveTriangular: .*f32\[3,3\] .* f32\[4\] differ/],
  [() => np.linalg.solveTriangular(np.ones([2, 3, 3]), np.ones([3, 3, 1])), "TW2001", /leading axes/],
  [
    () => np.linalg.solveTriangular(np.eye(4), v, { lower: "yes" } as never),
    "TW1007",
    /the option lower is a string \(yes\)/,
  ],
  [
    () => np.linalg.solveTriangular(np.eye(4), v, { foo: 1 } as never),
    "TW1007",
    /solveTriangular: there is no option foo/,
  ],
  [
    () => np.linalg.cholesky(np.eye(2), { lower: true } as never),
    "TW1007",
    /linalg.cholesky: there is no option lower/,
  ],
  [() => np.linalg.cholesky(np.eye(2), true as never), "TW1007", /linalg.cholesky: the options are/],
  [() => np.linalg.qr(np.eye(2), "full" as never), "TW2011", /linalg.qr: the mode is a string \(full\)/],
  [() => np.linalg.svd(np.eye(2), { full: 1 } as never), "TW1007", /linalg.svd: there is no option full/],
  [() => lax.linalg.qr(np.eye(2), "full" as never), "TW1007", /lax.linalg.qr: the options are a string/],
  [() => lax.linalg.svd(np.eye(2), { full: 1 } as never), "TW1007", /lax.linalg.svd: there is no option full/],
  [() => np.linalg.norm(x, { axis: 5 }), "TW2004", /linalg.norm: axis 5/],
  [() => np.linalg.norm(x, { axis: [0, 1, 0] as never }), "TW2004", /linalg.norm: 3 axes/],
  [() => np.linalg.vectorNorm(x, { axis: 5 }), "TW2004", /linalg.vectorNorm: axis 5/],
  [() => np.linalg.cond(np.zeros([0, 0])), "TW2011", /linalg.cond: f32\[0,0\] is empty/],
  [() => np.linalg.cond(x, 1), "TW2001", /linalg.cond: needs a square matrix/],
  [() => np.eye(3, 3, { dtype: "i32" } as never), "TW1007", /eye: an instance of Object stands where a whole number/],
  [() => np.eye(3, { dtype: "i32" } as never), "TW1007", /eye: an instance of Object stands where a whole number/],
  [() => np.tril(x, "a" as never), "TW1007", /tril: the diagonal is a string/],
  [() => np.searchsorted(v, 1, { side: "middle" as never }), "TW2011", /searchsorted: the side is a string \(middle\)/],
  [() => np.sort(v, 0, { reverse: true } as never), "TW1007", /sort: there is no option reverse/],
  [() => x.at(undefined as never).set(1), "TW1003", / at: an index is undefined/],
  [() => np.at(x, 0, {} as never).add(1), "TW1003", / at: an index is an instance of Object/],
  [() => np.index(x, undefined as never), "TW1003", / index: an index is undefined/],
  [
    () => lax.scatterAdd(x, [[0]] as never, v, undefined as never),
    "TW1007",
    /lax.scatterAdd: the parameters are undefined/,
  ],
  [() => lax.scatter(x, x, v, {} as never), "TW1007", /lax.scatter: dims is undefined/],
  [() => lax.gather(x, x, { dims: {} } as never), "TW1007", /lax.gather: dims.offsetDims is undefined, not a list/],
  [() => np.quantile(v, undefined as never), "TW1003", /quantile: q is undefined, not a number/],
  [() => np.percentile(v, [101]), "TW2011", /percentile: 101 is not a percentage/],
  [() => np.quantile(v, 0.5, null, { axis: 0 } as never), "TW1007", /quantile: there is no option axis/],
  [() => np.quantile(v, 0.5, null, { method: "cubic" as never }), "TW2011", /unknown method "cubic"/],
  [() => np.median(np.zeros([0])), "TW2011", /nothing along the axis/],
  [() => np.pad(v, 1, "mirror" as never), "TW2011", /unknown mode "mirror"/],
  [() => np.pad(x, [[1, 1]]), "TW2007", /1 widths for an array of rank 2/],
  [() => np.pad(v, -1), "TW2011", /\[-1, -1\]/],
  [() => np.arange(0, 5, 0), "TW2011", /step is 0/],
  [() => np.arange(0, Number.POSITIVE_INFINITY), "TW2011", /has no end/],
  [() => np.linspace(0, 1, -1), "TW2011", /-1 is not a number of points/],
  [() => np.zeros([-1]), "TW2011", /-1 is not a size/],
  [() => np.zeros([1.5]), "TW2011", /1.5 is not a size/],
  [() => np.zeros(undefined as never), "TW2011", /zeros: undefined is not a size/],
  [() => np.ones(["2"] as never), "TW2011", /ones: 2 is not a size/],
  [() => lax.full(["2"] as never, 1), "TW2011", /2 is not a size/],
  [() => np.reshape(x, ["6"] as never), "TW2011|TW2008", /"?6"? is not a size/],
  [() => lax.reshape(x, "6" as never), "TW2011", /reshape: the shape is a string \(6\)/],
  [() => np.broadcastTo(x, undefined as never), "TW2011", /broadcastTo: the shape is undefined/],
  [() => np.broadcastTo(x, ["2", 3] as never), "TW2011|TW2002", /"2" is not a size/],
  [() => np.split(v, "a" as never), "TW2011", /is not a size|split/],
  [() => lax.sliceInDim(v, "a" as never, 2), "TW2011", /"a" is not a size/],
  [() => np.array("text" as never), "TW1003", /not a number/],
  [() => np.repeat(v, [1, 2]), "TW2001", /2 counts for axis 0 of f32\[4\]/],
  [() => np.searchsorted(x, 1), "TW2007", /needs a sorted vector, got f32\[2,3\]/],
  [() => np.convolve(x, v), "TW2007", /needs two vectors/],
  // matrices
  [() => np.linalg.inv(x), "TW2001", /linalg.inv: needs a square matrix, got f32\[2,3\]/],
  [() => np.linalg.solve(np.eye(3), v), "TW2001", /matrix f32\[3,3\] and the right side f32\[4\]/],
  [() => np.linalg.cholesky(v), "TW2007", /needs a matrix, got f32\[4\]/],
  [() => np.linalg.norm(x, 3), "TW2011", /no norm of order 3/],
  [() => np.linalg.lstsq(x, v), "TW2001", /do not fit/],
  [() => np.trace(v), "TW2007", /trace: needs a matrix/],
  [() => np.tril(v), "TW2007", /tril: needs a matrix/],
];

describe("errors", () => {
  it.each(CASES.map((c) => [`${c[1]} ${c[2].source}`, c] as const))("%s", (_, [run, code, message]) => {
    const e = errorOf(run);
    expect(code.split("|")).toContain(e.code);
    expect(e.message).toMatch(message);
    expect(e.help, `help of ${e.message}`).not.toBe("");
  });
  it("stand where the user wrote the call", () => {
    expect(errorOf(() => np.add(x, v)).file).toMatch(/errors\.test\.ts$/);
  });
});
