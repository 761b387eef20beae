/** Traced values in JavaScript's hands: coercions, JSON, escapes, and what a failed trace leaves behind. */
import { array, cond, grad, jit, numpy as np, scan, Tensor, tree, vmap } from "tilework";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { isTracing } from "../../src/tracer/frame.js";
import { codeOf, errorOf, expectClose } from "../api/helpers.js";

// biome-ignore lint/suspicious/noExplicitAny: what a user without types may write
type Any = any;
const coercions: Record<string, (x: Any) => unknown> = {
  "x > 0": (x) => x > 0,
  "x < x": (x) => x < x,
  // biome-ignore lint/suspicious/noDoubleEquals: the coercion is what is tested
  "x == 0": (x) => x == 0,
  "+x": (x) => +x,
  "-x": (x) => -x,
  "x + 1": (x) => x + 1,
  "'' + x": (x) => "" + x,
  "x ** 2": (x) => x ** 2,
  "x | 0": (x) => x | 0,
  "x - x": (x) => x - x,
  "x % 2": (x) => x % 2,
  "~x": (x) => ~x,
  "x >>> 1": (x) => x >>> 1,
  "x >= 1": (x) => x >= 1,
  // biome-ignore lint/suspicious/noDoubleEquals: as above
  "x != '2'": (x) => x != "2",
  "x++": (x) => x++,
  "x += 1": (x) => {
    x += 1;
    return x;
  },
  "Math.exp(x)": (x) => Math.exp(x),
  "BigInt(x)": (x) => BigInt(x),
  "Math.max(x, 0)": (x) => Math.max(x, 0),
  "Number(x)": (x) => Number(x),
  "new Array(3).fill(0)[x]": (x) => [1, 2, 3].at(x),
  "isNaN(x)": (x) => Number.isNaN(+x),
  "new Date(x)": (x) => new Date(x),
};

describe("coercions", () => {
  it.each(Object.entries(coercions))(
    "%s is refused: TW1001 under jit and vmap, TW1004 where the number is known",
    (_, f) => {
      const use = (x: Tensor): Tensor => {
        f(x);
        return x;
      };
      const traced = errorOf(() => jit(use)(array(2)));
      expect(traced.code).toBe("TW1001");
      expect(traced.message).toMatch(/operator or condition/);
      expect(traced.file).toMatch(/values\.test\.ts$/);
      expect(codeOf(() => vmap(use)(array([2])))).toBe("TW1001");
      expect(codeOf(() => use(array(2)))).toBe("TW1004");
      const inGrad = errorOf(() => grad(use)(2));
      expect(inGrad.code).toBe("TW1004");
      expect(inGrad.help).toMatch(/item\(\)/);
      expect(isTracing()).toBe(false);
    },
  );

  it("text: a traced value shows its type, a concrete one its numbers", () => {
    const seen: string[] = [];
    jit((x: Tensor) => {
      seen.push(`${x}`, String(x.mul(2)), inspect({ x }), x.toString());
      return x;
    })(array([1, 2]));
    expect(seen).toEqual(["Traced<f32[2]>", "Traced<f32[2]>", "{ x: Traced<f32[2]> }", "Traced<f32[2]>"]);
    expect([`${array([1, 2])}`, inspect(array([1, 2]))]).toEqual(["[1. 2.]", "Tensor([1. 2.])"]);
  });

  it("JSON: nested lists where the numbers are known, TW1001 where not", () => {
    const params = {
      w: array([
        [1, 2],
        [3, 4],
      ]),
      n: array(7n),
      m: array([true, false]),
      s: array(0.5),
      none: null,
    };
    expect(JSON.parse(JSON.stringify(params))).toEqual({
      w: [
        [1, 2],
        [3, 4],
      ],
      n: "7",
      m: [true, false],
      s: 0.5,
      none: null,
    });
    expect(codeOf(() => jit((x: Tensor) => array(JSON.stringify({ x }).length))(1))).toBe("TW1001");
  });

  it("reading shapes, dtypes and sizes is always allowed", () => {
    const seen: unknown[] = [];
    jit((x: Tensor) => {
      seen.push(x.shape, x.dtype, x.ndim, x.size, x.nbytes, x.disposed, x.ref === x);
      x.dispose();
      return x;
    })(np.ones([2, 3], { dtype: "f64" }));
    expect(seen).toEqual([[2, 3], "f64", 2, 6, 48, false, true]);
  });

  it("every way of reading names the function and where the value was made", async () => {
    const reads: [string, (x: Tensor) => unknown][] = [
      ["item()", (x) => x.item()],
      ["dataSync()", (x) => x.dataSync()],
      ["js()", (x) => x.js()],
    ];
    for (const [what, read] of reads) {
      const e = errorOf(() =>
        jit(function myModel(x: Tensor) {
          read(x.mul(2));
          return x;
        })(array(1)),
      );
      expect(e.message).toContain(`${what} asked for the value of f32[], which is traced by jit(myModel)`);
      expect(e.message).toMatch(/made by mul at .*values\.test\.ts:\d+:\d+/);
    }
    let promise: Promise<unknown> | undefined;
    jit((x: Tensor) => {
      promise = x.data();
      return x;
    })(array(1));
    await expect(promise).rejects.toMatchObject({ code: "TW1001" });
  });
});

