/** Gradients called eagerly, again and again: what a transform made is used again, and only when the function did the same. */
import { describe, expect, it, vi } from "vitest";
import {
  checkpoint,
  customJvp,
  debug,
  grad,
  jvp,
  linearize,
  numpy as np,
  type Tensor,
  valueAndGrad,
  vjp,
  whileLoop,
} from "tilework";
import * as transforms from "../../src/transforms/grad/index.js";

vi.mock("../../src/transforms/grad/index.js", { spy: true });
const x = np.array([1, 2, 3]) as Tensor;
const list = (t: unknown): number[] => Array.from((t as Tensor).dataSync() as Float32Array);
/** How often `f` transformed a program. */
function work(f: () => void): number {
  const spies = [vi.mocked(transforms.vjpProgram), vi.mocked(transforms.jvpProgram)];
  for (const s of spies) s.mockClear();
  f();
  return spies.reduce((n, s) => n + s.mock.calls.length, 0);
}

describe("eager derivatives", () => {
  it("transform the same program once, also of another function that does the same", () => {
    const make = () => grad((v: Tensor) => np.sum(np.sin(v).mul(v)));
    list(make()(x));
    expect(work(() => list(make()(x)))).toBe(0);
    expect(list(make()(x))).toEqual(
      [...[1, 2, 3]].map((v) => Math.fround(Math.sin(v) + v * Math.cos(v))).map((v) => expect.closeTo(v, 5)),
    );
    for (const f of [
      () => vjp((v: Tensor) => np.cos(v), x),
      () => jvp((v: Tensor) => np.cos(v), [x], [x]),
      () => linearize((v: Tensor) => np.cos(v), x),
    ]) {
      f();
      expect(work(f)).toBe(0);
    }
  });
  it("see what the function closes over now", () => {
    let scale = 2;
    let shift = np.array(1) as Tensor;
    let sign = 0;
    const g = grad((v: Tensor) => np.sum(v.mul(scale).mul(shift).mul(v)).add(np.sum(np.divide(v, sign).mul(0))));
    sign = 1;
    expect(list(g(x))).toEqual([4, 8, 12]);
    scale = 3;
    expect(list(g(x))).toEqual([6, 12, 18]);
    shift = np.array(-1) as Tensor;
    expect(list(g(x))).toEqual([-6, -12, -18]);
  });
  it("tell apart literals, 0 and -0, dtypes, shapes, marks and aux results", () => {
    const f = (c: number) => valueAndGrad((v: Tensor) => np.sum(np.divide(1, v.mul(c))))(x)[0].item();
    expect([f(0), f(-0), f(0)]).toEqual([Infinity, -Infinity, Infinity]);
    const g = (n: number) => list(grad((v: Tensor, w: Tensor) => np.sum(v.mul(w).mul(w)), { argnums: n })(x, x));
    expect([g(0), g(1), g(0)]).toEqual([
      [1, 4, 9],
      [2, 8, 18],
      [1, 4, 9],
    ]);
    const both = (v: Tensor): [Tensor, Tensor] => [np.sum(v), np.sum(v.mul(v))];
    const [d, aux] = grad(both, { hasAux: true })(x);
    expect([list(d), aux.item()]).toEqual([[1, 1, 1], 14]);
    const wide = np.array([1, 2, 3], { dtype: "f64" }) as Tensor;
    expect([x, wide, x.reshape(3, 1)].map((v) => grad((u: Tensor) => np.sum(u.mul(u)))(v).aval)).toMatchObject([
      { dtype: "f32", shape: [3] },
      { dtype: "f64", shape: [3] },
      { dtype: "f32", shape: [3, 1] },
    ]);
  });
  it("keep no functions of the user's: callbacks and rules are asked anew", () => {
    const seen: number[] = [];
    for (const k of [1, 2]) {
      grad((v: Tensor) => {
        debug.callback(() => seen.push(k), v);
        return np.sum(v);
      })(x);
      const f = customJvp((v: Tensor) => v.mul(1)).defjvp(([v], [t]) => [v.mul(1), t.mul(k * 10)]);
      expect(list(grad((v: Tensor) => np.sum(f(v)))(x))).toEqual([k * 10, k * 10, k * 10]);
      const policy = vi.fn(() => k === 1);
      grad((v: Tensor) =>
        np.sum((checkpoint((u: Tensor) => np.exp(np.exp(u)), { policy }) as (u: Tensor) => Tensor)(v)),
      )(x);
      expect(policy).toHaveBeenCalled();
    }
    expect(seen).toEqual([1, 2]);
  });
  it("fail each time, where the user stands", () => {
    const f = () =>
      grad((v: Tensor) =>
        np.sum(
          whileLoop(
            (c: Tensor) => np.less(np.sum(c), 100),
            (c: Tensor) => c.mul(2),
            v,
          ) as Tensor,
        ),
      )(x);
    const errors = [0, 1].map(() => {
      try {
        f();
        return undefined;
      } catch (e) {
        return e as { code?: string; message: string };
      }
    });
    expect(errors.map((e) => e?.code)).toEqual(["TW3003", "TW3003"]);
    for (const e of errors) expect(e?.message).toContain("derived.test.ts");
  });
  it("fail where the user stands when the function did something else before", () => {
    let calls = 0;
    const loop = (v: Tensor): Tensor => {
      calls++;
      const test = (c: Tensor) => np.less(np.sum(c), 100);
      return np.sum(calls < 4 ? v.mul(v) : (whileLoop(test, (c: Tensor) => c.mul(2), v) as Tensor));
    };
    for (const _ of [0, 1, 2]) expect(list(grad(loop)(x))).toEqual([2, 4, 6]);
    expect(() => grad(loop)(x)).toThrow(/TW3003[\s\S]*derived\.test\.ts/);
    // places are looked up in a trace of their own, once
    expect(calls).toBe(5);
  });
  it("a pullback and a linear map run again without another trace", () => {
    let traces = 0;
    const f = (v: Tensor): Tensor => {
      traces++;
      return np.exp(v).mul(v);
    };
    const [, pull] = vjp(f, x);
    const [, push] = linearize(f, x);
    const results = [1, 2, 3].map((k) => [list(pull(x.mul(k))[0]), list(push(x.mul(k)))]);
    expect(traces).toBe(2);
    expect(results[1][0].map((v) => v / 2)).toEqual(results[0][0]);
    expect(results[0][0]).toEqual(results[0][1].map((v) => expect.closeTo(v, 3)));
  });
});
