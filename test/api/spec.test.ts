/** Specs: what they accept, how names are solved, and what errors say. */
import { describe, expect, it } from "vitest";
import {
  evalShape,
  grad,
  isTileworkError,
  jit,
  makeProgram,
  num,
  numpy as np,
  ShapeDtype,
  spec,
  type Tensor,
  tensor,
  vmap,
} from "tilework";
import { codeOf } from "./helpers.js";

const messageOf = (run: () => unknown): string => {
  try {
    run();
  } catch (e) {
    if (isTileworkError(e)) return e.diagnostic.message;
    throw e;
  }
  return "";
};

describe("spec", () => {
  const P = spec({ w: ["in", "out"], b: ["out"] });

  it("gives the value back, or says which axis disagrees with what", () => {
    const p = { w: np.ones([4, 3]), b: np.ones([3]) };
    expect(P.check(p)).toBe(p);
    expect(P.matches(p)).toBe(true);
    expect(P.sizes(p)).toEqual({ in: 4, out: 3 });
    const wrong = { w: np.ones([4, 3]), b: np.ones([2]) };
    expect(P.matches(wrong)).toBe(false);
    expect(codeOf(() => P.check(wrong))).toBe("TW2015");
    // leaves are in the order of the keys
    expect(messageOf(() => P.check(wrong, "params"))).toBe(
      "params.w is f32[4,3], its spec says [in,out]: axis 1 is 3, but out is 2 (axis 0 of params.b)",
    );
  });

  it("asks for ranks, dtypes and structure", () => {
    expect(messageOf(() => P.check({ w: np.ones([4]), b: np.ones([3]) }))).toMatch(/w is f32\[4\].*rank 1 is not 2/);
    expect(messageOf(() => spec(["n"], "i32").check(np.ones([3])))).toBe(
      "the value is f32[3], its spec says i32[n]: f32 is not i32",
    );
    expect(messageOf(() => P.check({ w: np.ones([4, 3]) }))).toMatch(/another structure than its spec/);
    expect(messageOf(() => spec([2, 3]).check(np.ones([2, 4])))).toMatch(/axis 1 is 4, not 3/);
    expect(spec([]).matches(np.array(1))).toBe(true);
    expect(spec([], "i32").matches(3)).toBe(true);
    expect(spec([["n"], null, { a: [] }]).matches([np.ones([2]), null, { a: np.array(1) }])).toBe(true);
    expect(spec({ a: ["n"] }).matches(new Map([["a", np.ones([2])]]))).toBe(false);
  });

  it("lists everything that disagrees", () => {
    const wrong = (): unknown => spec([[2], [3], [4]]).check([np.ones([2]), np.ones([2]), np.ones([2])]);
    expect(messageOf(wrong)).toMatch(/^the value\[1\]/);
    expect(() => wrong()).toThrow(/note: the value\[2\] is f32\[2\]/);
  });

  it.each([
    [
      ["2*n", "n"],
      [[6, 3]],
      [
        [6, 2],
        [5, 3],
      ],
    ],
    [["n", "2*n+1"], [[3, 7]], [[3, 6]]],
    [["2*n"], [[6]], [[5]]],
    [["h", "w", "(h//2)*(w//2)"], [[4, 6, 6]], [[4, 6, 12]]],
    [["a*b", "a", "b"], [[12, 3, 4]], [[12, 3, 5]]],
    [["a*b"], [[12]], []],
    [
      ["...b", "n", "n"],
      [
        [3, 3],
        [7, 8, 2, 2],
      ],
      [[3, 2], [3]],
    ],
    [["n", "..."], [[3], [3, 4, 5]], [[]]],
    [["_", "_"], [[3, 4]], [[3]]],
    [
      ["n|1", "n"],
      [
        [1, 5],
        [5, 5],
      ],
      [[4, 5]],
    ],
  ] as const)("%j", (shape, right, wrong) => {
    const s = spec([...shape] as (string | number)[]);
    for (const x of right) expect(s.matches(np.zeros([...x])), `${shape} ${x}`).toBe(true);
    for (const x of wrong) expect(s.matches(np.zeros([...x])), `${shape} ${x}`).toBe(false);
  });

  it("names of lists of axes stand for the same sizes", () => {
    const s = spec([["...b", "n"], ["...b"]]);
    expect(s.matches([np.ones([2, 3, 4]), np.ones([2, 3])])).toBe(true);
    expect(messageOf(() => s.check([np.ones([2, 3, 4]), np.ones([3, 2])]))).toMatch(
      /\.\.\.b is \[3, 2\] here, but \[2, 3\]/,
    );
  });

  it("refuses what describes nothing", () => {
    expect(codeOf(() => spec(3 as never))).toBe("TW1007");
    expect(codeOf(() => spec({ w: "n" } as never))).toBe("TW1007");
    expect(codeOf(() => spec(["n"], "f31" as never))).toBe("TW2005");
    expect(codeOf(() => spec(["n +"]))).toBe("TW2013");
    expect(codeOf(() => spec(["...a", "...b"]))).toBe("TW2013");
    expect(codeOf(() => spec([1.5]))).toBe("TW2011");
  });

  it("is data that tools read, and prints as such", () => {
    expect(String(P)).toBe("{ w: [in,out], b: [out] }");
    expect(JSON.parse(JSON.stringify(spec(["n", 3], "i32").tree))).toEqual({ shape: ["n", 3], dtype: "i32" });
  });

  it("gives shapes without values", () => {
    const f = (p: { w: Tensor; b: Tensor }, x: Tensor): Tensor => np.dot(x, p.w).add(p.b);
    const shapes = P.like({ in: 4, out: 3 });
    expect(evalShape(f as never, shapes, new ShapeDtype([5, 4]))).toMatchObject({ shape: [5, 3] });
    expect(makeProgram(f as never)(shapes, spec(["n", 4]).like({ n: 5 })).outputs[0].aval.shape).toEqual([5, 3]);
    expect(codeOf(() => P.like())).toBe("TW2014");
  });
});