describe("escapes", () => {
  it("by an outer variable, from every kind of trace; the error tells where the value was made", () => {
    let kept: Tensor | undefined;
    const keep = (x: Tensor): Tensor => {
      kept = x.mul(2);
      return x;
    };
    const traces: [string, () => unknown][] = [
      ["jit", () => jit(keep)(array(1))],
      ["vmap", () => vmap(keep)(array([1]))],
      ["grad", () => grad(keep)(1)],
      ["cond", () => cond(true, keep, keep, array(1))],
      ["scan", () => scan((c: Tensor, x: Tensor) => [keep(c), x], array(0), array([1]))],
      ["jit of grad of vmap", () => jit(grad((x: Tensor) => vmap(keep)(x).sum()))(array([1, 2]))],
    ];
    for (const [name, run] of traces) {
      kept = undefined;
      run();
      const leaked = kept as unknown as Tensor;
      for (const use of [
        () => leaked.add(1),
        () => leaked.item(),
        () => jit((x: Tensor) => x.add(leaked))(1),
        () => vmap((x: Tensor) => x.mul(leaked))(array([1])),
      ]) {
        const e = errorOf(use);
        expect(`${name} ${e.code}`).toBe(`${name} TW1002`);
        expect(e.message).toMatch(/made by mul at .*values\.test\.ts/);
      }
      expect([leaked.shape.length, `${leaked}`.startsWith("Traced")]).toEqual([0, true]); // looking at it is harmless
    }
  });

  it("an argument that escapes is named as one", () => {
    let kept: Tensor | undefined;
    jit(function train(x: Tensor) {
      kept = x;
      return x;
    })(array(1));
    expect(errorOf(() => (kept as Tensor).add(1)).message).toMatch(/argument of train/);
  });

  it("a cache that memoises traced values is caught at the second call", () => {
    const cache = new Map<string, Tensor>();
    const f = (x: Tensor): Tensor => {
      const hit = cache.get("k") ?? x.mul(3);
      cache.set("k", hit);
      return hit.add(x);
    };
    expectClose(jit(f)(array(1)), 4);
    expect(codeOf(() => jit((x: Tensor) => f(x))(array([1, 2])))).toBe("TW1002");
  });

  it("values of an inner trace that failed are dead, those of the outer one live on", () => {
    let inner: Tensor | undefined;
    const f = jit((x: Tensor) => {
      const y = x.mul(2);
      try {
        vmap((z: Tensor) => {
          inner = z.add(y);
          throw new RangeError("stop");
        })(np.stack([x, x]));
      } catch (e) {
        expect(e).toBeInstanceOf(RangeError);
      }
      expect(codeOf(() => (inner as Tensor).add(1))).toBe("TW1002");
      return y.add(1);
    });
    expectClose(f(array(5)), 11);
    expect(isTracing()).toBe(false);
  });
});

describe("what is refused as a function or an argument", () => {
  it("async functions and promises, in every transform", () => {
    const f = (async (x: Tensor) => x) as unknown as (x: Tensor) => Tensor;
    for (const run of [
      () => jit(f)(array(1)),
      () => grad(f)(1),
      () => vmap(f)(array([1])),
      () => scan(f as never, array(0), array([1])),
      () => jit((x: Tensor) => x)(Promise.resolve(array(1)) as never),
    ]) {
      const e = errorOf(run);
      expect(["TW1005", "TW1003"]).toContain(e.code);
      expect(e.help).toMatch(/synchronous|await/);
    }
  });

  it("strings, functions, dates, typed arrays and unregistered classes are named with their place", () => {
    class Model {}
    const f = jit((p: { a: unknown }) => p.a as Tensor);
    for (const [value, text] of [
      ["text", "argument 0.a is a string (text)"],
      [() => 1, "argument 0.a is the function"],
      [new Date(), "an instance of Date"],
      [new Float32Array(2), "an instance of Float32Array"],
      [new Model(), "an instance of Model"],
    ] as const) {
      const e = errorOf(() => f({ a: value } as never));
      expect([e.code, e.message]).toEqual(["TW1003", expect.stringContaining(text)]);
    }
    expect(codeOf(() => jit(() => "text")())).toBe("TW1003");
    expectClose(jit((x: Tensor) => ({ x, n: undefined, z: null, k: 2 }))(array(1)), {
      x: 1,
      n: undefined,
      z: null,
      k: 2,
    });
  });

  it("a tree that contains itself", () => {
    const loop: { x: Tensor; self?: unknown } = { x: array(1) };
    loop.self = loop;
    expect(codeOf(() => jit((p: { x: Tensor }) => p.x)(loop as never))).toBe("TW1009");
    expect(codeOf(() => tree.leaves(loop))).toBe("TW1009");
  });

  it("a tensor of another copy of Tilework is named as such", () => {
    const foreign = { [Symbol.for("tilework.tensor")]: true };
    class Other {
      readonly [key: symbol]: unknown;
    }
    const other = Object.assign(new Other(), foreign);
    expect(errorOf(() => np.add(other as never, 1)).message).toMatch(/another copy of Tilework/);
    expect(new Tensor(Tensor.source(array(1)))).toBeInstanceOf(Tensor);
  });
});
