/** jit(f, { dynamic }): what is declared, what is found, what is refused; and what happens when sizes stop being what they were. */
import {
  array,
  configure,
  debug,
  explain,
  grad,
  jit,
  lax,
  memoryStats,
  numpy as np,
  Tensor,
  tree,
  vmap,
} from "tilework";
import { afterEach, describe, expect, it } from "vitest";
import type { Jitted } from "../../src/api/jit.js";
import { errorOf, expectClose } from "./helpers.js";

type AnyJitted = Pick<Jitted<unknown[], unknown>, "entries">;
const reasons = (f: unknown): string[] => (f as AnyJitted).entries().map((e) => e.reason);
const programs = (f: unknown): number => (f as AnyJitted).entries().length;
const rows = (n: number, m = 3): Tensor =>
  np
    .arange(n * m)
    .astype("f32")
    .reshape([n, m]) as Tensor;
const double = (x: Tensor): Tensor => x.mul(2);

describe("declared sizes", () => {
  it("are dynamic from the first call on", () => {
    const f = jit(double, { dynamic: [{ 0: "batch" }] });
    for (const n of [7, 8, 9, 31]) expectClose(f(rows(n)), rows(n).mul(2).js());
    expect(reasons(f)).toEqual(["axis 0 of argument 0 dynamic, as batch"]);
    expect(explain(f)(rows(5)).dynamic).toEqual(["batch ≥ 2: axis 0 of argument 0"]);
  });
  it("true: every axis of every argument", () => {
    const f = jit((x: Tensor, y: Tensor) => x.add(y), { dynamic: true });
    for (const [n, m] of [
      [4, 6],
      [9, 2],
      [3, 5],
    ])
      expectClose(f(rows(n, m), rows(n, m)), rows(n, m).mul(2).js());
    expect(programs(f)).toBe(1);
    // axes that were equal by chance share a name until they differ
    expectClose(f(rows(5, 5), rows(5, 5)), rows(5, 5).mul(2).js());
    const g = jit((x: Tensor) => x.mul(2), { dynamic: true });
    for (const [n, m] of [
      [5, 5],
      [6, 6],
      [6, 7],
      [2, 9],
    ])
      expectClose(g(rows(n, m)), rows(n, m).mul(2).js());
    expect(programs(g)).toBe(2);
  });
  it("false: a program for each size", () => {
    const f = jit(double, { dynamic: false });
    for (const n of [7, 8, 9]) f(rows(n));
    expect(programs(f)).toBe(3);
    const g = jit(double, { dynamic: [{ 0: false }] });
    for (const n of [7, 8, 9]) g(rows(n));
    expect(programs(g)).toBe(3);
  });
  it("in trees: for every array of an argument, or one by one; from the end, too", () => {
    const f = jit((p: { a: Tensor; b: Tensor[] }, w: Tensor) => [p.a.mul(w), p.b[0].add(p.b[1])], {
      dynamic: [{ a: { 0: "n" }, b: [{ [-2]: "m" }, { 0: "m" }] }, null],
    });
    for (const [n, m] of [
      [4, 5],
      [6, 2],
    ])
      f({ a: rows(n), b: [rows(m), rows(m)] }, array([1, 2, 3]));
    expect(programs(f)).toBe(1);
    const g = jit((p: { a: Tensor; b: Tensor[] }) => [p.a, ...p.b].map(double), { dynamic: [{ 0: "n" }] });
    for (const n of [4, 6]) g({ a: rows(n), b: [rows(n), rows(n)] });
    expect(programs(g)).toBe(1);
  });
  it("one name is one size", () => {
    const f = jit((x: Tensor, y: Tensor) => [x.mul(2), y.mul(2)], { dynamic: [{ 0: "batch" }, { 0: "batch" }] });
    f(rows(4), rows(4));
    const e = errorOf(() => f(rows(4), rows(5)));
    expect(e.code).toBe("TW2001");
    expect(e.message).toContain("argument 1 has 5 on axis 0, but batch is 4 (axis 0 of argument 0)");
  });
  it("0 and 1 have programs of their own", () => {
    const f = jit((x: Tensor) => x.add(1), { dynamic: [{ 0: "batch" }] });
    for (const n of [1, 0, 5, 9]) expectClose(f(rows(n)), rows(n).add(1).js());
    expect(programs(f)).toBe(3);
    expect((f as unknown as AnyJitted).entries().map((e) => e.sizes.length)).toEqual([0, 0, 1]);
  });
  it.each([
    ["no list", 3, "TW1007", "dynamic is a number (3)"],
    ["an argument that is not there", [null, { 0: "n" }], "TW1007", "dynamic names argument 1"],
    ["an axis that is not there", [{ 2: "n" }], "TW2004", "dynamic names axis 2 of f32[4,3]"],
    ["a name of none", [{ 0: 5 }], "TW1007", "the name of axis 0 is a number (5)"],
    ["a name that is no word", [{ 0: "2n" }], "TW1007", "the name of axis 0"],
    ["a string", ["batch"], "TW1007", "dynamic is a string (batch)"],
  ])("%s is a named error", (_what, dynamic, code, text) => {
    const e = errorOf(() => jit(double, { dynamic: dynamic as never })(rows(4)));
    expect(e.code).toBe(code);
    expect(e.message).toContain(text);
  });
});

