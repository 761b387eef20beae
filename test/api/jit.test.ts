/** jit: caching by avals and structure, static arguments, closures, nesting, methods, donation, recompile reasons. */
import {
  array,
  cond,
  configure,
  debug,
  evalShape,
  explain,
  grad,
  hessian,
  jit,
  lax,
  makeProgram,
  numpy as np,
  ShapeDtype,
  Tensor,
  tree,
  valueAndGrad,
  vmap,
} from "tilework";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { codeOf, errorOf, expectClose } from "./helpers.js";

describe("cache", () => {
  it("one trace for each combination of shapes, dtypes and weak types", () => {
    let traces = 0;
    const f = jit((x: Tensor) => {
      traces++;
      return x.mul(2);
    });
    expectClose(f(array([1, 2])), [2, 4]);
    expectClose(f(array([3, 4])), [6, 8]);
    expect(traces).toBe(1);
    f(array([1, 2, 3]));
    f(array([1, 2], { dtype: "i32" }));
    f(3);
    f(4);
    expect(traces).toBe(4);
    expect(f.entries().map((e) => e.reason)).toEqual([
      "first call",
      "axis 0 of argument 0 seen as 2 and 3: dynamic, as n",
      "argument 0 is i32[2], it was f32[3]",
      "argument 0 is ~f32[], it was i32[2]",
    ]);
  });

  it("by the structure of trees, keys included, in any order of insertion", () => {
    let traces = 0;
    const f = jit((p: { a: Tensor; b: Tensor }) => {
      traces++;
      return p.a.sub(p.b);
    });
    const [a, b] = [array(5), array(3)];
    expectClose(f({ a, b }), 2);
    expectClose(f({ b, a }), 2);
    expect(traces).toBe(1);
    const g = jit((p: Record<string, Tensor>) => {
      traces++;
      return Object.values(p)[0];
    });
    g({ x: a });
    g({ y: a });
    expect(traces).toBe(3);
  });

  it("tells missing, null, undefined and empty containers apart", () => {
    let traces = 0;
    const f = jit((x: Tensor, m?: unknown) => {
      traces++;
      return m ? x.mul(2) : x;
    });
    const x = array(1);
    f(x);
    f(x, undefined);
    f(x, null);
    f(x, []);
    f(x, {});
    f(x, [null]);
    expect(traces).toBe(6);
    expectClose(f(x, {}), 2);
  });

  it("the size of a named axis around the call is part of the key", () => {
    const share = jit((x: Tensor) => x.div(lax.psum(x, "i")));
    expectClose(vmap((x: Tensor) => share(x), { axisName: "i" })(array([1, 3])), [0.25, 0.75]);
    expectClose(vmap((x: Tensor) => share(x), { axisName: "i" })(array([1, 1, 2])), [0.25, 0.25, 0.5]);
    expect(codeOf(() => share(array(1)))).toBe("TW3007");
  });
});

