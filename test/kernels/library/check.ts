/** What every kernel of the library is held to: results of an independent reference, and gradients that are the slopes. */
import { jit, lax, numpy as np, random, type Tensor, vjp } from "tilework";
import { expect } from "vitest";

/** Sizes with and without remainders of every block. */
export const SIZES = [1, 2, 3, 7, 31, 33, 127, 129, 1000];

let seed = 1;
/** Normal numbers, other ones each time, the same ones each run. */
export function normal(shape: readonly number[], dtype: "f32" | "f64" = "f32"): Tensor {
  return random.normal(random.key(seed++), shape).astype(dtype);
}
export function integers(shape: readonly number[], below: number): Tensor {
  return random.randint(random.key(seed++), shape, 0, below);
}

/** The same numbers as three arrays: as they are, transposed twice with the copy in between left to the compiler, and cut out of a larger one. */
export function asViews(x: Tensor): { readonly of: (t: Tensor) => Tensor; readonly store: Tensor }[] {
  const back = x.shape.map((_, i) => x.ndim - 1 - i);
  const widened = np.pad(
    x,
    x.shape.map(() => [1, 2] as const),
    { constantValues: 7 },
  );
  return [
    { store: x, of: (t) => t },
    { store: np.transpose(x, back), of: (t) => np.transpose(t, back) },
    { store: widened, of: (t) => x.shape.reduce((u: Tensor, n, axis) => lax.sliceInDim(u, 1, n + 1, 1, axis), t) },
  ];
}

export function expectClose(got: Tensor, want: Tensor, tolerance = 2e-5, what = ""): void {
  expect(got.shape, what).toEqual(want.shape);
  expect(got.dtype, what).toBe(want.dtype);
  const [a, b] = [got.dataSync(), want.dataSync()];
  const largest = b.reduce((m: number, v: number) => (Number.isFinite(v) ? Math.max(m, Math.abs(v)) : m), 1);
  for (let i = 0; i < a.length; i++) {
    if (Object.is(a[i], b[i])) continue;
    if (!(Math.abs(a[i] - b[i]) <= tolerance * largest)) expect(`${a[i]} at ${i}`, what).toBe(`${b[i]} at ${i}`);
  }
}

/** At once, compiled, and with each float argument as a view. */
export function expectKernel(
  f: (...xs: Tensor[]) => Tensor,
  reference: (...xs: Tensor[]) => Tensor,
  args: readonly Tensor[],
  tolerance?: number,
): void {
  const want = reference(...args);
  expectClose(f(...args), want, tolerance, "at once");
  expectClose(jit(f)(...args), want, tolerance, "compiled");
  for (const i of [0, 1]) {
    const views = args.map((x) => asViews(x)[i + 1]);
    const on = jit((...xs: Tensor[]) => f(...xs.map((x, k) => views[k].of(x))));
    expectClose(on(...views.map((v) => v.store)), want, tolerance, ["transposed", "cut"][i]);
  }
}

/** ⟨c, f(x + h t) - f(x - h t)⟩ / 2h = ⟨vjp(c), t⟩ in f64, for random c and t. `at` are the positions of float arguments. */
export function expectSlopes(f: (...xs: Tensor[]) => Tensor, args: readonly Tensor[], tolerance = 1e-6): void {
  const floats = args.flatMap((x, i) => (x.dtype === "f64" ? [i] : []));
  const given = floats.map((i) => args[i]);
  const g = (...xs: Tensor[]): Tensor => f(...args.map((x, i) => (floats.includes(i) ? xs[floats.indexOf(i)] : x)));
  const [y, pull] = vjp(g, ...given);
  const c = normal(y.shape, "f64");
  const cotangents = pull(c) as Tensor[];
  for (const [k, x] of given.entries()) {
    const t = normal(x.shape, "f64");
    const h = 1e-5;
    const moved = (by: number): Tensor => g(...given.map((v, i) => (i === k ? v.add(t.mul(by)) : v)));
    const slope = np.sum(moved(h).sub(moved(-h)).mul(c)).item() as number;
    const want = slope / (2 * h);
    const got = np.sum(cotangents[k].mul(t)).item() as number;
    expect(Math.abs(got - want), `argument ${floats[k]}: ${got} and ${want}`).toBeLessThan(
      tolerance * (1 + Math.abs(want) + Math.sqrt(x.size)),
    );
  }
}
