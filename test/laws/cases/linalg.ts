/**
 * Rows of the linalg family. An implementation that is backward stable is within about n·eps·(condition number) of the
 * exact result; the generators keep condition numbers below 100 and n ≤ 20. Derivatives are those of the function as
 * specified: what is not read (the other triangle) has derivative zero.
 */
import { diagonallyDominant, normal, positiveDefinite, symmetricLower, wellConditioned } from "../gens.js";
import { operand, row, ulps, WIDE_FLOATS } from "./make.js";
import type { AnyCase, Gen } from "./types.js";

type Shape = readonly number[];
const show = (s: Shape): string => `[${s.join(",")}]`;
const TOLERANCE = ulps(512, 8);

const SQUARE: readonly Shape[] = [
  [1, 1],
  [3, 3],
  [6, 6],
  [13, 13],
  [0, 0],
  [2, 4, 4],
  [2, 0, 3, 3],
  [3, 2, 2, 2],
];
const RECTANGLES: readonly Shape[] = [
  [4, 3],
  [3, 4],
  [5, 1],
  [1, 5],
  [2, 5, 3],
  [2, 3, 5],
  [0, 3],
  [3, 0],
  [20, 7],
];

const common = { dtypes: WIDE_FLOATS, tolerance: TOLERANCE, fdTolerance: 1e-5 } as const;
const booleans = [false, true];

const solves = booleans.flatMap((leftSide) =>
  booleans.flatMap((lower) =>
    booleans.flatMap((transposeA) =>
      booleans.flatMap((unitDiagonal) =>
        (
          [
            [[4, 4], 2],
            [[2, 3, 3], 1],
            [[1, 1], 3],
            [[3, 3], 0],
          ] as const
        ).map(([a, columns]) => {
          const n = a[a.length - 1];
          const b = [...a.slice(0, -2), ...(leftSide ? [n, columns] : [columns, n])];
          return row("triangular_solve", {
            name: `${leftSide ? "left" : "right"} ${lower ? "lower" : "upper"}${transposeA ? " transposed" : ""}${unitDiagonal ? " unit" : ""} ${show(a)} ${show(b)}`,
            params: { leftSide, lower, transposeA, unitDiagonal },
            operands: [operand(a, diagonallyDominant), operand(b, normal)],
            differentiable: [0, 1],
            ...common,
          });
        }),
      ),
    ),
  ),
);

/** Not positive definite in the second matrix. */
const INDEFINITE: Gen = (rng, dtype, shape) => {
  const x = positiveDefinite(rng, dtype, shape);
  x.data[9] = -1 as never;
  return x;
};
/** As many rows as columns, or more. */
const tall = (s: Shape): boolean => s[s.length - 2] >= s[s.length - 1];

export const linalg: readonly AnyCase[] = [
  ...SQUARE.map((s) =>
    row("cholesky", { name: show(s), operands: [operand(s, positiveDefinite)], differentiable: [0], ...common }),
  ),
  row("cholesky", { name: "fails in one matrix of the batch", operands: [operand([2, 3, 3], INDEFINITE)], ...common }),
  ...solves,
  ...[...SQUARE, ...RECTANGLES].map((s) =>
    row("lu", {
      name: show(s),
      operands: [operand(s, wellConditioned)],
      differentiable: [0],
      skipOutputs: [1, 2],
      ...common,
    }),
  ),
  ...[...SQUARE, ...RECTANGLES].flatMap((s) => [
    row("qr", {
      name: `${show(s)} reduced`,
      params: { fullMatrices: false },
      operands: [operand(s, wellConditioned)],
      differentiable: [0],
      ...common,
      upTo: "column signs",
    }),
    // the columns of a full Q beyond those of A are arbitrary: there must be none
    ...(s.at(-1) === s.at(-2) || !tall(s)
      ? [
          row("qr", {
            name: `${show(s)} full`,
            params: { fullMatrices: true },
            operands: [operand(s, wellConditioned)],
            differentiable: [0],
            ...common,
            upTo: "column signs",
          }),
        ]
      : []),
  ]),
  ...SQUARE.map((s) =>
    row("eigh", {
      name: show(s),
      operands: [operand(s, symmetricLower)],
      differentiable: [0],
      ...common,
      upTo: "column signs",
    }),
  ),
  ...[...SQUARE, ...RECTANGLES].map((s) =>
    row("svd", {
      name: `${show(s)} reduced`,
      params: { fullMatrices: false },
      operands: [operand(s, wellConditioned)],
      differentiable: [0],
      ...common,
      upTo: "column signs",
    }),
  ),
  ...SQUARE.map((s) =>
    row("svd", {
      name: `${show(s)} full`,
      params: { fullMatrices: true },
      operands: [operand(s, wellConditioned)],
      ...common,
      upTo: "column signs",
    }),
  ),
];
