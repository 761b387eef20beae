/** Convolutions against the interpreter: layouts, strides, dilations, padding, groups, one to three dimensions. */
import { expect, test } from "vitest";
import { fromValues } from "../../../src/interpreter/array.js";
import { interpret } from "../../../src/interpreter/index.js";
import { aval } from "../../../src/ir/aval.js";
import { buildProgram } from "../../../src/ir/builder.js";
import { castScalar, type DType } from "../../../src/ir/dtype.js";
import type { ConvParams } from "../../../src/ir/ops/index.js";
import { PLAIN_MACHINE } from "../../../src/lowering/target.js";
import { randomSource } from "../../kernels/random.js";
import type { Element } from "../../kernels/evaluate-tile.js";
import { runPlan } from "../run-plan.js";
import { prod } from "../../../src/util/index.js";

function values(dtype: DType, n: number, random: () => number): Element[] {
  return Array.from({ length: n }, () => castScalar(Math.floor((random() - 0.5) * 7), dtype));
}
/** Sizes in the order batch, features, space…; filter: out, in, space…. */
interface Case {
  readonly name: string;
  readonly input: readonly number[];
  readonly filter: readonly number[];
  readonly strides?: readonly number[];
  readonly padding?: readonly (readonly [number, number])[];
  readonly lhsDilation?: readonly number[];
  readonly rhsDilation?: readonly number[];
  readonly featureGroups?: number;
  readonly batchGroups?: number;
  /** Where the axes stand: of input, filter, result. */
  readonly specs?: readonly [readonly number[], readonly number[], readonly number[]];
}
const place = (sizes: readonly number[], spec: readonly number[]): number[] => {
  const shape: number[] = [];
  spec.forEach((axis, i) => {
    shape[axis] = sizes[i];
  });
  return shape;
};
const NHWC = [
  [0, 3, 1, 2],
  [3, 2, 0, 1],
  [0, 3, 1, 2],
] as const;

