/** Kernels that no tool has read: they run, and errors show their text. */
import { array, isTileworkError, jit, kernel, nn, numpy as np, random, type Tensor, vmap } from "tilework";
import { arange, exp, load, max, programId, store, sum } from "tilework/kernels";
import { expect, it } from "vitest";

// biome-ignore lint/suspicious/noExplicitAny: kernels as JavaScript has them
type Any = any;

const softmax = kernel(
  function softmax(x: Any, out: Any, BLOCK: Any) {
    const row = programId(0) as Any;
    const col = arange(BLOCK) as Any;
    const inside = col < x.shape[1];
    const v = load(x, [row, col], { mask: inside, other: -Infinity }) as Any;
    const e = exp((v - (max(v) as Any)) as Any) as Any;
    store(out, [row, col], e / (sum(e) as Any), { mask: inside });
  },
  { out: (x: Tensor) => x, grid: (x: Tensor) => [x.shape[0]] },
);

function expectClose(got: unknown, want: Tensor): void {
  const [a, b] = [(got as Tensor).dataSync(), want.dataSync()];
  expect((got as Tensor).shape).toEqual(want.shape);
  a.forEach((v: number, i: number) => expect(Math.abs(v - b[i])).toBeLessThan(1e-6));
}

it("softmax, at once, in jit and under vmap", () => {
  const x = random.normal(random.key(1), [5, 33]);
  expectClose(softmax(x, { BLOCK: 64 }), nn.softmax(x));
  expectClose(jit((a: Tensor) => softmax(a.mul(2), { BLOCK: 64 }) as Tensor)(x), nn.softmax(x.mul(2)));
  const xs = random.normal(random.key(2), [3, 4, 33]);
  expectClose(vmap((a: Tensor) => softmax(a, { BLOCK: 64 }) as Tensor)(xs), nn.softmax(xs));
});

const factor = 3;
const scale = (x: Any): Any => (x > 2 ? x * factor : x);
const body = (x: Any, out: Any) => {
  const i = arange(4) as Any;
  store(out, [i], scale(load(x, [i])) as Any);
};
const x = array([1, 2, 3, 4]);

it("constants, also functions that decide by values", () => {
  const f = kernel(body, { out: (a: Tensor) => a, constants: { scale, factor } });
  expect([...(f(x) as Tensor).dataSync()]).toEqual([1, 2, 9, 12]);
  const g = kernel(body, { out: (a: Tensor) => a, constants: { scale, factor: 10 } });
  expect([...(g(x) as Tensor).dataSync()]).toEqual([1, 2, 30, 40]);
});

function errorOf(f: () => unknown): { code: string; message: string; file: string } {
  try {
    f();
  } catch (e) {
    if (!isTileworkError(e)) throw e;
    return { code: e.code, message: e.message, file: e.diagnostic.span?.file ?? "" };
  }
  throw new Error("it ran");
}
/** What the caret of the excerpt stands under. */
function underlined(message: string): string {
  const lines = message.split("\n");
  const at = lines.findIndex((l) => /^\s*\|\s*\^+/.test(l));
  const from = lines[at].indexOf("^");
  return lines[at - 1].slice(from, lines[at].lastIndexOf("^") + 1);
}

it("a name that is not known is underlined in the kernel's own text", () => {
  const f = kernel(body, { out: (a: Tensor) => a });
  const e = errorOf(() => f(x));
  expect(e.code).toBe("TW7017");
  expect(underlined(e.message)).toBe("scale");
  expect(e.file).toMatch(/^kernel body \(.*kernels\.test\.ts:\d+\)$/);
});

it("errors of a trace are, too", () => {
  const f = kernel(
    function broken(a: Any, out: Any) {
      const i = arange(4) as Any;
      store(out, [i], (load(a, [i]) as Any) + np.ones([3]));
    },
    { out: (a: Tensor) => a },
  );
  const e = errorOf(() => f(x));
  expect(e.code).toBe("TW2002");
  expect(underlined(e.message)).toMatch(/load.*\+.*ones/);
});

it("what capture refuses", () => {
  const f = kernel(
    function caught(a: Any, out: Any) {
      try {
        store(out, [0], load(a, [0]) as Any);
      } catch {}
    },
    { out: (a: Tensor) => a },
  );
  const e = errorOf(() => f(x));
  expect(e.code).toBe("TW7002");
  expect(e.message).toContain("try {");
});
