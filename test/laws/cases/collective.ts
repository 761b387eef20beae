/** Rows of the collective family: one program run by every rank of the axis "i". */
import { anything, normal } from "../gens.js";
import { NUMBERS, operand, ORDERED, row, ulps } from "./make.js";
import type { AnyCase } from "./types.js";

const RANKS = 4;
const axis = { name: "i", size: RANKS } as const;
const axisName = axis.name;
const named = { axisName, axisSize: RANKS } as const;
/** Three additions of normal values. */
const SUM = ulps(4, 8);

const SHAPES = [[], [3], [2, 5], [0, 2]];
const show = (s: readonly number[]): string => `[${s.join(",")}]`;

export const collective: readonly AnyCase[] = [
  ...SHAPES.flatMap((shape) => [
    row("psum", {
      name: show(shape),
      params: { axisName },
      operands: [operand(shape)],
      dtypes: NUMBERS,
      differentiable: [0],
      tolerance: SUM,
      axis,
    }),
    row("pmax", {
      name: show(shape),
      params: { axisName },
      operands: [operand(shape, anything, normal)],
      dtypes: ORDERED,
      axis,
    }),
    row("pmin", {
      name: show(shape),
      params: { axisName },
      operands: [operand(shape, anything, normal)],
      dtypes: ORDERED,
      axis,
    }),
    ...(
      [
        [
          [0, 1],
          [1, 2],
          [2, 3],
          [3, 0],
        ],
        [
          [0, 2],
          [3, 1],
        ],
        [],
      ] as const
    ).map((perm) =>
      row("ppermute", {
        name: `${show(shape)} ${perm.map(([a, b]) => `${a}→${b}`).join(" ")}`,
        params: { ...named, perm },
        operands: [operand(shape)],
        dtypes: ORDERED,
        differentiable: [0],
        axis,
      }),
    ),
  ]),
  row("psum", {
    name: "two operands",
    params: { axisName },
    operands: [operand([3]), operand([])],
    dtypes: NUMBERS,
    differentiable: [0, 1],
    tolerance: SUM,
    axis,
  }),
  ...(
    [
      [[3], 0, false],
      [[3], 1, false],
      [[2, 3], 1, true],
      [[], 0, false],
      [[2, 0], 0, true],
    ] as const
  ).map(([shape, at, tiled]) =>
    row("all_gather", {
      name: `${show(shape)} axis ${at}${tiled ? " tiled" : ""}`,
      params: { ...named, axis: at, tiled },
      operands: [operand(shape)],
      dtypes: ORDERED,
      differentiable: [0],
      axis,
    }),
  ),
  ...(
    [
      [[4], 0, false],
      [[3, 4], 1, false],
      [[8, 3], 0, true],
      [[2, 4], 1, true],
    ] as const
  ).map(([shape, at, tiled]) =>
    row("psum_scatter", {
      name: `${show(shape)} axis ${at}${tiled ? " tiled" : ""}`,
      params: { ...named, axis: at, tiled },
      operands: [operand(shape)],
      dtypes: NUMBERS,
      differentiable: [0],
      tolerance: SUM,
      axis,
    }),
  ),
  ...(
    [
      [[4, 3], 0, 0, false],
      [[4, 3], 0, 1, false],
      [[2, 4], 1, 0, false],
      [[8, 3], 0, 1, true],
      [[8, 3], 0, 0, true],
      [[2, 4, 3], 1, 2, true],
    ] as const
  ).map(([shape, splitAxis, concatAxis, tiled]) =>
    row("all_to_all", {
      name: `${show(shape)} ${splitAxis} to ${concatAxis}${tiled ? " tiled" : ""}`,
      params: { ...named, splitAxis, concatAxis, tiled },
      operands: [operand(shape)],
      dtypes: ORDERED,
      differentiable: [0],
      axis,
    }),
  ),
  row("axis_index", { name: "index", params: named, operands: [], dtypes: ["i32"], axis }),
];
