/** Kernels in the debugger: what they compute, what is found in them, and what they did with memory. */
import { interpret, random, type Tensor } from "tilework";
import { expect, test } from "vitest";
import { softmax } from "./language/debug-softmax.js";

test("an interpreted kernel gives what the compiled one gives", () => {
  const x = random.normal(random.key(0), [5, 33]);
  const slow = interpret(softmax, {});
  const got = slow(x, { BLOCK: 64 }) as Tensor;
  const want = softmax(x, { BLOCK: 64 }) as Tensor;
  expect(got.shape).toEqual(want.shape);
  const [a, b] = [got.dataSync(), want.dataSync()];
  a.forEach((v: number, i: number) => expect(Math.abs(v - b[i])).toBeLessThan(1e-6));
});
