/** What the compiled path refuses, the debugger refuses too; and its own options are checked. */
import { heuristics, interpret, isTileworkError, kernel, numpy as np } from "tilework";
import { gather, load, type Ref, sort, store } from "tilework/kernels";
import { expect, it, test } from "vitest";

type V = Ref<"f32", ["n"]>;
// biome-ignore lint/suspicious/noExplicitAny: mistakes that tsc finds
type Any = any;
const options = { out: (x: { shape: readonly number[] }) => ({ shape: x.shape }), init: 0 } as const;
const x = np.array([3, 1, 2]).astype("f32");

const wrong = {
  "TW8002 an element assigned": kernel(function f(x: V, out: V) {
    (out as Any)[0] = load(x, [0]);
  }, options),
  "TW8002 an element added to": kernel(function f(x: V, out: V) {
    (out as Any)[0] += load(x, [0]);
  }, options),
  "TW8002 an element read": kernel(function f(x: V, out: V) {
    store(out, [0], (x as Any)[0]);
  }, options),
  "TW8002 a member that references lack": kernel(function f(x: V, out: V) {
    store(out, [0], (x as Any).first);
  }, options),
  "TW7012 an element of a block assigned": kernel(function f(x: V, out: V) {
    const v = load(x, [null]) as Any;
    v[0] = 1;
    store(out, [null], v);
  }, options),
  "TW7015 a method that blocks lack": kernel(function f(x: V, out: V) {
    store(out, [0], (load(x, [0]) as Any).total());
  }, options),
  "TW2004 an axis that references lack": kernel(function f(x: V, out: V) {
    store(out, [0], load(x, [(x as Any).shape[1]]));
  }, options),
  "TW8003 a misspelt option of store": kernel(function f(x: V, out: V) {
    store(out, [null], load(x, [null]), { msk: true } as Any);
  }, options),
  "TW8003 a misspelt option of sort": kernel(function f(x: V, out: V) {
    store(out, [null], sort(load(x, [null]), 0, { descend: true } as Any));
  }, options),
};

const codeAndLine = (f: () => unknown): string => {
  try {
    f();
  } catch (e) {
    if (isTileworkError(e)) return `${e.code} ${e.diagnostic.span?.line}`;
    throw e;
  }
  return "nothing";
};

it.each(Object.entries(wrong))("%s", (name, k) => {
  const compiled = codeAndLine(() => k(x));
  expect(compiled).toContain(name.split(" ")[0]);
  expect(codeAndLine(() => interpret(k)(x))).toBe(compiled);
});

const right = kernel(function f(x: V, out: V) {
  const sizes = { first: 0 };
  sizes.first = 1;
  sizes.first += 1;
  store(out, [sizes.first], load(x, [0]));
}, options);

test("objects of the kernel's own may be written", () => {
  expect([...interpret(right)(x).dataSync()]).toEqual([0, 0, 3]);
});

test("options of interpret are checked", () => {
  for (const bad of [{ order: "sideways" }, { order: {} }, { chek: false }])
    expect(() => interpret(right, bad as Any)).toThrow(/TW1007/);
});

test("what computes its constants is interpreted", () => {
  const filled = kernel(
    function filled(x: V, out: V, VALUE: number) {
      store(out, [null], load(x, [null]) * VALUE);
    },
    { out: (x) => x },
  );
  const slowly = interpret(heuristics(filled, { VALUE: () => 2 }));
  expect([...slowly(x).dataSync()]).toEqual([6, 2, 4]);
  expect(String(slowly.report)).toContain("filled: 1 program");
});

test("an index of gather outside of its block is found", () => {
  const take = kernel(function take(x: V, i: Ref<"i32", ["n"]>, out: V) {
    store(out, [null], gather(load(x, [null]), load(i, [null]), 0));
  }, options);
  const at = (...i: number[]) => interpret(take)(x, np.array(i).astype("i32"));
  expect([...at(2, -1, 0).dataSync()]).toEqual([2, 2, 3]);
  expect(() => at(0, 3, 1)).toThrow(
    /TW8101.*gather: the index 3 is outside of axis 0, of 3, of a block in lane 1 of program 0/,
  );
  expect(() => at(0, 0, -4)).toThrow(/the index -4 is outside/);
});