describe("static arguments", () => {
  it("plain data by value, functions and instances by identity", () => {
    let traces = 0;
    const f = jit(
      (x: Tensor, option: unknown) => {
        traces++;
        return typeof option === "function" ? (option(x) as Tensor) : x;
      },
      { staticArgnums: 1 },
    );
    const count = (...options: unknown[]): number => {
      const before = traces;
      for (const o of options) f(array(1), o as never);
      return traces - before;
    };
    expect(count({ a: 1, b: [true, "s"] }, { b: [true, "s"], a: 1 })).toBe(1);
    expect(
      count(
        { a: Number.NaN },
        { a: null },
        { a: undefined },
        { a: Number.POSITIVE_INFINITY },
        { a: 0 },
        { a: -0 },
        { a: "0" },
        { a: 0n },
      ),
    ).toBe(8);
    expect(count([1], [[1]], "[1]", "1", 1)).toBe(5);
    const [p, q] = [new Date(0), new Date(0)];
    expect(count(p, p, q)).toBe(2);
    const double = (x: Tensor): Tensor => x.mul(2);
    expect(count(double, double, (x: Tensor) => x.mul(2))).toBe(2);
    expectClose(f(array(3), double as never), 6);
    expect(count(undefined, null, "undefined", "null")).toBe(4);
  });

  it("shape arguments and loops over static numbers", () => {
    const f = jit(
      (n: number, x: Tensor) => Array.from({ length: n }).reduce<Tensor>((acc) => acc.mul(x), np.ones([])),
      { staticArgnums: [0] },
    );
    expectClose(f(3, array(2)), 8);
    expectClose(f(5, array(2)), 32);
    expect(f.entries()[1].reason).toMatch(/static/);
  });

  it("arrays are refused, and so is a bad position", () => {
    const f = jit((x: Tensor, y: unknown) => (y ? x : x), { staticArgnums: 1 });
    const e = errorOf(() => f(array(1), array(2) as never));
    expect(e.code).toBe("TW1006");
    expect(e.help).toMatch(/static/);
    expect(codeOf(() => f(array(1), { deep: [array(2)] } as never))).toBe("TW1006");
  });

  it("a misspelt option of a transform is an error where it is given, with the options that there are", () => {
    const f = (x: Tensor) => x.sum();
    const step = (c: Tensor, x: Tensor): [Tensor, Tensor] => [c.add(x), c];
    const xs = array([1, 2]);
    const cases: [() => unknown, string][] = [
      [() => jit(f, { donateArgnums: 0 } as never), "jit(f): there is no option donateArgnums"],
      [() => jit({ donateArgnums: 0 } as never), "jit: there is no option donateArgnums"],
      [() => vmap(f, { in_axes: 0 } as never), "vmap(f): there is no option in_axes"],
      [() => grad(f, { argnum: 0 } as never), "grad(f): there is no option argnum"],
      [() => grad(f, 1 as never), "grad(f): the options are a number (1)"],
      [() => valueAndGrad(f, { has_aux: true } as never), "valueAndGrad(f): there is no option has_aux"],
      [() => hessian(f, { hasAux: true } as never), "hessian(f): there is no option hasAux"],
      [() => lax.scan(step, array(0), xs, { unroll: 2 } as never), "scan: there is no option unroll"],
      [() => configure({ debugNan: true } as never), "configure: there is no option debugNan"],
    ];
    for (const [call, message] of cases) {
      const e = errorOf(call);
      expect(e.message).toContain(`TW1007: ${message}`);
      expect(e.message).toMatch(/its options are \{ .*(donate, dynamic|inAxes|argnums|reverse|debugNans)/);
      expect(e.file).toMatch(/jit\.test\.ts$/);
    }
  });

  it("positions count from either end; those of no argument are errors at the first call", () => {
    const last = jit((x: Tensor, n: number) => x.mul(n), { staticArgnums: -1 });
    expectClose(last(array(2), 3), 6);
    expectClose(last(array(2), 4), 8);
    const x = array([1, 2]);
    expectClose(jit((a: Tensor, b: Tensor) => a.add(b), { donate: -2 })(x, array([3, 4])), [4, 6]);
    expect(codeOf(() => x.dataSync())).toBe("TW1008");
    for (const option of ["staticArgnums", "donate"]) {
      for (const n of [3, -2, [0, 3]]) {
        const e = errorOf(() => jit((y: Tensor) => y, { [option]: n })(array(1)));
        expect(e.code).toBe("TW1007");
        expect(e.message).toMatch(/names argument (3|-2), but the function was called with 1/);
        expect(e.file).toMatch(/jit\.test\.ts$/);
      }
      expect(codeOf(() => jit((y: Tensor) => y, { [option]: "0" as never }))).toBe("TW1007");
    }
    // an optional argument may be left out
    const scaled = jit((y: Tensor, n = 3) => y.mul(n), { staticArgnums: 1 }) as (y: Tensor, n?: number) => Tensor;
    expectClose(scaled(array(2)), 6);
    expectClose(scaled(array(2), 5), 10);
    const shifted = jit((y: Tensor, n?: number) => y.add(n ?? 1), { staticArgnums: [1] });
    expectClose(shifted(array(2)), 3);
    expectClose(jit((...ys: Tensor[]) => ys[0], { donate: [0, 1] })(array(2)), 2);
  });
});

describe("nesting and closures", () => {
  it("a jitted function inside another closes over the outer one's values", () => {
    const f = jit((x: Tensor, y: Tensor) =>
      jit((z: Tensor) => z.mul(x).add(jit((w: Tensor) => w.sub(z).mul(y))(x)))(y),
    );
    // y x + (x - y) y
    expectClose(f(array(3), array(5)), 5 * 3 + (3 - 5) * 5);
    expectClose(f(array(2), array(7)), 7 * 2 + (2 - 7) * 7);
  });

  it("one inner function, called from traces of two outer ones with different captures", () => {
    let k: Tensor = array(1);
    const inner = jit((x: Tensor) => x.mul(k));
    const outer = (x: Tensor): Tensor => {
      k = x;
      return inner(x);
    };
    expectClose(jit(outer)(array(3)), 9);
    expectClose(jit((x: Tensor) => outer(x.add(1)))(array(3)), 16);
  });

  it("captured arrays are inputs, not constants; they are read when traced", () => {
    const w = array([1, 2]);
    const f = jit((x: Tensor) => x.mul(w));
    f(array([1, 1]));
    expect(f.entries()[0].captures.length).toBe(1);
    expect(f.entries()[0].program.inputs.length).toBe(2);
    expect(makeProgram((x: Tensor) => x.mul(w))(array([1, 1])).inputs.length).toBe(2);
  });

  it("jit in vmap in jit, over captured batches", () => {
    const f = jit((m: Tensor, v: Tensor) =>
      vmap((row: Tensor) => jit((r: Tensor) => np.dot(r, v).add(row.sum()))(row))(m),
    );
    expectClose(
      f(
        array([
          [1, 2],
          [3, 4],
        ]),
        array([10, 100]),
      ),
      [213, 437],
    );
  });

  it("every leaf kind comes through: Maps, null, undefined, numbers, booleans, class instances", () => {
    class Pair {
      constructor(
        readonly a: Tensor,
        readonly tag: string,
        readonly b: Tensor | null,
      ) {}
    }
    tree.register(Pair, {
      flatten: (p) => [[p.a, p.b], p.tag],
      unflatten: (tag, [a, b]) => new Pair(a as Tensor, tag as string, b as Tensor | null),
    });
    const f = jit((p: Pair, m: Map<string, Tensor | null>, o: { n: null; u: undefined; k: Tensor }) => ({
      pair: new Pair(p.a.add(1), p.tag, p.b),
      map: new Map([...m].map(([k, v]) => [k, v && v.mul(2)])),
      o,
      number: 3,
      flag: true,
    }));
    const r = f(
      new Pair(array(1), "t", null) as never,
      new Map<string, Tensor | null>([
        ["x", array(2)],
        ["none", null],
      ]) as never,
      { n: null, u: undefined, k: array(5) },
    ) as {
      pair: Pair;
      map: Map<string, Tensor | null>;
      o: { n: null; u: undefined; k: Tensor };
      number: unknown;
      flag: unknown;
    };
    expect(r.pair).toBeInstanceOf(Pair);
    expect([r.pair.a.item(), r.pair.tag, r.pair.b]).toEqual([2, "t", null]);
    expect(r.map.get("x")?.item()).toBe(4);
    expect(r.map.get("none")).toBeNull();
    expect([r.o.n, r.o.u, r.o.k.item(), "u" in r.o]).toEqual([null, undefined, 5, true]);
    expect([(r.number as Tensor).item(), (r.flag as Tensor).item()]).toEqual([3, true]);
    // a registered class's aux is part of the structure
    expect(
      codeOf(() =>
        tree.map(
          (x: Tensor, y: Tensor) => x.add(y),
          new Pair(array(1), "a", null) as never,
          new Pair(array(1), "b", null),
        ),
      ),
    ).toBe("TW1009");
  });

  it("effects and errors: a failed trace leaves nothing open, and the next call works", () => {
    const f = jit((x: Tensor) => {
      if (x.ndim === 1) throw new RangeError("mine");
      return x.mul(2);
    });
    expect(() => f(array([1]))).toThrow(RangeError);
    expectClose(f(array(4)), 8);
    expectClose(array(1).add(1), 2); // eager again
    expect(f.entries().length).toBe(1);
  });
});

describe("methods", () => {
  it("as a TC39 decorator, compiled by TypeScript", () => {
    const source = `
      class Linear {
        constructor(w) { this.w = w; this.traces = 0; }
        @jit forward(x) { this.traces++; return x.mul(this.w); }
      }
      result.Linear = Linear;`;
    const js = ts.transpileModule(source, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    }).outputText;
    const result: { Linear?: new (w: Tensor) => { traces: number; forward(x: Tensor): Tensor } } = {};
    new Function("jit", "result", js)(jit, result);
    const Linear = result.Linear;
    if (!Linear) return expect.fail("no class");
    const [two, three] = [new Linear(array(2)), new Linear(array(3))];
    expectClose(two.forward(array(5)), 10);
    expectClose(two.forward(array(6)), 12);
    expectClose(three.forward(array(5)), 15);
    expect([two.traces, three.traces]).toEqual([1, 1]);
    // and under another transform
    expectClose(vmap((x: Tensor) => two.forward(x))(array([1, 2])), [2, 4]);
  });
});

