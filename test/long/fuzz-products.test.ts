/**
 * Products, convolutions, pools and their gradients, of odd sizes, against the interpreter: by one thread and by two. Operands are
 * small whole numbers, so that sums are exact in whatever order they are added up.
 */
import { afterAll, expect, it } from "vitest";
import { grad, lax, makeProgram, nn, numpy as np, type Tensor } from "../../src/index.js";
import { fromValues, type NDArray } from "../../src/interpreter/array.js";
import { interpret } from "../../src/interpreter/index.js";
import { aval } from "../../src/ir/aval.js";
import { makeExecutable, Workspace } from "../../src/jit/execute.js";
import { SHARE } from "../../src/lowering/shares.js";
import { type ArrayCell, Heap } from "../../src/runtime/heap.js";
import { Pool } from "../../src/runtime/threads/pool.js";
import { type Spawn, spawner } from "../../src/runtime/threads/spawn.js";
import { Rng, seedOf } from "../laws/random.js";
import { write } from "../lowering/run-plan.js";

const CASES = Number(process.env["TILEWORK_FUZZ"] ?? 40);
const FIRST = Number(process.env["TILEWORK_FUZZ_SEED"] ?? 1);

type F = (...xs: Tensor[]) => Tensor;
interface Case {
  readonly f: F;
  readonly shapes: readonly (readonly number[])[];
}

/** Columns and rows: whole vectors, an odd number of them, and a rest beside them. */
const SIZES = [1, 3, 4, 5, 7, 8, 9, 12, 13, 15, 16, 17, 20, 23, 24, 28, 31, 33, 36, 44, 50, 61, 65];
const DEPTHS = [1, 2, 7, 16, 33, 40, 129, 301];
const CHANNELS = [1, 2, 3, 5, 8, 9, 12, 16, 20, 24, 36];

/** What comes after the sums, in the same kernel: nothing, a factor, a bias, both and a cut. */
function finished(rng: Rng, f: F, columns: number): { readonly f: F; readonly bias: readonly number[][] } {
  const kind = rng.int(0, 3);
  if (kind === 0) return { f, bias: [] };
  if (kind === 1) return { f: (...xs) => f(...xs).mul(2), bias: [] };
  const withBias: F = (x, y, b) => f(x, y).add(b);
  return { f: kind === 2 ? withBias : (...xs) => nn.relu(withBias(...xs)).mul(2), bias: [[columns]] };
}

const convolution = (rng: Rng): Case => {
  const [groups, c, o] = [rng.pick([1, 1, 1, 2]), rng.pick(CHANNELS), rng.pick(CHANNELS)];
  const [kh, kw] = [rng.pick([1, 2, 3, 5]), rng.pick([1, 3])];
  const options = {
    windowStrides: [rng.int(1, 2), rng.int(1, 2)],
    padding: rng.pick(["SAME", "VALID"] as const),
    dimensionNumbers: ["NHWC", "HWIO", "NHWC"] as const,
    featureGroupCount: groups,
  };
  const { f, bias } = finished(rng, (x, w) => lax.convGeneralDilated(x, w, options as never), groups * o);
  return {
    f,
    shapes: [[rng.int(1, 2), rng.int(5, 11), rng.int(3, 13), groups * c], [kh, kw, c, groups * o], ...bias],
  };
};

