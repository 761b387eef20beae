/** Mistakes that JavaScript would let pass: each is refused, and the message says what to write. */
import { autotune, heuristics, isTileworkError, jit, kernel, numpy as np, type Tensor } from "tilework";
import {
  arange,
  atomicAdd,
  bitcast,
  type Block,
  cast,
  cdiv,
  type constexpr,
  dot,
  full,
  load,
  programId,
  type Ref,
  scratch,
  sort,
  store,
  sum,
  zeros,
} from "tilework/kernels";
import { describe, expect, test } from "vitest";

type V = Ref<"f32", ["n"]>;
const x3 = np.array([3, 1, 2]);

/** What a call says, and what its help says. */
function said(f: () => unknown): string {
  try {
    f();
  } catch (e) {
    if (!isTileworkError(e)) throw e;
    return `${e.code} ${e.diagnostic.message} / ${e.diagnostic.help ?? ""}`;
  }
  return expect.fail("it ran");
}

describe("elements of references", () => {
  // biome-ignore lint/suspicious/noExplicitAny: what tsc refuses
  type Any = any;
  const out = { out: (x: Tensor): Tensor => x, init: 0 };
  test("are stored, not assigned", () => {
    const assigned = kernel(function assigned(x: V, out: Any) {
      out[0] = load(x, [0]);
    }, out);
    expect(said(() => assigned(x3))).toMatch(/^TW8002 an element of out, .*is assigned.*store\(out, \[0\], value\)/);
    const added = kernel(function added(x: V, out: Any) {
      out[0] += load(x, [0]);
    }, out);
    expect(said(() => added(x3))).toMatch(/^TW8002 .*store\(out, \[0\], value\)/);
    const member = kernel(function member(x: V, out: Any) {
      out.value = load(x, [0]);
    }, out);
    expect(said(() => member(x3))).toMatch(/^TW8002 out\.value.*store\(out, \[i\], value\)/);
  });
  test("are loaded, not read", () => {
    const read = kernel(function read(x: Any, out: V) {
      store(out, [0], x[0]);
    }, out);
    expect(said(() => read(x3))).toMatch(/^TW8002 an element of x, .*load\(x, \[0\]\)/);
    const traced = kernel(function traced(x: Any, out: V) {
      store(out, [0], x[programId(0)]);
    }, out);
    expect(said(() => traced(x3))).toMatch(/^TW8002 .*load\(x, \[i\]\)/);
  });
});

describe("dtypes that do not exist", () => {
  const of = (f: (v: Block) => Block): (() => unknown) => {
    const k = kernel(
      function k(x: V, out: V) {
        store(out, [null], f(load(x, [null])));
      },
      { out: (x) => x },
    );
    return () => k(x3);
  };
  test.each<[string, string, (v: Block) => Block]>([
    ["cast", "f16", (v) => cast(v, "float16" as never)],
    ["bitcast", "i32", (v) => bitcast(v, "int32" as never)],
    ["zeros", "f32", (v) => v + zeros([3], "float32" as never)],
    ["full", "u8", (v) => v + full([3], 1, "uint8" as never)],
    ["dot", "bf16", (v) => v + sum(dot(full([2, 2], 1), full([2, 2], 1), { dtype: "bfloat16" as never }))],
    ["scratch", "i8", (v) => v + load(scratch([3], "int8" as never), [null])],
  ])("%s: %s", (name, likely, f) => {
    const text = said(of(f));
    expect(text).toContain(`${name}: there is no dtype`);
    expect(text).toContain(`write "${likely}"`);
    expect(text).toContain("bool, i8, u8");
  });
  test("in outs", () => {
    const k = kernel(
      function k(x: V, out: V) {
        store(out, [null], load(x, [null]));
      },
      { out: (x) => ({ shape: x.shape as number[], dtype: "float32" as never }) },
    );
    expect(said(() => k(x3))).toMatch(/^TW8016 .*float32.*write "f32"/);
  });
});