describe("sizes that were found", () => {
  it("axes that were equal and differ later get names of their own", () => {
    const f = jit((x: Tensor, y: Tensor) => np.dot(x, y.T));
    for (const [n, m] of [
      [7, 7],
      [8, 8],
      [9, 4],
      [2, 6],
    ])
      expectClose(f(rows(n), rows(m)), np.dot(rows(n), rows(m).T).js());
    const all = (f as unknown as AnyJitted).entries();
    expect(all.map((e) => e.sizes.length)).toEqual([0, 1, 2]);
  });
  it("a function that decides by a size has a program for each decision, and it is said where", () => {
    const f = jit((x: Tensor) => (x.shape[0] > 10 ? np.exp(x) : x.mul(2)));
    for (const n of [7, 8, 9, 12, 13, 14, 3])
      expectClose(f(rows(n)), n > 10 ? (np.exp(rows(n)).js() as never) : rows(n).mul(2).js());
    expect(programs(f)).toBe(4);
    expect((f as unknown as AnyJitted).entries()[2].refusal).toMatch(
      /^exp stands where \w+ is at another size at .*:\d+/,
    );
  });
  it("a loop in JavaScript over an axis stays a program for each size", () => {
    const f = jit((x: Tensor) => {
      let sum = x.index(0);
      for (let i = 1; i < x.shape[0]; i++) sum = sum.mul(0.5).add(x.index(i));
      return sum;
    });
    for (const n of [4, 5, 6, 4, 5]) f(rows(n));
    expect(programs(f)).toBe(3);
    expect(explain(f)(rows(6)).notes[0]).toMatch(/^not dynamic: .* is done at some sizes only/);
  });
  it("with static arguments, donation, closed-over arrays, methods and trees", () => {
    const w = array([1, 2, 3]);
    const s = jit((x: Tensor, how: string) => (how === "add" ? x.add(w) : x.mul(w)), { staticArgnums: 1 });
    const d = jit((x: Tensor) => x.mul(w), { donate: 0 });
    class Model {
      scale = array(3);
      run(x: Tensor): Tensor {
        return x.mul(this.scale);
      }
    }
    const model = new Model();
    const m = jit(Model.prototype.run, { kind: "method", name: "run", addInitializer: () => {} } as never);
    const t = jit(({ a, list }: { a: Tensor; list: Tensor[] }) => ({ sum: list.reduce((x, y) => x.add(y), a) }));
    for (const n of [7, 8, 9, 31]) {
      expectClose(s(rows(n), "add"), rows(n).add(w).js());
      expectClose(s(rows(n), "mul"), rows(n).mul(w).js());
      const x = rows(n);
      expectClose(d(x), rows(n).mul(w).js());
      expect(x.disposed).toBe(true);
      expectClose(m.call(model, rows(n)), rows(n).mul(3).js());
      expectClose(t({ a: rows(n), list: [rows(n), rows(n)] }), { sum: rows(n).mul(3).js() });
    }
    expect([s, d, t].map(programs)).toEqual([4, 2, 2]);
  });
  it("what is computed of a size is a number of each call, and arrays made in the trace are its own", () => {
    const f = jit((x: Tensor) =>
      x.add(Math.log(x.shape[0])).mul(array(Array.from({ length: x.shape[0] }, (_, i) => [i + x.shape[0]]))),
    );
    const expected = (n: number): Tensor =>
      rows(n)
        .add(Math.log(n))
        .mul(array(Array.from({ length: n }, (_, i) => [i + n])));
    for (const n of [5, 6, 8, 5, 6, 8]) expectClose(f(rows(n)), expected(n).js());
  });
  it("callbacks are those of the sizes at hand", () => {
    const seen: unknown[] = [];
    const f = jit((x: Tensor) => {
      const n = x.shape[0];
      debug.callback((v: Tensor) => seen.push([n, v.item()]), np.sum(x));
      return x.mul(2);
    });
    for (const n of [3, 4, 5, 3]) f(np.ones([n]));
    expect(seen).toEqual([
      [3, 3],
      [4, 4],
      [5, 5],
      [3, 3],
    ]);
  });
  it("inside of other transforms the function is what it is at these sizes", () => {
    const f = jit((x: Tensor) => np.sum(np.square(x)));
    for (const n of [3, 4, 5]) f(rows(n));
    for (const n of [3, 5, 6]) {
      expectClose(grad(f as never as (x: Tensor) => Tensor)(rows(n)), rows(n).mul(2).js());
      expectClose(vmap(f as never as (x: Tensor) => Tensor)(rows(n)), np.sum(np.square(rows(n)), 1).js());
      expectClose(f(rows(n)), np.sum(np.square(rows(n))).js());
    }
  });
  it("results know their shape", () => {
    const f = jit((x: Tensor) => [x.T, np.concatenate([x, x]), x.reshape([-1])]);
    for (const n of [3, 4, 5])
      expect((f(rows(n)) as Tensor[]).map((y) => y.shape)).toEqual([[3, n], [2 * n, 3], [3 * n]]);
  });
  it("much larger sizes have code of their own", () => {
    const f = jit((x: Tensor) => np.exp(x.mul(0.1)));
    for (const n of [7, 8, 100, 400, 500, 9, 4000])
      expectClose(f(rows(n)), np.exp(rows(n).mul(0.1)).js() as never, 1e-4);
    expect(reasons(f).slice(2)).toEqual(["n is 400: the program for about 8 is compiled again for large sizes"]);
  });
  it("many sizes: one program, and sizes that come back are remembered", () => {
    let traces = 0;
    const f = jit((x: Tensor) => {
      traces++;
      return x.mul(2);
    });
    for (let round = 0; round < 2; round++) for (let n = 2; n < 100; n++) expect(f(rows(n)).shape).toEqual([n, 3]);
    expect(programs(f)).toBe(2);
    // one more when it became dynamic: the 3 columns might have been n = 3
    expect(traces).toBe(99);
  });
});

describe("debugNans", () => {
  afterEach(() => configure({ debugNans: false }));
  it("finds the operation in a dynamic program", () => {
    const f = jit((x: Tensor) => lax.log(x.sub(100)));
    for (const n of [4, 5]) f(np.ones([n]).mul(200));
    configure({ debugNans: true });
    expect(errorOf(() => f(np.ones([6]))).message).toMatch(/log produced a NaN at .*dynamic-option/);
    expectClose(tree.leaves(f(np.ones([6]).mul(101)))[0] as Tensor, np.zeros([6]).js());
  });
  it("keeps no memory of calls that failed", () => {
    const f = jit((x: Tensor) => lax.log(x.sub(5)));
    const x = np.ones([64 * 1024]);
    configure({ debugNans: true });
    for (let i = 0; i < 400; i++) expect(() => f(x)).toThrow(/TW4002/); // 300 MB of results
    expect(memoryStats().residentBytes).toBeLessThan(100 * 1024 ** 2);
  });
});
