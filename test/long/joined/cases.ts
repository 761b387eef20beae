/** What random programs are made of: sizes with every remainder, element types, values of both signs, and what follows a result. */
import { nn, numpy as np, type Tensor } from "tilework";
import type { Rng } from "../../laws/random.js";

export type F = (...xs: Tensor[]) => Tensor | readonly Tensor[];
export interface Case {
  readonly label: string;
  readonly f: F;
  readonly args: readonly Tensor[];
  /** Axes whose sizes are named, as `jit` takes them. */
  readonly dynamic?: readonly (Readonly<Record<number, string>> | null)[];
}
export type Kind = (rng: Rng) => Case;

const SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 13, 16, 17, 20, 23, 24, 28, 31, 33, 36, 40, 52, 65];
export function sizeUpTo(rng: Rng, most: number): number {
  return rng.pick(SIZES.filter((n) => n <= most));
}
export type Dtype = "f32" | "f64" | "i32" | "i64" | "u8" | "i8" | "i16" | "f16" | "bf16";
export const floating = (rng: Rng): Dtype => rng.pick(["f32", "f32", "f32", "f64"]);
export const numeric = (rng: Rng): Dtype =>
  rng.pick(["f32", "f32", "f64", "i32", "i32", "i64", "u8", "i8", "i16", "f16", "bf16"]);

const isFloat = (dtype: Dtype): boolean => dtype.includes("f");
const SPECIAL = [
  0,
  -0,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  1e-41,
  -3e38,
  1e6,
  -70000.5,
  100,
];

/** Whole numbers or fractions in (-4, 4); with `special`, some that functions treat in ways of their own. */
export function data(rng: Rng, shape: readonly number[], dtype: Dtype = "f32", special = false): Tensor {
  const n = shape.reduce((a, b) => a * b, 1);
  const whole = !isFloat(dtype) || rng.chance(0.3);
  const values = Array.from({ length: n }, () => {
    if (special && isFloat(dtype) && rng.chance(0.1)) return rng.pick(SPECIAL);
    if (!whole) return Math.fround(rng.uniform(-4, 4));
    return rng.int(dtype === "u8" ? 0 : -4, 4);
  });
  return np.reshape(np.array(values, { dtype }), [...shape]);
}

/** What comes after a result, in the same loop or beside it. */
export function after(rng: Rng): (y: Tensor, x: Tensor) => readonly Tensor[] {
  return rng.pick<(y: Tensor, x: Tensor) => readonly Tensor[]>([
    (y) => [y],
    (y) => [y.mul(2)],
    (y) => [nn.relu(y)],
    (y, x) => [y, x],
    (y) => [y, np.sum(y)],
    (y) => [y, np.sum(y, -1)],
    (y) => [np.sum(y, 0)],
    (y) => [np.max(y, -1), y],
    (y) => [np.tanh(y), y],
  ]);
}
