/** Kernels that choose their constants: what is measured when, and what is kept. The clock and the disk are the test's. */
import {
  autotune,
  explain,
  heuristics,
  interpret,
  isTileworkError,
  jit,
  kernel,
  numpy as np,
  type Tensor,
  vmap,
} from "tilework";
import { arange, load, programId, store } from "tilework/kernels";
import { beforeEach, expect, it } from "vitest";
import { tunedKernel } from "../../../src/api/autotune/index.js";
import type { AutotuneOptions } from "../../../src/api/autotune/index.js";
import { markKernel } from "../../../src/dsl/kernel/runner.js";
import type { AnyFunction } from "../../../src/tracer/staged.js";

// biome-ignore lint/suspicious/noExplicitAny: kernels as JavaScript has them
type Any = any;

const body = (x: Any, out: Any, BLOCK: Any, FACTOR: Any = 2) => {
  const i = (programId(0) as Any) * BLOCK + (arange(BLOCK) as Any);
  store(out, [i], (load(x, [i]) as Any) * FACTOR);
};
const twice = kernel(body, {
  out: (x: Tensor) => x,
  grid: (x: Tensor, { BLOCK }: Any) => {
    if (x.shape[0] % BLOCK !== 0) throw new Error(`${BLOCK} does not divide`);
    return x.shape[0] / BLOCK;
  },
}) as AnyFunction;

let clock = 0;
let runs: string[] = [];
let disk = new Map<string, unknown>();
beforeEach(() => {
  clock = 0;
  runs = [];
  disk = new Map();
});

/** Takes 8 ms with blocks of 8, 4 with blocks of 4, and so on; 64 is the fastest. */
const timed: AnyFunction = (...args) => {
  const { BLOCK } = args[args.length - 1] as { BLOCK: number };
  runs.push(`${BLOCK}`);
  clock += BLOCK === 64 ? 0.5 : BLOCK;
  return twice(...args);
};
Object.defineProperty(timed, "name", { value: "timed" });
markKernel(timed);
const configs = [{ BLOCK: 8 }, { BLOCK: 64 }, { BLOCK: 4 }];
const tune = (options: Partial<AutotuneOptions> = {}) =>
  tunedKernel(
    timed,
    { configs, budget: 20, ...options },
    {
      now: () => clock,
      load: (k) => disk.get(k),
      keep: (k, v) => disk.set(k, JSON.parse(JSON.stringify(v))),
    },
  );
const values = (x: unknown): number[] => [...((x as Tensor).dataSync() as Float32Array)];
const measuring = (f: () => unknown): number => {
  const before = runs.length;
  f();
  return runs.length - before;
};

it("the fastest that works is taken, measured once for each type of arguments", () => {
  const f = tune();
  const x = np.arange(64).astype("f32");
  expect(values(f(x)).slice(0, 4)).toEqual([0, 2, 4, 6]);
  expect(runs.at(-1)).toBe("64");
  expect(measuring(() => f(x))).toBe(1);
  // 64 does not divide 8
  const small = np.ones([8]);
  expect(measuring(() => f(small))).toBeGreaterThan(3);
  expect(runs.at(-1)).toBe("4");
  expect(f.tuning(small).rows).toEqual([
    { config: { BLOCK: 8 }, ms: 8, chosen: false },
    { config: { BLOCK: 64 }, error: "64 does not divide", chosen: false },
    { config: { BLOCK: 4 }, ms: 4, chosen: true },
  ]);
  expect(measuring(() => f(x))).toBe(1);
});

it("other constants of the call belong to the key, and a key of one's own replaces it", () => {
  const f = tune();
  const x = np.ones([64]);
  f(x, { FACTOR: 3 });
  expect(measuring(() => f(x, { FACTOR: 3 }))).toBe(1);
  expect(measuring(() => f(x, { FACTOR: 4 }))).toBeGreaterThan(3);
  const g = tune({ key: (a: Tensor) => [a.ndim] });
  g(np.ones([64]));
  expect(measuring(() => g(np.ones([128])))).toBe(1);
});

it("another process takes what was kept, without measuring", () => {
  const x = np.ones([64]);
  const before = tune();
  before(x);
  expect(before.tuning(x).kept).toBe(false);
  expect(disk.size).toBe(1);
  const after = tune();
  expect(measuring(() => after(x))).toBe(1 + 1); // the source of the kernel is asked for, which runs nothing
  expect(runs.at(-1)).toBe("64");
  expect(after.tuning(x)).toEqual({ ...before.tuning(x), kept: true });
  // other configurations, other arguments
  expect(measuring(() => tune({ configs: [...configs, { BLOCK: 2 }] })(x))).toBeGreaterThan(4);
  expect(measuring(() => tune()(np.ones([128])))).toBeGreaterThan(4);
  for (const [k] of disk) disk.set(k, ["damaged"]);
  expect(measuring(() => tune()(x))).toBeGreaterThan(4);
});

