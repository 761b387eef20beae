/** Gradients of kernels as users take them. */
import {
  checkpoint,
  customVjp,
  explain,
  grad,
  jit,
  jvp,
  kernel,
  numpy as np,
  random,
  type Tensor,
  vmap,
} from "tilework";
import {
  arange,
  cdiv,
  type constexpr,
  devicePrint,
  exp,
  expandDims,
  floorDiv,
  load,
  max,
  programId,
  type Ref,
  store,
  sum,
  swizzle2d,
} from "tilework/kernels";
import { expect, test, vi } from "vitest";

// biome-ignore-start lint/suspicious/noExplicitAny: a body over blocks
const scaled = kernel(
  function scaled(x: any, w: any, out: any) {
    const row = programId(0);
    const v: any = load(x, [row, null as never]);
    const e: any = exp((v - (max(v) as any)) as any);
    store(out, [row, null as never], ((e / (sum(e) as any)) as any) * (load(w, [null as never]) as any));
  },
  { out: (x: Tensor) => x, grid: (x: Tensor) => x.shape[0] },
);
// biome-ignore-end lint/suspicious/noExplicitAny: a body over blocks

const viaKernel = (x: Tensor, w: Tensor): Tensor => scaled(x, w) as Tensor;
function viaArrays(x: Tensor, w: Tensor): Tensor {
  const e = np.exp(x.sub(np.max(x, { axis: -1, keepdims: true })));
  return e.div(np.sum(e, { axis: -1, keepdims: true })).mul(w);
}
type F = (x: Tensor, w: Tensor) => Tensor;
const loss = (f: F) => (x: Tensor, w: Tensor) => np.sum(np.sin(f(x, w).mul(3)));
const [X, W] = [random.normal(random.key(1), [5, 7]), random.normal(random.key(2), [7])];

function expectClose(got: Tensor, want: Tensor): void {
  expect(got.shape).toEqual(want.shape);
  const [a, b] = [got.dataSync(), want.dataSync()];
  for (let i = 0; i < a.length; i++) expect(Math.abs(a[i] - b[i])).toBeLessThan(2e-5);
}
const both = (f: F) => grad(loss(f), { argnums: [0, 1] }) as unknown as (x: Tensor, w: Tensor) => Tensor[];
function agree(make: (f: F) => (x: Tensor, w: Tensor) => Tensor[], x = X, w = W): void {
  const [got, want] = [make(viaKernel)(x, w), make(viaArrays)(x, w)];
  got.forEach((g, i) => {
    expectClose(g, want[i]);
  });
}

test("grad, with and without jit", () => {
  agree(both);
  agree((f) => jit(both(f)));
});

test("grad of what is made before and used after the kernel", () => {
  agree((f) => jit(both((x, w) => f(x.mul(2), w.add(1)).mul(x))));
});

test("vmap of grad, grad of vmap", () => {
  const x = random.normal(random.key(3), [3, 5, 7]);
  agree((f) => jit(vmap(both(f), { inAxes: [0, null] })), x);
  agree((f) => jit(both(vmap(f, { inAxes: [0, null] }))), x);
  agree((f) => jit(both(vmap(f, { inAxes: [1, null] }))), x);
});

test("Hessian-vector products, forward over reverse and reverse over reverse", () => {
  const t = random.normal(random.key(4), [5, 7]);
  agree((f) =>
    jit((x: Tensor, w: Tensor) => {
      const g = (v: Tensor) => both(f)(v, w)[0];
      return [jvp(g, [x], [t])[1] as Tensor];
    }),
  );
  agree((f) => jit((x: Tensor, w: Tensor) => [grad((v: Tensor) => np.sum(both(f)(v, w)[0].mul(t)))(x) as Tensor]));
});

test("in checkpoints and functions with rules of their own", () => {
  agree((f) => jit(both(checkpoint((x: Tensor, w: Tensor) => np.tanh(f(x, w))) as F)));
  const ruled = (f: F): F =>
    customVjp((x: Tensor, w: Tensor) => f(x, w)).defvjp(
      (x: Tensor, w: Tensor) => [f(x, w), [x, w]],
      ([x, w]: Tensor[], g: Tensor) => [f(x, w).mul(g), np.sum(f(x, w).mul(g), { axis: 0 })],
    ) as unknown as F;
  agree((f) => jit(both(ruled(f))));
});

test("explain says how cotangents are added up", () => {
  const { notes } = explain(jit(both(viaKernel)))(X, W);
  const own = notes.filter((n) => n.startsWith("transpose(jvp(scaled))"));
  expect(own).toEqual([
    "transpose(jvp(scaled)): dx: stored, since every element is touched once",
    "transpose(jvp(scaled)): dw: programs along axis 0 of the grid meet: they run one after the other and add in place",
  ]);
});

test("programs that take their place from one number are apart", () => {
  const turned = kernel(
    function turned(x: Ref<"f32", ["m", "n"]>, out: Ref<"f32", ["m", "n"]>, GROUP: constexpr) {
      const n = cdiv(x.shape[1], 4);
      const p = programId(0);
      const [i, j] = swizzle2d(floorDiv(p, n), p % n, cdiv(x.shape[0], 4), n, GROUP);
      const rows = expandDims(i * 4 + arange(4), 1);
      const columns = expandDims(j * 4 + arange(4), 0);
      const v = load(x, [rows, columns]);
      store(out, [rows, columns], v * v);
    },
    { out: (x) => x, grid: (x) => (x.shape[0] * x.shape[1]) / 16 },
  );
  const x = random.normal(random.key(5), [16, 12]) as Tensor;
  const f = jit(grad((v: Tensor) => np.sum(turned(v, { GROUP: 2 }))));
  expect(explain(f)(x).notes.filter((n) => n.includes("dx"))).toEqual([
    "transpose(jvp(turned)): dx: stored, since every element is touched once",
  ]);
  expect([...(f(x) as Tensor).dataSync()]).toEqual([...x.mul(2).dataSync()]);
});

test("a kernel under grad writes once", () => {
  const lines: unknown[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((...x: unknown[]) => void lines.push(...x));
  const shown = kernel(
    function shown(x: Ref<"f32", ["n"]>, out: Ref<"f32", ["n"]>) {
      const v = load(x, [programId(0)]);
      if (v > 1) devicePrint("v", v);
      store(out, [programId(0)], v * v);
    },
    { out: (x) => x, grid: 2 },
  );
  const g = grad((x: Tensor) => np.sum(shown(x)))(np.array([1, 2]));
  expect([...(g as Tensor).dataSync()]).toEqual([2, 4]);
  log.mockRestore();
  expect(lines).toEqual(["shown(1): v 2"]);
});