const CASES: readonly Case[] = [
  { name: "one tap", input: [2, 3, 4, 5], filter: [4, 3, 1, 1] },
  {
    name: "3×3, same size",
    input: [2, 3, 6, 7],
    filter: [8, 3, 3, 3],
    padding: [
      [1, 1],
      [1, 1],
    ],
  },
  {
    name: "3×3, same size, NHWC",
    input: [2, 3, 6, 7],
    filter: [8, 3, 3, 3],
    padding: [
      [1, 1],
      [1, 1],
    ],
    specs: NHWC,
  },
  { name: "5×5 without padding", input: [2, 2, 9, 9], filter: [5, 2, 5, 5] },
  { name: "5×5 without padding, NHWC", input: [2, 2, 9, 9], filter: [16, 2, 5, 5], specs: NHWC },
  {
    name: "strides",
    input: [1, 2, 9, 11],
    filter: [4, 2, 3, 3],
    strides: [2, 3],
    padding: [
      [1, 0],
      [2, 1],
    ],
  },
  {
    name: "dilated input",
    input: [2, 3, 4, 5],
    filter: [4, 3, 3, 2],
    lhsDilation: [2, 3],
    padding: [
      [1, 2],
      [0, 1],
    ],
  },
  {
    name: "dilated input, NHWC",
    input: [2, 3, 4, 5],
    filter: [4, 3, 3, 2],
    lhsDilation: [2, 3],
    padding: [
      [1, 2],
      [0, 1],
    ],
    specs: NHWC,
  },
  {
    name: "dilated filter",
    input: [2, 3, 9, 8],
    filter: [4, 3, 3, 2],
    rhsDilation: [2, 3],
    padding: [
      [1, 1],
      [0, 0],
    ],
  },
  {
    name: "negative padding",
    input: [2, 2, 8, 9],
    filter: [3, 2, 2, 2],
    padding: [
      [-1, 1],
      [-2, -3],
    ],
  },
  {
    name: "negative padding, dilated",
    input: [2, 2, 5, 4],
    filter: [3, 2, 2, 2],
    lhsDilation: [2, 2],
    padding: [
      [-1, -2],
      [-3, 1],
    ],
  },
  {
    name: "negative padding, dilated, larger",
    input: [3, 4, 9, 7],
    filter: [6, 4, 3, 2],
    lhsDilation: [2, 3],
    padding: [
      [-3, -2],
      [-4, 1],
    ],
  },
  {
    name: "one axis dilated, the other in the filter",
    input: [3, 4, 9, 7],
    filter: [6, 4, 3, 3],
    lhsDilation: [2, 1],
    rhsDilation: [1, 2],
    padding: [
      [5, 0],
      [2, 3],
    ],
    specs: NHWC,
  },
  { name: "feature groups", input: [2, 6, 5, 5], filter: [4, 3, 2, 2], featureGroups: 2 },
  {
    name: "each feature by itself",
    input: [2, 5, 6, 6],
    filter: [10, 1, 3, 3],
    featureGroups: 5,
    padding: [
      [1, 1],
      [1, 1],
    ],
  },
  { name: "each feature by itself, NHWC", input: [2, 5, 6, 6], filter: [5, 1, 3, 3], featureGroups: 5, specs: NHWC },
  { name: "batch groups", input: [6, 2, 5, 5], filter: [9, 2, 2, 2], batchGroups: 3 },
  { name: "one dimension", input: [3, 4, 17], filter: [6, 4, 5], padding: [[2, 2]] },
  {
    name: "three dimensions",
    input: [1, 2, 4, 5, 6],
    filter: [3, 2, 2, 3, 2],
    padding: [
      [0, 1],
      [1, 1],
      [0, 0],
    ],
  },
  { name: "no dimension", input: [3, 4], filter: [5, 4] },
  // the gradient for the filter: batch and features change places, the window is the gradient of the result
  {
    name: "gradient for the filter",
    input: [3, 4, 8, 8],
    filter: [6, 4, 6, 6],
    specs: [
      [1, 0, 2, 3],
      [1, 0, 2, 3],
      [1, 0, 2, 3],
    ],
  },
  // gradients of strided convolutions for the input: an input with holes, phase by phase
  ...[
    { name: "stride 2", filter: [17, 8, 3, 3], lhsDilation: [2, 2], padding: [[1, 2], [2, 1]] },
    { name: "stride 2, one tap", filter: [16, 8, 1, 1], lhsDilation: [2, 2], padding: [[0, 1], [0, 0]] },
    { name: "stride 3 and 1", filter: [16, 8, 2, 3], lhsDilation: [3, 1], padding: [[1, 4], [1, 0]] },
    { name: "stride 2, dilated filter", filter: [16, 8, 3, 2], lhsDilation: [2, 3], rhsDilation: [3, 2], padding: [[2, 2], [-1, 1]] },
    { name: "stride 2 of stride 3", filter: [16, 8, 3, 3], lhsDilation: [2, 2], strides: [3, 2], padding: [[3, 3], [2, 2]] },
    { name: "stride 2, groups", filter: [8, 4, 3, 3], lhsDilation: [2, 2], featureGroups: 2, padding: [[1, 1], [1, 1]] },
    { name: "stride 2, each feature by itself", filter: [8, 1, 3, 3], lhsDilation: [2, 2], featureGroups: 8, padding: [[1, 1], [1, 2]] },
    { name: "stride 2, batch groups", filter: [8, 8, 3, 3], lhsDilation: [2, 2], batchGroups: 2, padding: [[1, 1], [1, 2]] },
    { name: "stride 4, all cut off", filter: [16, 8, 2, 2], lhsDilation: [4, 4], padding: [[-9, 0], [-3, -3]] },
  ].flatMap((c): Case[] => {
    const own = { ...c, padding: c.padding as [number, number][], input: [2, 8, 5, 6] };
    return [{ ...own, name: `holes: ${c.name}` }, { ...own, name: `holes: ${c.name}, NHWC`, specs: NHWC }];
  }), // biome-ignore format: a table
  // large enough for windows that are read side by side
  ...[
    { name: "3×3", filter: [21, 1, 3, 3], padding: [[1, 1], [1, 1]] },
    { name: "5×4, dilated", filter: [21, 1, 5, 4], rhsDilation: [2, 3], padding: [[4, 4], [5, 3]] },
    { name: "stride 2", filter: [21, 1, 3, 3], strides: [2, 2], padding: [[0, 1], [1, 2]] },
    { name: "stride 2, holes", filter: [21, 1, 3, 3], lhsDilation: [2, 2], padding: [[2, 1], [1, 2]] },
    { name: "wide window", filter: [21, 1, 1, 11], padding: [[0, 0], [9, 3]] },
    { name: "cut off", filter: [21, 1, 3, 3], padding: [[-2, 1], [1, -3]] },
    { name: "stride 3 and 1", filter: [21, 1, 4, 3], strides: [3, 1], padding: [[1, 2], [2, 2]] },
    { name: "further out than the window", filter: [21, 1, 3, 3], padding: [[5, 4], [4, 6]] },
    { name: "no row is whole", filter: [21, 1, 3, 17], padding: [[1, 1], [8, 8]] },
    { name: "no column is whole", filter: [21, 1, 17, 3], padding: [[8, 8], [1, 0]] },
  ].flatMap((c): Case[] => {
    const own = { ...c, padding: c.padding as [number, number][], input: [1, 21, 13, 14], featureGroups: 21 };
    return [{ ...own, name: `each feature: ${c.name}` }, { ...own, name: `each feature: ${c.name}, NHWC`, specs: NHWC }];
  }), // biome-ignore format: a table
  { name: "holes: one dimension", input: [2, 8, 19], filter: [16, 8, 4], lhsDilation: [2], padding: [[3, 2]] },
  // long sums: batch and features change places, NHWC
  ...[
    { name: "3×3", input: [16, 8, 12, 12], filter: [12, 8, 12, 12], padding: [[1, 1], [1, 1]] },
    { name: "stride 2, odd sizes", input: [9, 13, 19, 17], filter: [21, 13, 10, 9], rhsDilation: [2, 2], padding: [[1, 1], [1, 1]] },
    { name: "groups", input: [12, 8, 13, 12], filter: [18, 8, 13, 12], batchGroups: 3, padding: [[1, 1], [1, 1]] },
    { name: "one tap", input: [33, 9, 11, 11], filter: [9, 9, 11, 11] },
    { name: "each feature by itself", input: [1, 9, 19, 17], filter: [12, 9, 19, 17], batchGroups: 12, padding: [[1, 1], [1, 1]] },
    { name: "each feature by itself, 5×5", input: [1, 7, 22, 19], filter: [8, 7, 9, 8], batchGroups: 8, rhsDilation: [2, 2], padding: [[1, 1], [1, 1]] },
  ].map((c): Case => {
    const [groups, padding] = [c.batchGroups ?? 1, (c.padding ?? [[0, 0], [0, 0]]) as [number, number][]]; // biome-ignore format: short
    const input = [c.input[0] * groups, c.input[1], ...c.input.slice(2)];
    return { ...c, name: `long sums: ${c.name}`, input, padding, specs: [[3, 0, 1, 2], [3, 0, 1, 2], [2, 3, 0, 1]] };
  }), // biome-ignore format: a table
  { name: "nothing in", input: [2, 0, 4, 4], filter: [3, 0, 2, 2] },
  { name: "window larger than the input", input: [2, 2, 2, 2], filter: [3, 2, 3, 3] },
];