it("in jit and under vmap it measures on arrays of the same shapes, outside of the trace", () => {
  const f = tune();
  const g = jit((x: Tensor) => (f(x.add(1)) as Tensor).mul(10));
  expect(values(g(np.ones([64]))).slice(0, 2)).toEqual([40, 40]);
  expect(f.tuning(np.ones([64])).rows[1].chosen).toBe(true);
  expect(measuring(() => g(np.ones([64])))).toBe(0);
  expect(values(vmap((x: Tensor) => f(x) as Tensor)(np.ones([2, 64]))).slice(0, 2)).toEqual([2, 2]);
  const integers = jit((x: Tensor) => f(x) as Tensor);
  expect(values(integers(np.arange(64)))[3]).toBe(6);
});

it("prune leaves configurations out; one that is left needs no measuring", () => {
  const f = tune({ prune: (all, [x]) => all.filter((c) => (c.BLOCK as number) * 8 === (x as Tensor).shape[0]) });
  expect(measuring(() => f(np.ones([64])))).toBe(1);
  expect(runs).toEqual(["8"]);
});

it("progress is told, one configuration after the other", () => {
  const seen: unknown[] = [];
  tune({ progress: (p) => seen.push(p) })(np.ones([64]));
  expect(seen).toEqual([1, 2, 3].map((done) => ({ name: "timed", done, total: 3 })));
});

it("explain shows the table", () => {
  const f = tune();
  const notes = explain(f)(np.ones([8])).notes.filter((n) => n.startsWith("autotune"));
  expect(notes).toEqual([
    "autotune: 3 configurations",
    "autotune: * BLOCK=4   4.00 ms",
    "autotune:   BLOCK=8   8.00 ms",
    "autotune:   BLOCK=64  does not work: 64 does not divide",
  ]);
});

it("the debugger runs the first configuration and measures nothing", () => {
  const f = tune();
  expect(values(interpret(f)(np.ones([8]))).slice(0, 2)).toEqual([2, 2]);
  expect(runs).toEqual(["8"]);
});

function codeOf(f: () => unknown): string {
  try {
    f();
  } catch (e) {
    return isTileworkError(e) ? `${e.code} ${e.diagnostic.notes?.join("; ") ?? ""}`.trim() : String(e);
  }
  return "it ran";
}

it("mistakes", () => {
  expect(codeOf(() => autotune((x: Tensor) => x, { configs }))).toBe("TW1007");
  expect(codeOf(() => heuristics((x: Tensor) => x, {}))).toBe("TW1007");
  expect(codeOf(() => tune()(np.ones([64]), { BLOCK: 8 }))).toBe("TW8030");
  expect(codeOf(() => tune({ configs: [] })(np.ones([64])))).toBe("TW8031");
  expect(codeOf(() => tune({ prune: () => [] })(np.ones([64])))).toBe("TW8031");
  expect(codeOf(() => tune({ configs: [{ BLOCK: 3 }, { BLOCK: 5 }] })(np.ones([64])))).toBe(
    "TW8031 BLOCK=3: 3 does not divide; BLOCK=5: 5 does not divide",
  );
});

it("autotune itself, with the real clock", () => {
  const f = autotune(twice, { configs: [{ BLOCK: 8 }, { BLOCK: 16 }], budget: 2, warmup: 0, progress: false });
  expect(values(f(np.ones([32])))).toEqual(new Array(32).fill(2));
  expect(f.tuning(np.ones([32])).rows.filter((r) => r.chosen)).toHaveLength(1);
});

it("heuristics compute constants that the call leaves out", () => {
  const f = heuristics(timed, { BLOCK: (x: Tensor) => x.shape[0] / 2, FACTOR: (_x: Tensor, meta: Any) => meta.BLOCK });
  expect(values(f(np.ones([8])))).toEqual(new Array(8).fill(4));
  expect(values(f(np.ones([8]), { BLOCK: 8 }))).toEqual(new Array(8).fill(8));
  expect(runs).toEqual(["4", "8"]);
  const both = autotune(heuristics(timed, { FACTOR: () => 7 }), {
    configs: [{ BLOCK: 8 }, { BLOCK: 4 }],
    budget: 1,
    warmup: 0,
  });
  expect(values(both(np.ones([8])))).toEqual(new Array(8).fill(7));
});
