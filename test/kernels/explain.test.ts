/** What `explain` tells of kernels: accesses that are made safe, how adjoints store, and their shaders. */
import { explain, grad, jit, kernel, numpy as np, type Tensor } from "tilework";
import { load, programId, type Ref, store } from "tilework/kernels";
import { expect, test } from "vitest";

type V = Ref<"f32", ["n"]>;
type I = Ref<"i32", ["n"]>;
const move = kernel(
  function move(x: V, index: I, out: V) {
    const i = load(index, [programId(0)]);
    store(out, [i], load(x, [i]));
  },
  { out: (x) => x, grid: 3, init: 0 },
);
const double = kernel(
  function double(x: V, out: V) {
    store(out, [programId(0)], load(x, [programId(0)]) * 2);
  },
  { out: (x) => x, grid: 3 },
);
const x = np.array([1, 2, 3]).astype("f32");
const index = np.array([2, 0, 1], { dtype: "i32" });

test("accesses that are not known to be in bounds are listed, with their places", () => {
  const { notes } = explain(move)(x, index);
  expect(notes.filter((n) => n.startsWith("move: "))).toEqual([
    expect.stringMatching(
      /^move: a load at .*explain\.test\.ts.*:\d+:\d+: the index is not known to be within 0 … 2; it is clamped$/,
    ),
    expect.stringMatching(/^move: a store at .*explain\.test\.ts.*:\d+:\d+: .*; lanes outside are masked$/),
  ]);
  expect(explain(double)(x).notes.filter((n) => n.startsWith("double: "))).toEqual([]);
});

test("the adjoint says how it adds", () => {
  const notes = explain(jit(grad((v: Tensor) => np.sum(move(v, index)))))(x).notes.join("\n");
  expect(notes).toContain("programs along axis 0 of the grid meet");
});

test("its shaders", async () => {
  const wgsl = await explain(double)(x).stages.wgsl();
  expect(wgsl).toContain("@compute");
  expect(wgsl).toMatch(/^\/\/ .*: 3 programs, each an? (invocation|workgroup)/);
});

test("programs over named sizes are explained as well", () => {
  const all = kernel(
    function all(x: V, out: V) {
      store(out, [programId(0)], load(x, [programId(0)]) * 2);
    },
    { out: (x) => x, grid: (x) => x.shape[0] },
  );
  const f = jit((v: Tensor) => all(v), { dynamic: [{ 0: "n" }] });
  for (const n of [7, 8]) f(np.ones([n]));
  const { compiles, notes } = explain(f)(np.ones([9]));
  expect(compiles.join()).toContain("dynamic, as n");
  expect(notes.filter((n) => n.startsWith("all: "))).toEqual([]);
});