describe("donation", () => {
  it("a donated array is used up, the others are not", () => {
    const step = jit((w: { a: Tensor; b: Tensor }, g: Tensor) => ({ a: w.a.sub(g), b: w.b.add(g) }), { donate: 0 });
    const w = { a: array([1, 2]), b: array([3, 4]) };
    const g = array([1, 1]);
    const next = step(w, g);
    expectClose(next, { a: [0, 1], b: [4, 5] });
    expect([w.a.disposed, w.b.disposed, g.disposed]).toEqual([true, true, false]);
    const e = errorOf(() => w.a.dataSync());
    expect(e.code).toBe("TW1008");
    expect(e.file).toMatch(/jit\.test\.ts$/);
    expect(codeOf(() => w.a.add(1))).toBe("TW1008");
    expect(codeOf(() => step(w, g))).toBe("TW1008");
    expectClose(step(next, g), { a: [-1, 0], b: [5, 6] });
  });

  it("the same array twice in one call is refused before anything happens", () => {
    const f = jit((x: Tensor, y: Tensor) => x.add(y), { donate: [0] });
    const x = array([1, 2]);
    expect(codeOf(() => f(x, x))).toBe("TW1008");
    expectClose(x, [1, 2]);
    expectClose(f(x, array([1, 1])), [2, 3]);
  });

  it("explain before the first call changes nothing about donation", () => {
    const f = jit((x: Tensor) => x.mul(2), { donate: [0] });
    const x = array([1, 2]);
    explain(f)(x);
    expectClose(x, [1, 2]);
    expectClose(f(x), [2, 4]);
    expect(x.disposed).toBe(true);
  });

  it("inside another trace donation is not asked for", () => {
    const f = jit((x: Tensor) => x.mul(2), { donate: 0 });
    const x = array([1, 2]);
    expectClose(jit((y: Tensor) => f(y).add(y))(x), [3, 6]);
    expectClose(x, [1, 2]);
  });
});

