/** Gradients of kernels that read and write references of rank 0: such an access has no index, and perhaps no mask. */
import { grad, interpret, jit, jvp, kernel, numpy as np, type Tensor, vmap } from "tilework";
import { arange, atomicAdd, load, programId, store, sum } from "tilework/kernels";
import { expect, test } from "vitest";

// biome-ignore-start lint/suspicious/noExplicitAny: a body over blocks
const scalar = { shape: [], dtype: "f32" as const };
const stored = kernel(
  function stored(x: any, out: any) {
    const v: any = load(x, [null as never]);
    store(out, [] as never, sum(v * v * v) as any);
  },
  { out: scalar },
);
const added = kernel(
  function added(x: any, out: any) {
    const v: any = load(x, [programId(0)]);
    atomicAdd(out, [] as never, v * v * v);
  },
  { out: scalar, init: 0, grid: (x: Tensor) => x.shape[0] },
);
const maskedAdd = kernel(
  function maskedAdd(x: any, out: any) {
    const v: any = load(x, [programId(0)]);
    atomicAdd(out, [] as never, v * v * v, { mask: programId(0) >= 0 } as any);
  },
  { out: scalar, init: 0, grid: (x: Tensor) => x.shape[0] },
);
const lanesAdd = kernel(
  function lanesAdd(x: any, out: any) {
    const i: any = arange(0, 4);
    const v: any = load(x, [i], { mask: i < 3 });
    atomicAdd(out, [] as never, sum(v * v * v) as any);
  },
  { out: scalar, init: 0 },
);
const maskedStore = kernel(
  function maskedStore(x: any, out: any) {
    const v: any = load(x, [null as never]);
    const id: any = programId(0);
    store(out, [] as never, sum(v * v * v) as any, { mask: id === 1 } as any);
  },
  { out: scalar, init: 0, grid: 2 },
);
// a reference of rank 0 that is read
const times = kernel(
  function times(s: any, x: any, out: any) {
    const f: any = load(s, [] as never);
    store(out, [null as never], (f * f * (load(x, [null as never]) as any)) as any);
  },
  { out: (_s: Tensor, x: Tensor) => x },
);
const timesMasked = kernel(
  function timesMasked(s: any, x: any, out: any) {
    const id: any = programId(0);
    const f: any = load(s, [] as never, { mask: id < 2, other: 0 } as any);
    store(out, [id], f * f * (load(x, [id]) as any));
  },
  { out: (_s: Tensor, x: Tensor) => x, grid: (_s: Tensor, x: Tensor) => x.shape[0] },
);
const old = kernel(
  function old(x: any, out: any) {
    const v: any = load(x, [null as never]);
    const before: any = atomicAdd(out, [0], sum(v) as any);
    atomicAdd(out, [1], before);
  },
  { out: { shape: [2], dtype: "f32" }, init: 0 },
);
// biome-ignore-end lint/suspicious/noExplicitAny: a body over blocks

/** The numbers of an array, in lists as deep as its rank. */
function list(x: Tensor): unknown {
  const data = [...x.dataSync()];
  if (x.shape.length === 0) return data[0];
  if (x.shape.length === 1) return data;
  return Array.from({ length: x.shape[0] }, (_, r) => data.slice(r * x.shape[1], (r + 1) * x.shape[1]));
}
const X = np.array([1, 2, 3]);

const forms = Object.entries({ stored, added, maskedAdd, lanesAdd, maskedStore }).map(
  ([name, k]) => [name, (x: Tensor) => k(x) as Tensor, k] as const,
);
test.each(forms)("%s: the sum of cubes", (_name, f, k) => {
  expect(list(f(X))).toBe(36);
  expect(list(interpret(k, {})(X) as Tensor)).toBe(36);
  expect(list(grad(f)(X))).toEqual([3, 12, 27]);
  expect(list(jit(grad(f))(X))).toEqual([3, 12, 27]);
  const [y, t] = jvp(f, [X], [np.array([1, 0, 2])]) as Tensor[];
  expect([list(y), list(t)]).toEqual([36, 57]);
  expect(list(grad((x: Tensor) => np.sum(grad(f)(x)))(X))).toEqual([6, 12, 18]);
  const rows = np.array([
    [1, 2, 3],
    [2, 0, 1],
  ]);
  expect(list(vmap(f)(rows))).toEqual([36, 9]);
  expect(list(vmap(grad(f))(rows))).toEqual([
    [3, 12, 27],
    [12, 0, 3],
  ]);
  expect(list(jit(grad((r: Tensor) => np.sum(vmap(f)(r))))(rows))).toEqual([
    [3, 12, 27],
    [12, 0, 3],
  ]);
});

test.each([
  ["without a mask", times, [6, 36]],
  ["under a mask", timesMasked, [3, 18]],
] as const)("a read reference of rank 0 %s", (_name, k, [one]) => {
  const f = (s: Tensor): Tensor => np.sum(k(s, X) as Tensor);
  const s = np.array(3);
  expect(list(interpret(k, {})(s, X) as Tensor)).toEqual(list(k(s, X) as Tensor));
  expect(list(grad(f)(s))).toBe(6 * one);
  expect(list(jit(grad(f))(s))).toBe(6 * one);
  expect(list(grad((v: Tensor) => grad(f)(v))(s))).toBe(2 * one);
  expect(list(vmap(grad(f))(np.array([3, 1])))).toEqual([6 * one, 2 * one]);
});

test("what an atomic sum gives back is refused, with customVjp as the way out", () => {
  expect(() => grad((x: Tensor) => np.sum(old(x) as Tensor))(X)).toThrow(/TW3011.*customVjp/s);
});
