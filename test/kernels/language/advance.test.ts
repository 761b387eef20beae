/** `advance` in loops and branches: the offsets of a block are what the steps hand on. */
import { grad, interpret, kernel, numpy as np, type Tensor, vmap } from "tilework";
import { blockRef, type constexpr, dot, load, programId, range, type Ref, store, zeros } from "tilework/kernels";
import { describe, expect, test } from "vitest";

type Matrix = Ref<"f32", ["rows", "columns"]>;
interface Sizes {
  BM: constexpr;
  BN: constexpr;
  BK: constexpr;
}

const matmul = kernel(
  function matmul(a: Matrix, b: Matrix, out: Matrix, { BM, BN, BK }: Sizes) {
    const [i, j] = [programId(0) * BM, programId(1) * BN];
    let left = blockRef(a, [i, 0], [BM, BK]);
    let right = blockRef(b, [0, j], [BK, BN]);
    let acc = zeros([BM, BN]);
    for (const _ of range(Math.ceil(a.shape[1] / BK))) {
      acc = dot(left.load(), right.load(), { acc });
      left = left.advance([0, BK]);
      right = right.advance([BK, 0]);
    }
    blockRef(out, [i, j], [BM, BN]).store(acc);
  },
  {
    out: (a, b) => ({ shape: [a.shape[0], b.shape[1]] }),
    grid: (a, b, { BM, BN }) => [Math.ceil(a.shape[0] / BM), Math.ceil(b.shape[1] / BN)],
  },
);
const sizes = { BM: 4, BN: 3, BK: 2 };
const numbers = (...shape: number[]): Tensor =>
  np.reshape(np.sin(np.arange(shape.reduce((p, n) => p * n, 1)).astype("f32")), shape);
const close = (x: Tensor, y: Tensor): void => expect(Number(np.max(np.abs(x.sub(y))).item())).toBeLessThan(2e-5);

describe("a product whose blocks advance", () => {
  const [a, b] = [numbers(7, 5), numbers(5, 8)];
  test("is the product", () => close(matmul(a, b, sizes), np.matmul(a, b)));
  test("interpreted", () => close(interpret(matmul)(a, b, sizes), np.matmul(a, b)));
  test("of a batch", () => {
    const batch = numbers(3, 7, 5);
    close(
      vmap((x: Tensor) => matmul(x, b, sizes))(batch),
      np.matmul(batch, np.broadcastTo(np.expandDims(b, 0), [3, 5, 8])),
    );
  });
  test("its gradient", () => {
    const loss = (x: Tensor, y: Tensor): Tensor => np.sum(np.square(matmul(x, y, sizes)));
    const plain = (x: Tensor, y: Tensor): Tensor => np.sum(np.square(np.matmul(x, y)));
    const got = grad(loss, { argnums: [0, 1] })(a, b);
    const want = grad(plain, { argnums: [0, 1] })(a, b);
    got.forEach((g, k) => close(g, want[k]));
  });
});

test("advance backwards, by what the run decides, in branches and while", () => {
  type V = Ref<"f32", ["n"]>;
  const walk = kernel(
    function walk(x: V, by: Ref<"i32", [1]>, out: V) {
      let from = blockRef(x, [6], [2]);
      let to = blockRef(out, [0], [2]);
      let steps = 0;
      while (steps < 3) {
        to.store(from.load());
        to = to.advance([2]);
        if (load(by, [0]) > steps) from = from.advance([-2]);
        else from = from.advance([load(by, [0]) - 4]);
        steps += 1;
      }
      to.store(from.load({ padding: 9 }));
    },
    { out: (x) => x },
  );
  const x = np.arange(8).astype("f32");
  const by = np.array([1], { dtype: "i32" });
  // 6, 4, 1, and -2, which is outside
  for (const run of [walk, interpret(walk)]) expect([...run(x, by).dataSync()]).toEqual([6, 7, 4, 5, 1, 2, 9, 9]);
});

test("a block of another array is refused", () => {
  type V = Ref<"f32", ["n"]>;
  const other = kernel(
    function other(x: V, y: V, out: V) {
      let b = blockRef(x, [0], [2]);
      for (const _ of range(2)) b = blockRef(y, [0], [2]);
      store(out, [null], 0);
      blockRef(out, [0], [2]).store(b.load());
    },
    { out: (x) => x },
  );
  const x = np.ones([4]);
  expect(() => other(x, x)).toThrow(
    /TW7008: b is a blockRef of x with blocks \[2\] before the loop, and a blockRef of y with/,
  );
});
