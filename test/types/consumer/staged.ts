// Staged code: parameters that are numbers to tsc, tensors to callers.
import {
  array,
  checkpoint,
  customJvp,
  customVjp,
  cond,
  grad,
  hessian,
  interpret,
  jacfwd,
  jacrev,
  jit,
  type Jitted,
  jvp,
  linearize,
  type Num,
  num,
  numpy as np,
  scan,
  type Tensor,
  tensor,
  valueAndGrad,
  vjp,
  vmap,
  whileLoop,
} from "tilework";

declare const t: Tensor;
declare const t3: Tensor<[3], "f32">;
declare const t4: Tensor<[4], "f32">;
declare const i3: Tensor<[3], "i32">;
declare const rows: Tensor<[5, 3], "f32">;

// operators, and calls of transformed functions, in staged code
const act = jit((x: Num<["n"]>) => 1 / (1 + np.exp(-x)));
const a1: Tensor = jit((x: Num<["n"]>) => act(x * 2) * 2)(t3);
const lossN = (w: Num<[]>) => (w - 3) ** 2;
const a2: Tensor = jit((w: Num<[]>) => w - 0.1 * grad(lossN)(w))(t);
const a3: Tensor = jit((xs: Num<["b", "n"]>) => vmap(act)(xs) + 1)(rows);
const a4: Tensor = jit((w: Num<[]>) => grad(jit(lossN))(w) + 1)(t);
const a5: Tensor = vmap(grad(jit(lossN)))(t);
const a6: Tensor = jit((w: Num<[]>) => {
  const [v, g] = valueAndGrad(lossN)(w);
  const [y, dy] = jvp(lossN, [w], [1]);
  const [z, lin] = linearize(lossN, w);
  const [p, pull] = vjp(lossN, w);
  const [cw] = pull(1);
  return v + g + y * dy + z - lin(2) + p / cw + jacfwd(lossN)(w) + jacrev(lossN)(w) + hessian(lossN)(w) + checkpoint(lossN)(w);
})(t);
// outside they are functions of tensors
const [b1, b2]: [Tensor, Tensor] = valueAndGrad(lossN)(t);
const [b3, b4]: [Tensor, Tensor] = jvp(lossN, [t], [t]);
const [b5, pull]: [Tensor, (ct: Tensor) => [Tensor]] = vjp(lossN, t);
const [b6, lin]: [Tensor, (dx: Tensor) => Tensor] = linearize(lossN, t);
const b7: Tensor = hessian(lossN)(t);
const b8: Tensor = jacfwd(act)(t3);
const b9: Tensor = interpret(act)(t3);

// parameters: pytrees, optional, rest, destructured, Maps, null
const f1: Tensor = jit((x: Num, y?: Num) => x * (y ?? 1))(t);
const f2: Tensor = jit((x: Num, ...ys: Num[]) => x * (ys[0] ?? 1))(t, t, t);
const f3: Tensor = jit(({ w, b }: { w: Num; b: Num }, [x, m]: [Num, Num]) => x * w + b - m)({ w: t, b: t }, [t, t]);
const f4: Tensor = jit((p: { w: Num }[], x: Num) => {
  let y: number = x;
  for (const { w } of p) y = y * w;
  return y;
})([{ w: t }], t);
const f5: Tensor = jit((p: Map<string, Num>) => (p.get("a") ?? 0) * 2)(new Map([["a", t]]));
const nullable = jit((p: { w: Num } | null, x: Num) => (p ? x * p.w : x));
const f6: Tensor[] = [nullable(null, t), nullable({ w: t }, t)];
interface Params {
  w: Num<[3]>;
  opt?: Num;
}
const withOptional = jit((p: Params) => p.w * (p.opt ?? 1));
const f7: Tensor[] = [withOptional({ w: t3 }), withOptional({ w: t3, opt: t })];
// @ts-expect-error the size is 3
withOptional({ w: t4 });
// @ts-expect-error the rank is 1
withOptional({ w: rows });
jit((x: Num<["n"], "f32">) => x)(t3);
// @ts-expect-error the dtype is f32
jit((x: Num<["n"], "f32">) => x)(i3);
jit((x: Num<["...lead", 3]>) => x)(rows);
// @ts-expect-error the last size is 4
jit((x: Num<["...lead", 4]>) => x)(rows);

