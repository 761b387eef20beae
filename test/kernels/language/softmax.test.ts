/** The first kernel, captured by the build plugin: called at once, in jit and under vmap it gives what nn.softmax gives. */
import { jit, kernel, makeProgram, nn, printProgram, random, type Tensor, vmap } from "tilework";
import { arange, type constexpr, exp, load, max, programId, type Ref, store, sum } from "tilework/kernels";
import { expect, test } from "vitest";

type Rows = Ref<"f32", ["rows", "cols"]>;
const softmax = kernel(
  function softmax(x: Rows, out: Rows, BLOCK: constexpr) {
    const row = programId(0);
    const col = arange(BLOCK);
    const inside = col < x.shape[1];
    const v = load(x, [row, col], { mask: inside, other: -Infinity });
    const e = exp(v - max(v));
    store(out, [row, col], e / sum(e), { mask: inside });
  },
  { out: (x) => x, grid: (x) => [x.shape[0]] },
);

function expectClose(got: Tensor, want: Tensor): void {
  const [a, b] = [got.dataSync(), want.dataSync()];
  expect(got.shape).toEqual(want.shape);
  a.forEach((v: number, i: number) => expect(Math.abs(v - b[i])).toBeLessThan(1e-6));
}

test.each([1, 2, 3, 7, 31, 33, 127, 129, 1000])("softmax of rows of %d", (n) => {
  const x = random.normal(random.key(n), [5, n]);
  const BLOCK = 2 ** Math.ceil(Math.log2(n));
  expectClose(softmax(x, { BLOCK }), nn.softmax(x));
  expectClose(jit((a: Tensor) => softmax(a.mul(2), { BLOCK }))(x), nn.softmax(x.mul(2)));
});

test("vmap over the middle axis", () => {
  const x = random.normal(random.key(1), [4, 3, 33]);
  const f = vmap((a: Tensor) => softmax(a, { BLOCK: 64 }), { inAxes: 1, outAxes: 1 });
  expectClose(f(x), nn.softmax(x));
  expectClose(jit(f)(x), nn.softmax(x));
});

test("the program names what the source names", () => {
  const x = random.normal(random.key(1), [4, 33]);
  const text = printProgram(makeProgram(softmax)(x, { BLOCK: 64 }));
  expect(text).toContain("kernel_call");
  for (const name of ["softmax", "row", "col", "inside", "x:", "out:"]) expect(text).toContain(name);
});