describe("options that do not exist", () => {
  const of = (f: (x: V, out: V) => void): (() => unknown) => {
    const k = kernel(
      function k(x: V, out: V) {
        f(x, out);
      },
      { out: (x) => x, init: 0 },
    );
    return () => k(x3);
  };
  test.each<[string, string, (x: V, out: V) => void]>([
    ["store", "msk", (x, out) => store(out, [null], load(x, [null]), { msk: true } as never)],
    ["load", "othr", (x, out) => store(out, [null], load(x, [null], { othr: 1 } as never))],
    ["sort", "descend", (x, out) => store(out, [null], sort(load(x, [null]), 0, { descend: true } as never))],
    ["atomicAdd", "msk", (x, out) => void atomicAdd(out, [null], load(x, [null]), { msk: true } as never)],
    ["sum", "keepdims", (x, out) => store(out, [null], sum(load(x, [null]), { axis: 0, keepdims: true } as never))],
  ])("%s: %s", (name, key, f) => {
    expect(said(of(f))).toMatch(new RegExp(`^TW8003 ${name}: there is no option ${key} / its options are`));
  });
  test("a mask that is no option", () => {
    const text = said(of((x, out) => store(out, [arange(3)], load(x, [null]), load(x, [null]) as never)));
    expect(text).toMatch(/^TW8003 store: the options are f32\[3\].*mask/);
  });
});

test("cdiv rounds up, of numbers and of values that the run knows", () => {
  const pairs = [7, -7, 6, -6, 0, 1].flatMap((a) => [3, -3, 2, -2].map((b) => [a, b]));
  const k = kernel(
    function k(a: Ref<"i32", ["n"]>, b: Ref<"i32", ["n"]>, out: Ref<"i32", ["n"]>, half: Ref<"i32", ["n"]>) {
      store(out, [null], cdiv(load(a, [null]), load(b, [null])));
      store(half, [null], cdiv(load(a, [null]), -3));
    },
    { out: (a) => [a, a] },
  );
  const of = (i: number): Tensor => np.array(pairs.map((p) => p[i])).astype("i32");
  const up = (a: number, b: number): number => Math.ceil(a / b) + 0;
  const [all, half] = k(of(0), of(1)) as Tensor[];
  expect([...all.dataSync()]).toEqual(pairs.map(([a, b]) => up(a, b)));
  expect([...half.dataSync()]).toEqual(pairs.map(([a]) => up(a, -3)));
  expect(pairs.map(([a, b]) => cdiv(a, b))).toEqual(pairs.map(([a, b]) => up(a, b)));
});

describe("constants are checked before the grid meets them", () => {
  const add = kernel(
    function add(x: V, out: V, BLOCK: constexpr) {
      const i = programId(0) * BLOCK + arange(BLOCK);
      store(out, [i], load(x, [i], { mask: i < 3 }), { mask: i < 3 });
    },
    { out: (x) => x, grid: (x, { BLOCK }) => cdiv(x.shape[0], BLOCK) },
  ) as (...args: unknown[]) => Tensor;
  test("missing", () => expect(said(() => add(x3))).toMatch(/^TW8009 add: the constant BLOCK is missing/));
  test.each<[string, () => unknown]>([
    ["a call", () => add(x3, { BLOK: 4 })],
    ["autotune", () => autotune(add, { configs: [{ BLOK: 1 }] })(x3)],
    ["heuristics", () => heuristics(add, { BLOK: () => 4 })(x3)],
  ])("misspelt in %s", (_, f) => {
    expect(said(f)).toMatch(/there is no constant BLOK \/ its constants are BLOCK|BLOK/);
    expect(said(f)).not.toContain("cdiv");
  });
  test("given as an argument", () => {
    for (const call of [() => add(x3, 2), () => add(x3, x3)])
      expect(said(call)).toMatch(/^TW8009 add: the constant BLOCK is missing.*add\(x, \{ BLOCK: 128 \}\)/);
    expect(said(() => add(x3, x3, { BLOCK: 2 }))).toMatch(
      /^TW8016 add: the call gives 2 arguments of 1: out is stored to/,
    );
  });
  test("an array", () => {
    expect(said(() => add(x3, { BLOCK: np.array(2) }))).toMatch(/^TW8012 add: the constant BLOCK is an array/);
  });
  test("too few arguments", () => {
    const two = kernel(
      function two(x: V, y: V, out: V) {
        store(out, [null], load(x, [null]) + load(y, [null]));
      },
      { out: (x) => x },
    ) as (...args: unknown[]) => Tensor;
    expect(said(() => two(x3))).toMatch(/^TW8016 two: the argument y is missing .*1 of 2: two\(x, y\)/);
    expect([...two(x3, x3).dataSync()]).toEqual([6, 2, 4]);
  });
});

test("a kernel is made in a traced function", () => {
  const f = jit((x: Tensor) => {
    const scale = 3;
    const k = kernel(
      function k(a: V, out: V) {
        store(out, [null], load(a, [null]) * scale);
      },
      { out: (a) => a },
    );
    return k(x);
  });
  expect([...f(x3).dataSync()]).toEqual([9, 3, 6]);
});
