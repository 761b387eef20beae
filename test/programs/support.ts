/** What every program must fulfil: its batch is the stack of its runs, its gradient the slope that differences show. */
import { grad, jit, jvp, numpy as np, type Tensor, tree, vmap } from "tilework";
import { expect } from "vitest";
import { expectClose, values } from "../api/helpers.js";

// biome-ignore lint/suspicious/noExplicitAny: programs over trees of all kinds
export type Program = (...args: any[]) => any;
type Args = readonly unknown[];

/** Numbers with a good spread, the same every time. */
export function wave(shape: readonly number[], from = 1, dtype: "f32" | "f64" = "f64"): Tensor {
  const n = shape.reduce((a, b) => a * b, 1);
  return np
    .array(
      Array.from({ length: n }, (_, i) => Math.sin(from + 1.7 * i)),
      dtype,
    )
    .reshape(shape as number[]);
}
export const f64 = (x: number | readonly number[] | readonly (readonly number[])[]): Tensor =>
  np.array(x as number, "f64");
export const i32 = (x: number | readonly number[]): Tensor => np.array(x as number, "i32");

const stack = (trees: Args): unknown =>
  tree.map((...xs: unknown[]) => np.stack(xs as Tensor[]), trees[0], ...trees.slice(1));
const columns = (runs: readonly Args[]): unknown[] => runs[0].map((_, i) => stack(runs.map((r) => r[i])));

/** f, vmap(f) and jit(vmap(f)) over the runs agree. */
export function expectBatch(f: Program, runs: readonly Args[], tolerance = 1e-6): void {
  const each = stack(runs.map((r) => f(...r)));
  const batch = columns(runs);
  expectClose(vmap(f)(...batch), each, tolerance);
  expectClose(jit(vmap(f))(...batch), each, tolerance);
}

/** d/dt of f(args + t·direction), by differences of fourth order. */
function slope(f: Program, args: Args, direction: Args): number {
  const at = (t: number): number =>
    (
      f(
        ...tree.map(
          (x: unknown, d: unknown) => (isFloat(x as Tensor) ? (x as Tensor).add((d as Tensor).mul(t)) : x),
          args,
          direction,
        ),
      ) as Tensor
    ).item() as number;
  const h = 1e-3;
  return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
}

const isFloat = (x: Tensor): boolean => x.dtype === "f64";

/** A direction for every real argument of the first `count`. */
function directionOf(args: Args, from: number): unknown[] {
  let seed = from;
  return tree.map((x: unknown) => {
    const t = x as Tensor;
    return isFloat(t) ? wave(t.shape, ++seed) : np.zerosLike(t);
  }, args) as unknown[];
}

const inner = (a: unknown, b: unknown): number =>
  tree.reduce(
    (sum: number, x: unknown) => sum + ((x as Tensor).item() as number),
    tree.map((x: unknown, y: unknown) => (x as Tensor).mul(y as Tensor).sum(), a, b) as object,
    0,
  );

/** Of a function with a scalar result: grad against differences, and jit(vmap(grad)) against stacked gradients. */
export function expectGradient(f: Program, runs: readonly Args[], tolerance = 1e-5): void {
  const real = runs[0].map((_, i) => i).filter((i) => tree.leaves(runs[0][i]).every((x) => isFloat(x as Tensor)));
  expect(real.length).toBeGreaterThan(0);
  const gradient = grad(f, { argnums: real } as never) as unknown as Program;
  const all = runs.map((args, i) => {
    const g = gradient(...args);
    const direction = directionOf(args, i);
    const found = inner(
      g,
      real.map((k) => direction[k]),
    );
    expect(Math.abs(found), "a slope that is not 0").toBeGreaterThan(0);
    expectClose(found, slope(f, args, direction), tolerance);
    return g;
  });
  expectClose((jit(vmap(gradient)) as Program)(...columns(runs)), stack(all), 1e-6);
}

/** Forward mode against differences, for what has no reverse mode; and its batch. */
export function expectTangent(f: Program, runs: readonly Args[], tolerance = 1e-5): void {
  const tangents = runs.map((args, i) => {
    const direction = directionOf(args, i);
    const [, t] = jvp(f, args as never, direction as never) as unknown as [Tensor, Tensor];
    expectClose(t.item(), slope(f, args, direction), tolerance);
    return t;
  });
  const push = (args: Args, direction: Args): unknown => jvp(f, args as never, direction as never)[1];
  const batch = [columns(runs), columns(runs.map((args, i) => directionOf(args, i)))];
  expectClose((jit(vmap(push)) as Program)(...batch), stack(tangents), 1e-6);
}

export const plain = (x: unknown): never => values(x) as never;
