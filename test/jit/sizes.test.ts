/** Programs over named sizes: one module runs at any of them, and gives what the interpreter gives. */
import { describe, expect, test } from "vitest";
import { interpret } from "../../src/interpreter/index.js";
import { parseProgram } from "../../src/ir/parse.js";
import { type NamedSize, NeedsStaticSize, valueOf } from "../../src/ir/size.js";
import { compileProgram } from "../../src/jit/compile.js";
import { expectSame } from "../laws/compare.js";
import { randomInputs } from "../laws/fuzz-program.js";
import { validated } from "../lowering/validate.js";
import { runOn } from "./run.js";

const SIZES = [2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 33, 64, 70, 127, 128];
/** For images, which the interpreter takes long for. */
const FEW_SIZES = [2, 3, 5, 9, 16, 33];
const NAMES: readonly NamedSize[] = [
  { name: "n", atLeast: 2, hint: 9 },
  { name: "m", atLeast: 2, hint: 40 },
];

const dot = (l: number, r: number): string =>
  `dot_general[lhsBatch=[], lhsContract=[${l}], preferred=null, rhsBatch=[], rhsContract=[${r}]] a, b`;

const conv = (
  lhs: string,
  rhs: string,
  out: string,
  padding: string,
  { strides = "[1, 1]", holes = "[1, 1]" } = {},
): string =>
  `conv_general_dilated[batchGroupCount=1, featureGroupCount=1, lhsDilation=${holes}, lhsSpec=${lhs}, outSpec=${out}, padding=${padding}, preferred=null, rhsDilation=[1, 1], rhsSpec=${rhs}, strides=${strides}]`;
const image = (padding: string, options = {}): string =>
  `${conv("[0, 3, 1, 2]", "[3, 2, 0, 1]", "[0, 3, 1, 2]", padding, options)} a, b`;

/** Inputs, and equations that end in `z`. */
const PROGRAMS: Record<string, readonly [string, ...string[]]> = {
  "rows of a product": ["a: f32[n,24], b: f32[24,20]", `z: f32[n,20] = ${dot(1, 0)}`],
  "columns of a product": ["a: f32[20,24], b: f32[24,n]", `z: f32[20,n] = ${dot(1, 0)}`],
  "rows and columns of a product with what is transposed": ["a: f32[n,24], b: f32[n,24]", `z: f32[n,n] = ${dot(1, 1)}`],
  "depth of a product": ["a: f32[n,24], b: f32[n,20]", `z: f32[24,20] = ${dot(0, 0)}`],
  "every size of a product": ["a: f32[n,m], b: f32[m,n]", `z: f32[n,n] = ${dot(1, 0)}`],
  "every size of a product of transposes": ["a: f32[m,n], b: f32[n,m]", `z: f32[n,n] = ${dot(0, 1)}`],
  "a batch of products": [
    "a: f32[n,6,m], b: f32[n,m,9]",
    "z: f32[n,6,9] = dot_general[lhsBatch=[0], lhsContract=[2], preferred=null, rhsBatch=[0], rhsContract=[1]] a, b",
  ],
  "a product with bias and activation": [
    "a: f32[n,24], b: f32[24,20], c: f32[20]",
    `d: f32[n,20] = ${dot(1, 0)}`,
    "e: f32[n,20] = broadcast_in_dim[dims=[1], shape=[n, 20]] c",
    "f: f32[n,20] = add d, e",
    "z: f32[n,20] = tanh f",
  ],
  "a softmax along the named axis": [
    "a: f32[5,n]",
    "b: f32[5] = reduce_max[axes=[1]] a",
    "c: f32[5,n] = broadcast_in_dim[dims=[0], shape=[5, n]] b",
    "d: f32[5,n] = sub a, c",
    "e: f32[5,n] = exp d",
    "f: f32[5] = reduce_sum[axes=[1]] e",
    "g: f32[5,n] = broadcast_in_dim[dims=[0], shape=[5, n]] f",
    "z: f32[5,n] = div e, g",
  ],
  "sums along the other axis": ["a: f32[n,21]", "z: f32[21] = reduce_sum[axes=[0]] a"],
  "axes that become one, and are taken apart": [
    "a: f32[n,m]",
    "b: f32[m,n] = transpose[perm=[1, 0]] a",
    "c: f32[n*m] = reshape[shape=[n*m]] b",
    "d: f32[n*m] = tanh c",
    "z: f32[n,m] = reshape[shape=[n, m]] d",
  ],
  "a convolution of images of named sizes": [
    "a: f32[2,n,m,4], b: f32[3,3,4,8]",
    `z: f32[2,n,m,8] = ${image("[[1, 1], [1, 1]]")}`,
  ],
  "a convolution of images of named sizes with strides": [
    "a: f32[2,n,m,4], b: f32[3,3,4,16]",
    `z: f32[2,(n-1)//2+1,(m-1)//2+1,16] = ${image("[[1, 1], [1, 1]]", { strides: "[2, 2]" })}`,
  ],
  "a convolution of images of named sizes with holes": [
    "a: f32[2,n,m,4], b: f32[3,3,4,8]",
    `z: f32[2,2*n-1,2*m-1,8] = ${image("[[1, 1], [1, 1]]", { holes: "[2, 2]" })}`,
  ],
  "a convolution of images of named sizes, cut off and padded": [
    "a: f32[2,n,m,4], b: f32[3,3,4,8]",
    `z: f32[2,n-1,m+1,8] = ${image("[[-1, 2], [5, -2]]")}`,
  ],
  "a convolution of a batch": [
    "a: f32[n,7,6,4], b: f32[3,3,4,8]",
    `z: f32[n,7,6,8] = ${conv("[0, 3, 1, 2]", "[3, 2, 0, 1]", "[0, 3, 1, 2]", "[[1, 1], [1, 1]]")} a, b`,
  ],
  "a filter's gradient over a batch": [
    "a: f32[n,7,6,4], b: f32[n,7,6,8]",
    `z: f32[3,3,4,8] = ${conv("[3, 0, 1, 2]", "[3, 0, 1, 2]", "[2, 3, 0, 1]", "[[1, 1], [1, 1]]")} a, b`,
  ],
  "running sums along the named axis": ["a: f32[3,n]", "z: f32[3,n] = cumsum[axis=1, reverse=true] a"],
  "running sums of many lines": ["a: f32[n,7]", "z: f32[n,7] = cumsum[axis=1, reverse=false] a"],
  "running extrema side by side": ["a: f32[n,m,5]", "z: f32[n,m,5] = cummax[axis=1, reverse=false] a"],
  "running sums beside a named axis": ["a: f32[6,n]", "z: f32[6,n] = cumsum[axis=0, reverse=true] a"],
  "running sums with every size named": ["a: f32[m,n]", "z: f32[m,n] = cumlogsumexp[axis=0, reverse=false] a"],
  "sorted lines of a named length": ["a: f32[3,n,m]", "z: f32[3,n,m] = sort[axis=1, numKeys=1, stable=true] a"],
  "sorted records": [
    "a: i32[n], b: f64[n], c: f32[n]",
    "x: i32[n], y: f64[n], z: f32[n] = sort[axis=0, numKeys=2, stable=true] a, b, c",
  ],
  "the greatest of lines of a named length": ["a: f32[m,n]", "z: f32[m,2], i: i32[m,2] = top_k[k=2] a"],
  "sorted lines": ["a: f32[n,m,21]", "z: f32[n,m,21] = sort[axis=2, numKeys=1, stable=true] a"],
  "the greatest of lines": ["a: f32[n,21]", "z: f32[n,4], i: i32[n,4] = top_k[k=4] a"],
  "arrays side by side": ["a: f32[n,3], b: f32[m,3]", "z: f32[n+m,3] = concatenate[axis=0] a, b"],
};