// results: trees with the same structure; Nums keep shape and dtype
const same: Tensor<[3], "f32"> = jit((x: Num<[3], "f32">) => x)(t3);
const [u, v]: readonly [Tensor, Tensor] = jit((x: Num<["n"]>) => [x, x * 2] as const)(t);
const moved: { w: Tensor } = jit((p: { w: Num<[3]> }) => {
  p = { w: p.w * 2 };
  return p;
})({ w: t3 });
const gradient: { w: Tensor<[3]>; n: Tensor } = grad((p: { w: Num<[3]>; n: Num }) => p.n * 2)({ w: t3, n: t });
const mask: Tensor = jit((x: Num) => x > 0)(t);
const chosen: Tensor = jit((x: Num) => (x > 0 && x < 3 ? x : 0))(t);

// a plain number is static
const powers = jit((x: Num<["n"]>, steps: number) => {
  let y: number = x;
  for (let i = 0; i < steps; i++) y = y * y;
  return y;
}, { staticArgnums: 1 });
const d1: Tensor = powers(t, 3);
// @ts-expect-error static stays static
powers(t, t);
const counted: Tensor = jit((xs: number[]) => xs.length)([1, 2]);

// bridges
const weights = np.ones([3]);
const c1: Tensor = jit((x: Num<[3]>) => x * num(weights))(t3);
const c2: Tensor = jit((x: Num<[3], "f32">) => tensor(x * 2).sum().add(tensor(x)))(t3);
const c3: Num<[3], "f32"> = num(t3);
const c4: Tensor<[3], "f32"> = tensor(c3);
const c5: Tensor = tensor(1 > 2);

// rules of one's own
const relu = customJvp((x: Num) => (x > 0 ? x : 0)).defjvp(([x], [dx]) => [x > 0 ? x : 0, x > 0 ? dx : 0]);
const half = customVjp((x: Num) => x / 2).defvjp((x) => [x / 2, { x }], ({ x }, ct) => [ct * x]);
const e1: Tensor = grad((x: Num) => relu(x) + half(x))(t);
const e2: Tensor = relu(t);

// structured control flow takes numbers as well
const loops: Tensor = jit((x: Num<["n"]>) => {
  const [last] = scan((c: number, v: Num) => [c + v, c * v], 0 as number, x);
  const [i, y] = whileLoop(([i]) => i < 3, ([i, y]) => [i + 1, y * 2], [0, last] as [number, number]);
  return cond(i > 2, (z: number) => z + 1, (z: number) => z - 1, y);
})(t);

// methods are seen as written
class Model {
  w = np.ones([3]);
  @jit plain(x: Tensor<["n"]>) {
    return x.mul(this.w);
  }
  @jit staged(x: Tensor<["n"]>) {
    const v = num(x);
    return tensor(np.exp(v * num(this.w)) + 1);
  }
  // @ts-expect-error callers would see a number
  @jit wrong(x: Num<["n"]>) {
    return x + 1;
  }
  // @ts-expect-error also within a tree
  @jit deep(p: { layers: { w: Num }[] }) {
    return p.layers.length;
  }
}
const m1: Tensor[] = [new Model().plain(t3), new Model().staged(t3)];
class Norm {
  constructor(public g: Tensor) {}
  f(x: Tensor): Tensor {
    return x.mul(this.g);
  }
}
const n1: Tensor = jit((n: Norm, x: Tensor) => n.f(x))(new Norm(t), t);
type List = { value: Tensor; next: List | null };
const r1: Tensor = jit((l: List) => l.value)({ value: t, next: { value: t, next: null } });

// tracing is synchronous
// @ts-expect-error async functions are refused
jit(async (x: Num) => x);
// @ts-expect-error in every transform
grad(async (x: Tensor) => x);
// @ts-expect-error in every transform
vmap(async (x: Tensor) => x);
function generic<P extends object>(f: (x: Tensor) => P): P {
  return jit(f)(t) as P;
}
const g1: { w: Tensor } = generic((x) => ({ w: x }));
const j1: Jitted<[x: Num<[3]>], number> = jit((x: Num<[3]>) => x * 2);

// arrays have no operators
// @ts-expect-error arrays do not add
t + t;
// @ts-expect-error nor multiply
t3 * 2;

export { a1, a2, a3, a4, a5, a6, array, b1, b2, b3, b4, b5, b6, b7, b8, b9, c1, c2, c4, c5, chosen, counted, d1, e1, e2 };
export { f1, f2, f3, f4, f5, f6, f7, g1, gradient, j1, lin, loops, m1, mask, moved, n1, pull, r1, same, u, v };