const WIDE = { simd: true, relaxedMadd: true, wide: true, gpu: null };
const check = (c: Case, dtype: DType, outDtype: DType): void => {
  const space = c.input.length - 2;
  const ones = Array(space).fill(1);
  const natural = c.input.map((_, i) => i);
  const [lhsSpec, rhsSpec, outSpec] = c.specs ?? [natural, natural, natural];
  const params: ConvParams = {
    strides: c.strides ?? ones,
    padding: c.padding ?? ones.map(() => [0, 0]),
    lhsDilation: c.lhsDilation ?? ones,
    rhsDilation: c.rhsDilation ?? ones,
    lhsSpec,
    rhsSpec,
    outSpec,
    featureGroupCount: c.featureGroups ?? 1,
    batchGroupCount: c.batchGroups ?? 1,
    preferred: dtype === outDtype ? null : outDtype,
  };
  const random = randomSource(c.name.length);
  const inputs = [aval(place(c.input, lhsSpec), dtype), aval(place(c.filter, rhsSpec), dtype)];
  const arrays = inputs.map((a) => {
    const shape = a.shape as readonly number[];
    return fromValues(shape, dtype, values(dtype, prod(shape), random));
  });
  const program = buildProgram("conv", inputs, (b, x, w) => [b.emit1("conv_general_dilated", [x, w], params)]);
  const [expected] = interpret(program, arrays);
  // another machine has other tiles and blocks, and the same results
  for (const machine of [PLAIN_MACHINE, WIDE]) {
    const { outputs } = runPlan(program, arrays, { machine });
    expect(Array.from(outputs[0].data as Float64Array)).toEqual(Array.from(expected.data as Float64Array));
  }
};

test.each(CASES)("$name", (c) => check(c, "f32", "f32"));
test.each([
  ["f64", "f64"],
  ["f16", "f16"],
  ["bf16", "f32"],
  ["i8", "i32"],
  ["i32", "i32"],
] as const)("%s with a result of %s", (dtype, outDtype) => {
  for (const c of CASES.slice(1, 8)) check(c, dtype, outDtype);
  for (const c of CASES.filter((d) =>
    /^holes: stride 2|^each feature: (3|5)|^long sums: (st|each feature by itself, 5)/.test(d.name),
  ))
    check(c, dtype, outDtype);
});