function program(name: string): ReturnType<typeof parseProgram> {
  const [inputs, ...equations] = PROGRAMS[name] as readonly [string, ...string[]];
  return parseProgram(
    `fn ""(${inputs}, sizes: bool[n,m]) {\n${equations.map((e) => `  ${e}\n`).join("")}  return z\n}`,
  );
}

describe("one module for all sizes", () => {
  for (const name of Object.keys(PROGRAMS)) {
    test(name, () => {
      const p = program(name);
      const compiled = compileProgram(p, { sizes: NAMES });
      validated(compiled.bytes);
      const sizes = name.includes("images") ? FEW_SIZES : SIZES;
      sizes.forEach((n, i) => {
        const values = [n, sizes[(i * 5 + 2) % sizes.length] as number];
        const names = new Map(NAMES.map((s, k) => [s.name, values[k] as number]));
        const inputs = randomInputs(p, i, (d) => valueOf(d, names));
        expectSame(`${name} at ${values.join()}`, runOn(compiled, inputs, [], values), interpret(p, inputs), {
          rel: 1e-4,
          abs: 1e-4,
        });
      });
    });
  }
});

test("memory at each size is what lives at one time", () => {
  const product = (l: number, r: number): string =>
    `dot_general[lhsBatch=[], lhsContract=[${l}], preferred=null, rhsBatch=[], rhsContract=[${r}]]`;
  const p = parseProgram(`fn ""(a: f32[n,m]) {
  b: f32[m,m] = ${product(0, 0)} a, a
  c: f32[m,m] = ${product(1, 1)} b, b
  d: f32[n,m] = ${product(1, 0)} a, c
  return d
}`);
  const { plan } = compileProgram(p, { sizes: NAMES });
  for (const [n, m] of [
    [2, 300],
    [300, 2],
    [64, 65],
  ]) {
    const names = new Map([
      ["n", n as number],
      ["m", m as number],
    ]);
    const arena = plan.sized?.((d) => valueOf(d, names));
    expect(arena?.bytes).toBeLessThanOrEqual(1.15 * (arena?.liveBytes ?? 0));
    expect(arena?.liveBytes).toBeGreaterThanOrEqual(2 * 4 * (m as number) ** 2);
  }
});

test("what needs numbers says so", () => {
  const p = parseProgram(`fn ""(a: f32[n,n]) {\n  z: f32[n,n] = cholesky a\n  return z\n}`);
  expect(() => compileProgram(p, { sizes: NAMES })).toThrow(NeedsStaticSize);
  expect(() => compileProgram(p, { sizes: NAMES })).toThrow("a size of [n, n] must be known");
});