describe("programs without running them", () => {
  it("evalShape and makeProgram take shapes in place of arrays", () => {
    const f = (p: { w: Tensor; b: Tensor | null }, x: Tensor): { y: Tensor; n: number } => ({
      y: np.dot(x, p.w),
      n: 1,
    });
    const out = evalShape(f as never, { w: new ShapeDtype([3, 5]), b: null }, new ShapeDtype([2, 3])) as {
      y: ShapeDtype;
      n: ShapeDtype;
    };
    expect([out.y.shape, out.y.dtype, out.n.shape]).toEqual([[2, 5], "f32", []]);
    const program = makeProgram((x: Tensor) => np.sin(x).mul(2))(new ShapeDtype([4], "f64"));
    expect(program.eqns.map((e) => e.prim)).toContain("sin");
    expect(program.outputs[0].aval).toMatchObject({ shape: [4], dtype: "f64" });
    expect(codeOf(() => evalShape(np.dot as never, new ShapeDtype([2, 3]), new ShapeDtype([2, 3])))).toBe("TW2003");
  });

  it("explain tells the program, why it was compiled, and what each pass took", () => {
    const f = jit(function twice(x: Tensor) {
      return x.mul(2);
    });
    f(array([1, 2]));
    const e = explain(f)(array([1, 2, 3]));
    expect(e.core).toMatch(/mul/);
    expect(e.compiles).toEqual(["first call", "axis 0 of argument 0 seen as 2 and 3: dynamic, as n"]);
    expect(e.passes[0].name).toBe("trace");
  });
});

describe("debug", () => {
  it("callback and print run each time the program runs, with values, in every setting", () => {
    const seen: number[] = [];
    const f = jit((x: Tensor) => {
      debug.callback((v: Tensor) => seen.push(v.item()), x.mul(10));
      return x;
    });
    f(array(1));
    f(array(2));
    expect(seen).toEqual([10, 20]);
    vmap((x: Tensor) => f(x))(array([3, 4]));
    expect(seen.slice(2).sort()).toEqual([30, 40]);
    seen.length = 0;
    jit((p: Tensor, x: Tensor) =>
      cond(
        p,
        (y) => f(y as Tensor),
        (y) => (y as Tensor).neg(),
        x,
      ),
    )(array(true), array(7));
    expect(seen).toEqual([70]);
    const lines: string[] = [];
    jit((x: Tensor) => {
      debug.printTo((l) => lines.push(l), "x = {}, twice {y}", x, { y: x.mul(2) });
      return x;
    })(array([1, 2]));
    expect(lines).toEqual(["x = [1. 2.], twice [2. 4.]"]);
  });

  it("an error in a callback reaches the caller, and the next call works", () => {
    let fail = true;
    const f = jit((x: Tensor) => {
      debug.callback(() => {
        if (fail) throw new RangeError("from the callback");
      }, x);
      return x.add(1);
    });
    expect(() => f(array(1))).toThrow("from the callback");
    fail = false;
    expectClose(f(array(1)), 2);
  });

  it("a callback may use arrays and jitted functions itself", () => {
    const inner = jit((x: Tensor) => x.mul(x).sum());
    const seen: number[] = [];
    const f = jit((x: Tensor) => {
      debug.callback((v: Tensor) => seen.push(inner(v.add(1)).item()), x);
      return x.sum();
    });
    expectClose(f(array([1, 2])), 3);
    expect(seen).toEqual([13]);
  });
});
