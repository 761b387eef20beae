/** What the sample gives, worked out by hand. */
export interface SampleResults {
  readonly newton: number;
  readonly slopes: readonly number[];
  readonly forward: readonly number[];
  readonly stopped: readonly number[];
  readonly halved: readonly number[];
  readonly literal: readonly number[];
}

export function checkSample(results: SampleResults, expect: (x: unknown) => { toEqual(y: unknown): void }): void {
  const { newton, ...others } = results;
  expect(Math.abs(newton - Math.SQRT2) < 1e-6).toEqual(true);
  expect(others).toEqual({
    slopes: [1, 0.25],
    // each layer multiplies by the weights, until the sum of what it would give is over 100
    forward: [1, 4, 9],
    stopped: [1, 1, 1],
    halved: [1 / 8, 6 / 8, 3 / 8],
    literal: [42, 8],
  });
}
