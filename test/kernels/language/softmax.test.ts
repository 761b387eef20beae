/** The first kernel, captured by the build plugin: called at once, in jit and under vmap it gives what nn.softmax gives. */
import { jit, kernel, nn, numpy as np, random, type Tensor, vmap } from "tilework";
import { arange, exp, load, max, programId, store, sum } from "tilework/kernels";
import { expect, test } from "vitest";

const softmax = kernel(
  // biome-ignore lint/suspicious/noExplicitAny: types come next
  function softmax(x: any, out: any, BLOCK: any) {
    const row = programId(0);
    const col = arange(BLOCK) as never as number;
    const inside = col < x.shape[1];
    const v = load(x, [row, col as never], { mask: inside, other: -Infinity }) as never as number;
    const e = exp((v - (max(v as never) as never as number)) as never) as never as number;
    store(out, [row, col], e / (sum(e as never) as never as number), { mask: inside });
  },
  { out: (x: Tensor) => x, grid: (x: Tensor) => [x.shape[0]] },
);

function expectClose(got: unknown, want: Tensor): void {
  const [a, b] = [(got as Tensor).dataSync(), want.dataSync()];
  expect((got as Tensor).shape).toEqual(want.shape);
  a.forEach((v: number, i: number) => expect(Math.abs(v - b[i])).toBeLessThan(1e-6));
}

test.each([1, 2, 3, 7, 31, 33, 127, 129, 1000])("softmax of rows of %d", (n) => {
  const x = random.normal(random.key(n), [5, n]);
  const BLOCK = 2 ** Math.ceil(Math.log2(n));
  expectClose(softmax(x, { BLOCK }), nn.softmax(x));
  expectClose(jit((a: Tensor) => softmax(a.mul(2), { BLOCK }) as Tensor)(x), nn.softmax(x.mul(2)));
});

test("vmap over the middle axis", () => {
  const x = random.normal(random.key(1), [4, 3, 33]);
  const f = vmap((a: Tensor) => softmax(a, { BLOCK: 64 }) as Tensor, { inAxes: 1, outAxes: 1 });
  expectClose(f(x), nn.softmax(x));
  expectClose(np.squeeze(jit(f)(x)), nn.softmax(x));
});
