/** Inputs and comparison that the tests against PyTorch share. */
import { array, type Tensor } from "tilework";
import { expect } from "vitest";

/** sin(k·i + phase) for i = 0, 1, 2 … in this shape, f64. */
export function ramp(shape: readonly number[], k = 1, phase = 0): Tensor {
  const n = shape.reduce((a, b) => a * b, 1);
  return array(
    Float64Array.from({ length: n }, (_, i) => Math.sin(k * i + phase)),
    { shape },
  );
}
type Nested = number | readonly Nested[];
/** Equal shapes, and elements within `tolerance` of themselves (of 1 for small ones). */
export function expectNear(actual: Tensor, expected: Nested, tolerance = 1e-6): void {
  const shape: number[] = [];
  for (let v: Nested = expected; Array.isArray(v); v = v[0]) shape.push(v.length);
  expect([...actual.shape]).toEqual(shape);
  const flat = (Array.isArray(expected) ? expected.flat(9) : [expected]) as number[];
  const got = actual.dataSync();
  flat.forEach((w, i) => {
    expect(Math.abs(got[i] - w), `element ${i}: ${got[i]} for ${w}`).toBeLessThanOrEqual(
      tolerance * Math.max(1, Math.abs(w)),
    );
  });
}
