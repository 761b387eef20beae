// What the transforms and control structures return, as strict tsc sees it.
import {
  array,
  associativeScan,
  checkpoint,
  checkpointPolicies,
  cond,
  customJvp,
  customRoot,
  customVjp,
  debug,
  evalShape,
  explain,
  foriLoop,
  grad,
  hessian,
  interpret,
  jacfwd,
  jacrev,
  jit,
  type Jitted,
  jvp,
  lax,
  linearize,
  linearTranspose,
  liveArrays,
  makeProgram,
  map,
  numpy as np,
  scan,
  ShapeDtype,
  switchCase,
  type Tensor,
  tree,
  valueAndGrad,
  vjp,
  vjpWithAux,
  vmap,
  whileLoop,
} from "tilework";

type P = { w: Tensor<[3]>; b: Tensor<[]>; none: null };
declare const p: P;
declare const x: Tensor<[3]>;

// jit: the signature stays, numbers do for arrays, static arguments keep their types
const f: Jitted<[p: P, x: Tensor<[3]>, mode: "a" | "b"], Tensor> = jit((p: P, x: Tensor<[3]>, mode: "a" | "b") => (mode === "a" ? p.w.mul(x) : x), {
  staticArgnums: 2,
  donate: [0],
});
const y: Tensor = f(p, x, "a");
const reasons: string[] = f.entries().map((e) => e.reason);
const original: (p: P, x: Tensor<[3]>, mode: "a" | "b") => Tensor = f.original;
// @ts-expect-error no such mode
f(p, x, "c");
// @ts-expect-error an argument is missing
f(p, x);

// a jitted method keeps its type
class Model {
  w = np.ones([3]);
  @jit forward(x: Tensor<[3]>): Tensor {
    return x.mul(this.w);
  }
}
const out: Tensor = new Model().forward(x);

// derivatives
const loss = (p: P, x: Tensor<[3]>): Tensor<[]> => p.w.mul(x).sum().add(p.b) as Tensor<[]>;
const g: P = grad(loss)(p, x);
const [gx, gp]: [Tensor, P] = grad(loss, { argnums: [1, 0] })(p, x);
const [v, gv]: [Tensor, P] = valueAndGrad(loss)(p, x);
const withAux = (p: P): readonly [Tensor, { n: number; x: Tensor }] => [p.b, { n: 1, x: p.w }];
const [g2, aux]: [P, { n: Tensor; x: Tensor }] = grad(withAux, { hasAux: true })(p);
const [[v3, aux3], g3] = valueAndGrad(withAux, { hasAux: true })(p);
const n3: Tensor = aux3.n;
const [y1, t1]: [Tensor, Tensor] = jvp(loss, [p, x], [p, x]);
const [y2, lin] = linearize(loss, p, x);
const t2: Tensor = lin(p, x);
const [y3, pull] = vjp(loss, p, x);
const [cp, cx]: [P, Tensor] = pull(1);
const [y4, pull4, aux4] = vjpWithAux(withAux, p);
const back: [P] = pull4(y4);
const x4: Tensor = aux4.x;
const transposed: [Tensor] = linearTranspose((x: Tensor<[3]>) => x.mul(2), x)(x);
const j: { w: Tensor; b: Tensor; none: null } = jacfwd(loss)(p, x);
const jx: Tensor = jacrev(loss, { argnums: 1 })(p, x);
const js: { s: { w: Tensor; b: Tensor; none: null }; v: { w: Tensor; b: Tensor; none: null } } = jacrev((p: P) => ({ s: p.b, v: p.w }))(p);
const h: Tensor = hessian((x: Tensor<[3]>) => x.mul(x).sum())(x);
const hp: { w: { w: Tensor; b: Tensor; none: null }; b: { w: Tensor; b: Tensor; none: null }; none: null } = hessian((p: P) => p.b)(p);

// control flow
const c: Tensor = cond(x.sum().greater(0), (v: Tensor) => v.mul(2), (v: Tensor) => v, x);
const s: Tensor = switchCase(1, [(v: Tensor) => v, (v: Tensor) => v.neg()], x);
const [i, acc]: [Tensor, Tensor] = whileLoop(([i]) => i.less(3), ([i, a]) => [i.add(1), a.mul(2)], [array(0), x] as [Tensor, Tensor]);
const fl: Tensor = foriLoop(0, 3, (i, c) => c.add(i), x as Tensor);
const [carry, ys]: [Tensor, Tensor] = scan((c: Tensor, v: Tensor) => [c.add(v), c], array(0), x);
const [pair] = scan(([a, b]: [Tensor, Tensor], v: Tensor) => [[b, a.add(v)], null], [x, x] as [Tensor, Tensor], x);
const second: Tensor = pair[1];
const mapped: { a: Tensor } = map((v: Tensor) => ({ a: v }), x);
const prefix: Tensor = associativeScan((a: Tensor, b: Tensor) => a.add(b), x);
// @ts-expect-error the carry changes its structure
scan((c: Tensor, v: Tensor) => [[c, c], v], array(0), x);

// custom rules and checkpoints keep the type of the function
const cj: (x: Tensor) => Tensor = customJvp((x: Tensor) => x).defjvp(([x], [t]) => [x, t]);
const cv: (p: P) => Tensor = customVjp((p: P) => p.b).defvjp((p) => [p.b, p], (p, g) => [{ ...p, b: g }]);
const ck: (p: P, x: Tensor<[3]>) => Tensor<[]> = checkpoint(loss, { policy: checkpointPolicies.dotsSaveable });
const root: Tensor = customRoot((x: Tensor, t: Tensor) => x.mul(x).sub(t), x, x, (f, guess) => guess, (g, y) => y);

// vmap: axes of trees, names
const vm: Tensor = vmap(loss, { inAxes: [{ w: 0, b: null, none: null }, 0], outAxes: 0, axisName: "i" })(p, x);
const mean: Tensor = lax.pmean(x, ["i", "j"]);

// without running
const shape: unknown = evalShape(loss as never, new ShapeDtype([3], "f64"));
const core: string = explain(f)(p, x, "a").core;
const inputs: number = makeProgram((x: Tensor) => x)(new ShapeDtype([2])).inputs.length;
const same: Tensor = interpret((x: Tensor) => x.mul(2))(x);
debug.print("x = {}", x);
debug.callback((v: Tensor) => v.item(), x);
const bytes: number[] = liveArrays().map((a) => a.bytes);
const updated: P = tree.map((a, b) => a.sub(b), p, g);

export {
  acc, back, bytes, c, carry, cj, ck, core, cp, cv, cx, fl, g2, g3, gp, gv, gx, h, hp, i, inputs, j, js, jx, mapped, mean, n3, original, out, prefix,
  reasons, root, s, same, second, shape, t1, t2, transposed, updated, v, v3, vm, x4, y, y1, y2, y3, ys, aux,
};