describe("jit with specs of its arguments", () => {
  const f = jit((p, x) => np.dot(x, p.w).add(p.b), {
    args: [{ w: ["in", "out"], b: ["out"] }, ["batch", "in"]],
    name: "predict",
  });
  const p = { w: np.ones([4, 3]), b: np.ones([3]) };
  it("checks each new signature, also after right ones", () => {
    expect(f(p, np.ones([2, 4])).shape).toEqual([2, 3]);
    expect(f(p, np.ones([5, 4])).shape).toEqual([5, 3]);
    expect(messageOf(() => f(p, np.ones([2, 5])))).toBe(
      "jit(predict): argument 1 is f32[2,5], its spec says [batch,in]: axis 1 is 5, but in is 4 (axis 0 of argument 0.w)",
    );
    expect(() => f(p, np.ones([2, 5]))).toThrow(/spec\.test\.ts:\d+/);
  });
  it("inside of other transforms", () => {
    const loss = (q: typeof p): Tensor => np.sum(f(q, np.ones([2, 4])));
    expect(grad(loss)(p).b.js()).toEqual([2, 2, 2]);
    expect(vmap((x: Tensor) => f(p, x))(np.ones([7, 2, 4])).shape).toEqual([7, 2, 3]);
    expect(codeOf(() => vmap((x: Tensor) => f(p, x))(np.ones([7, 4])))).toBe("TW2015");
  });
  it("null checks nothing; static arguments are left out", () => {
    const g = jit((x: Tensor, n: number) => x.mul(n), { args: [["n"], null], staticArgnums: 1 });
    expect(g(np.ones([2]), 3).js()).toEqual([3, 3]);
    expect(codeOf(() => jit((x: Tensor) => x, { args: 3 as never }))).toBe("TW1007");
  });
});

describe("num and tensor", () => {
  it("give the same object", () => {
    const t = np.ones([2]);
    expect(num(t)).toBe(t);
    expect(tensor(num(t))).toBe(t);
    expect(num(3)).toBe(3);
  });
  it("plain numbers become scalars, other things are refused", () => {
    expect(tensor(2).js()).toBe(2);
    expect(tensor(true).dtype).toBe("bool");
    expect(codeOf(() => num("3" as never))).toBe("TW1003");
    expect(codeOf(() => tensor([3] as never))).toBe("TW1003");
  });
});