const KINDS: Readonly<Record<string, (rng: Rng) => Case>> = {
  products: (rng) => {
    const [m, k, n] = [rng.pick(SIZES), rng.pick(DEPTHS), rng.pick(SIZES)];
    const [turnA, turnB] = [rng.chance(0.3), rng.chance(0.3)];
    const { f, bias } = finished(rng, (a, b) => np.dot(turnA ? a.T : a, turnB ? b.T : b), n);
    return { f, shapes: [turnA ? [k, m] : [m, k], turnB ? [n, k] : [k, n], ...bias] };
  },
  "products of stacks": (rng) => {
    const [b, m, k, n] = [rng.int(1, 5), rng.pick(SIZES), rng.pick(DEPTHS.slice(0, 6)), rng.pick(SIZES)];
    const { f, bias } = finished(rng, (x, y) => np.matmul(x, y), n);
    return { f, shapes: [[b, m, k], rng.chance(0.5) ? [b, k, n] : [k, n], ...bias] };
  },
  "sums over two axes": (rng) => {
    const [m, i, j, n] = [rng.pick(SIZES), rng.pick([2, 5, 11, 30]), rng.pick([3, 8, 11]), rng.pick(SIZES)];
    const [spec, order] = rng.pick([
      ["mij,ijn->mn", [i, j, n]],
      ["mij,nji->mn", [n, j, i]],
      ["mij,nij->mn", [n, i, j]],
    ] as const);
    const { f, bias } = finished(rng, (x, y) => np.einsum(spec, x, y), n);
    return { f, shapes: [[m, i, j], order, ...bias] };
  },
  convolutions: convolution,
  "convolutions of each channel": (rng) => {
    const c = rng.pick(CHANNELS);
    const options = {
      padding: rng.pick(["SAME", "VALID"] as const),
      dimensionNumbers: ["NHWC", "HWIO", "NHWC"] as const,
      featureGroupCount: c,
    };
    const { f, bias } = finished(rng, (x, w) => lax.convGeneralDilated(x, w, options as never), c);
    return { f, shapes: [[rng.int(1, 2), rng.int(5, 12), rng.int(5, 15), c], [3, rng.pick([1, 3]), 1, c], ...bias] };
  },
  pools: (rng) => {
    const pool = rng.pick([nn.avgPool, nn.maxPool]);
    const strides = [rng.int(1, 2), rng.int(1, 2)] as const;
    const window = rng.pick([
      [2, 2],
      [3, 3],
      [4, 1],
    ] as const);
    // the reciprocal of 9 or 6 rounds: a factor, so that averages are nearly whole
    const padding = rng.pick(["SAME", "VALID"] as const);
    const f: F = (x) => pool(x, window, { strides, padding } as never).mul(window[0] * window[1]);
    return { f, shapes: [[rng.int(1, 3), rng.int(5, 12), rng.int(4, 17), rng.pick(CHANNELS)]] };
  },
  "sums and extrema": (rng) => {
    const shape = [rng.pick([2, 4, 7]), rng.pick(SIZES), rng.pick(SIZES)];
    const axis = rng.pick([[0], [1], [2], [0, 1], [1, 2], [0, 2]]);
    const reduce = rng.pick([np.sum, np.max, np.min, np.mean] as const);
    return { f: (x, y) => reduce(x.mul(y).add(x), axis), shapes: [shape, rng.pick([shape, shape.slice(2), [1]])] };
  },
};

const { breakEven, grain } = SHARE;
const heap = new Heap({ shared: true, hardLimit: 512 * 2 ** 20 });
const pool = new Pool(heap, { threads: () => 2, timeout: () => 60_000, spawn: spawner(undefined) as Spawn });
const shared = new Workspace(heap, pool);
const alone = new Workspace(new Heap());
afterAll(() => {
  Object.assign(SHARE, { breakEven, grain });
  pool.stop();
});

function upload(heap: Heap, x: NDArray): ArrayCell {
  const cell = heap.allocate(aval([...x.shape], x.dtype));
  write(heap.buffer as ArrayBuffer, cell.address, x);
  return cell;
}

/** The largest difference from the interpreter is within what gradients that are no longer exact round by. */
function check(what: string, f: (...xs: Tensor[]) => unknown, inputs: readonly NDArray[]): void {
  const program = makeProgram(f as never)(...(inputs.map((x) => np.zeros([...x.shape])) as never[]));
  const expected = interpret(program, [...inputs]);
  for (const [threads, space, least] of [
    [1, alone, { breakEven, grain }],
    [2, shared, { breakEven: 0, grain: 0 }],
  ] as const) {
    Object.assign(SHARE, least);
    const cells = inputs.map((x) => upload(space.heap, x));
    const outputs = makeExecutable(program, space).run(cells);
    outputs.forEach((cell, i) => {
      const got = cell.read() as Float32Array;
      const want = expected[i].data as Float64Array;
      let worst = 0;
      let scale = 1;
      for (let k = 0; k < want.length; k++) {
        scale = Math.max(scale, Math.abs(want[k]));
        const d = Math.abs(got[k] - want[k]);
        worst = Math.max(worst, Number.isNaN(d) ? Number.POSITIVE_INFINITY : d);
      }
      expect(got.length).toBe(want.length);
      expect(worst / scale, `${what}, result ${i}, threads: ${threads}`).toBeLessThan(1e-5);
    });
    for (const c of new Set([...outputs, ...cells])) c.dispose();
  }
}

it.each(Object.keys(KINDS))("%s and their gradients", async (kind) => {
  await pool.start();
  for (let seed = FIRST; seed < FIRST + CASES; seed++) {
    const rng = new Rng((seed ^ seedOf(kind)) >>> 0);
    const { f, shapes } = KINDS[kind](rng);
    const inputs = shapes.map((shape) => {
      const n = shape.reduce((a, b) => a * b, 1);
      return fromValues(
        [...shape],
        "f32",
        Array.from({ length: n }, () => rng.int(-3, 3)),
      );
    });
    const where = `seed ${seed}: ${shapes.map((s) => `[${s.join()}]`).join(" ")}`;
    check(where, f, inputs);
    const slope = grad((...xs: Tensor[]) => np.sum(np.square(f(...xs))) as never, {
      argnums: shapes.map((_, i) => i),
    } as never);
    check(`gradient, ${where}`, slope as never, inputs);
    // workers receive modules while the caller rests
    if (seed % 8 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
});

it("the second thread took part", () => {
  expect(pool.reason).toBe(undefined);
  expect(pool.turns()[1]).toBeGreaterThan(0);
});
