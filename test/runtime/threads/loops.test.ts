/** Loops without carries, whose iterations threads share: the bits of one thread, each thread with memory of its own. */
import { createHash } from "node:crypto";
import { afterAll, describe, expect, it } from "vitest";
import { interpret } from "../../../src/interpreter/index.js";
import { fromValues } from "../../../src/interpreter/array.js";
import { aval } from "../../../src/ir/aval.js";
import { type Builder, buildProgram } from "../../../src/ir/builder.js";
import { symbol } from "../../../src/ir/dim.js";
import type { PlanStep } from "../../../src/ir/plan.js";
import { withSizes } from "../../../src/ir/size.js";
import type { Atom, Program, Var } from "../../../src/ir/program.js";
import { makeExecutable, Workspace } from "../../../src/jit/execute.js";
import { lowerToPlan } from "../../../src/lowering/plan/index.js";
import { forEachStep } from "../../../src/lowering/plan/notes.js";
import { printPlan } from "../../../src/lowering/plan/print.js";
import { SHARE } from "../../../src/lowering/shares.js";
import { type ArrayCell, Heap } from "../../../src/runtime/heap.js";
import { Pool } from "../../../src/runtime/threads/pool.js";
import { type Spawn, spawner } from "../../../src/runtime/threads/spawn.js";
import { validated } from "../../lowering/validate.js";

const { breakEven, grain } = SHARE;
const ALL = { breakEven: 0, grain: 0 };
Object.assign(SHARE, ALL);
const pools: Pool[] = [];
afterAll(() => {
  Object.assign(SHARE, { breakEven, grain });
  for (const p of pools) p.stop();
});

type Body = (b: Builder, ...xs: Var[]) => readonly Atom[];
/** `f` of each element of the first axis of x. */
function each(b: Builder, x: Atom, f: Body, reverse = false): Var {
  const body = buildProgram("body", [aval(x.aval.shape.slice(1), x.aval.dtype)], f);
  const length = x.aval.shape[0] as number;
  return b.emit("scan", [x], { body, length, reverse, numConsts: 0, numCarry: 0 })[0];
}
/** x·x, after three turns of a loop that leave something in memory of the iteration: x → (x + xᵀ) / 2. */
const turned: Body = (b, x) => {
  const turn = buildProgram("turn", [x.aval], (c, v) => [
    c.mul(c.add(v, c.emit1("transpose", [v], { perm: [1, 0] })), c.full([6, 6], 0.5, "f32")),
  ]);
  const [y] = b.emit("scan", [x], { body: turn, length: 3, reverse: false, numConsts: 0, numCarry: 1 });
  const dims = { lhsContract: [1], rhsContract: [0], lhsBatch: [], rhsBatch: [], preferred: null };
  return [b.add(b.emit1("dot_general", [y, x], dims), y)];
};
const nested = buildProgram("nested", [aval([3, 5, 6, 6], "f32")], (b, x) => [
  each(b, x, (c, rows) => [each(c, rows, turned, true)]),
]);
/** The outer loop does something beside: its iterations are handed out, not those of the inner one. */
const uneven = buildProgram("uneven", [aval([8, 4, 6, 6], "f32")], (b, x) => [
  each(
    b,
    x,
    (c, rows) => {
      const squares = each(c, rows, turned);
      return [c.add(each(c, c.emit1("sort", [squares], { axis: 0, numKeys: 1, stable: true }), turned), rows)];
    },
    true,
  ),
]);

/** The outer loop prepares something, and then is nothing but the inner one: it becomes two loops. */
const prepared = buildProgram("prepared", [aval([3, 5, 6, 6], "f32")], (b, x) => [
  each(b, x, (c, rows) => {
    const [first] = c.emit("sort", [rows], { axis: 0, numKeys: 1, stable: true });
    const body = buildProgram("with", [rows.aval, aval([6, 6], "f32")], (d, all, row) => [
      d.add(d.emit1("reduce_max", [all], { axes: [0] }), row),
    ]);
    return c.emit("scan", [first, rows], { body, length: 5, reverse: true, numConsts: 1, numCarry: 0 });
  }),
]);

function input(program: Program<"core">): Float32Array {
  const n = program.inputs[0].aval.shape.reduce<number>((p, d) => p * (d as number), 1);
  return Float32Array.from({ length: n }, (_, i) => Math.sin(12.9898 * i) * 2);
}
function upload(heap: Heap, program: Program<"core">): ArrayCell {
  const cell = heap.allocate(program.inputs[0].aval);
  const x = input(program);
  new Float32Array(heap.buffer, cell.address, x.length).set(x);
  return cell;
}
/** Of all bits: comparing tens of thousands of numbers one by one takes longer than the run. */
const bits = (c: ArrayCell): string =>
  createHash("sha256").update(new Uint8Array(c.read().slice().buffer)).digest("hex");
function sharedLoops(steps: readonly PlanStep[]): string[] {
  const found: string[] = [];
  forEachStep(steps, (s) => {
    if (s.kind === "loop" && s.shared) found.push(`${String(s.length)} of i${s.loop}`);
  });
  return found;
}

describe.each([
  ["a nest", nested, ["3 of i0"]],
  ["a loop with loops in it", uneven, ["8 of i0"]],
  ["a loop that prepares for a loop in it", prepared, ["3 of i0", "3 of i0"]],
] as const)("%s", (_, program, loops) => {
  const alone = new Workspace(new Heap());
  const [result] = makeExecutable(program, alone).run([upload(alone.heap, program)]);
  const expected = [bits(result)];

  it("is right", () => {
    const x = fromValues(program.inputs[0].aval.shape as number[], "f32", Array.from(input(program)));
    const [y] = interpret(program, [x]);
    const got = Array.from(result.read() as Float32Array);
    got.forEach((v, i) => expect(v).toBeCloseTo(Number((y.data as ArrayLike<number>)[i]), 3));
  });
  it.each([1, 2, 3, 4, 7])("gives the bits of one thread with %i", async (threads) => {
    const heap = new Heap({ shared: true, hardLimit: 2 ** 28 });
    const pool = new Pool(heap, {
      threads: () => threads,
      timeout: () => 20_000,
      spawn: spawner(undefined) as Spawn,
    });
    pools.push(pool);
    const f = makeExecutable(program, new Workspace(heap, pool));
    validated(f.compiled.bytes);
    expect(sharedLoops(f.compiled.plan.steps)).toEqual(loops);
    const x = upload(heap, program);
    expect(f.run([x]).map(bits)).toEqual(expected);
    await pool.start();
    for (let i = 0; i < 100; i++) {
      const results = f.run([x]);
      expect(results.map(bits)).toEqual(expected);
      for (const c of results) c.dispose();
    }
    if (threads > 1) expect(pool.turns().length).toBe(threads);
    pool.stop();
  });
});

describe("loops of named lengths", () => {
  const sizes = [{ name: "n", atLeast: 1, hint: 5 }];
  const program = withSizes(sizes, () => {
    const n = symbol("n");
    // of each row its products with all rows, whose memory is as long as there are rows
    const inner: Body = (b, all, row) => {
      const products = b.emit1("mul", [all, b.broadcast(row, [n, 6], [1])], {});
      const [sorted] = b.emit("sort", [products], { axis: 0, numKeys: 1, stable: true });
      return [b.emit1("reduce_sum", [b.mul(sorted, products)], { axes: [0] })];
    };
    return buildProgram("named", [aval([n, 3, 6], "f32")], (b, x) => {
      const body = buildProgram("rows", [aval([3, 6], "f32")], (c, rows) => {
        const wide = c.broadcast(c.emit1("reduce_sum", [rows], { axes: [0] }), [n, 6], [1]);
        const own = buildProgram("row", [wide.aval, aval([6], "f32")], inner);
        return c.emit("scan", [wide, rows], { body: own, length: 3, reverse: false, numConsts: 1, numCarry: 0 });
      });
      return b.emit("scan", [x], { body, length: n, reverse: true, numConsts: 0, numCarry: 0 });
    });
  });
  const filled = (heap: Heap, n: number): ArrayCell => {
    const cell = heap.allocate(aval([n, 3, 6], "f32"));
    new Float32Array(heap.buffer, cell.address, n * 18).forEach((_, i, all) => {
      all[i] = Math.sin(12.9898 * i) * 2;
    });
    return cell;
  };

  it.each([1, 2, 3])("give the bits of one thread with %i", async (threads) => {
    const alone = new Workspace(new Heap());
    const once = makeExecutable(program, alone, [], sizes);
    const heap = new Heap({ shared: true, hardLimit: 2 ** 28 });
    const pool = new Pool(heap, { threads: () => threads, timeout: () => 20_000, spawn: spawner(undefined) as Spawn });
    pools.push(pool);
    const f = makeExecutable(program, new Workspace(heap, pool), [], sizes);
    validated(f.compiled.bytes);
    expect(sharedLoops(f.compiled.plan.steps)).toEqual(["n of i0"]);
    expect(f.compiled.ownBytes).toBeGreaterThan(0);
    await pool.start();
    for (const n of [1, 2, 3, 5, 8, 9, 40, 200]) {
      const expected = once.run([filled(alone.heap, n)], [n]).map(bits);
      const x = filled(heap, n);
      for (let i = 0; i < 20; i++) {
        const results = f.run([x], [n]);
        expect(results.map(bits)).toEqual(expected);
        for (const c of results) c.dispose();
      }
    }
    if (threads > 1) expect(pool.turns().length).toBe(threads);
    pool.stop();
  });

  it("give each thread memory of its own also where the hint needs none", async () => {
    const own = [{ name: "n", atLeast: 5, hint: 5 }];
    const rest = withSizes(own, () => {
      const n = symbol("n");
      return buildProgram("rest", [aval([6, n], "f32")], (b, x) => {
        const body = buildProgram("row", [aval([n], "f32")], (c, row) => {
          const [sorted] = c.emit("sort", [c.emit1("slice", [row], { start: [5], limit: [n], strides: [1] })], {
            axis: 0,
            numKeys: 1,
            stable: true,
          });
          const sum = c.emit1("cumsum", [sorted], { axis: 0, reverse: false });
          return [c.emit1("reduce_sum", [c.mul(sum, sorted)], { axes: [0] })];
        });
        return b.emit("scan", [x], { body, length: 6, reverse: false, numConsts: 0, numCarry: 0 });
      });
    });
    const fill = (heap: Heap, n: number): ArrayCell => {
      const cell = heap.allocate(aval([6, n], "f32"));
      new Float32Array(heap.buffer, cell.address, n * 6).forEach((_, i, all) => {
        all[i] = Math.sin(12.9898 * i) * 2;
      });
      return cell;
    };
    const alone = new Workspace(new Heap());
    const once = makeExecutable(rest, alone, [], own);
    const heap = new Heap({ shared: true, hardLimit: 2 ** 28 });
    const pool = new Pool(heap, { threads: () => 2, timeout: () => 20_000, spawn: spawner(undefined) as Spawn });
    pools.push(pool);
    const f = makeExecutable(rest, new Workspace(heap, pool), [], own);
    validated(f.compiled.bytes);
    expect(sharedLoops(f.compiled.plan.steps)).toEqual(["6 of i0"]);
    await pool.start();
    for (const n of [5, 6, 40, 300]) {
      const expected = once.run([fill(alone.heap, n)], [n]).map(bits);
      for (let i = 0; i < 20; i++) expect(f.run([fill(heap, n)], [n]).map(bits)).toEqual(expected);
    }
    pool.stop();
  });
});

describe("what is shared", () => {
  const planOf = (program: Program<"core">, share = ALL) => lowerToPlan(program, { share });
  const square: Body = (b, x) => [b.mul(x, x)];
  const mapped = (n: number, f: Body) => buildProgram("mapped", [aval([n, 6, 6], "f32")], (b, x) => [each(b, x, f)]);

  it("a loop in a loop with carries, and a larger one in a small one", () => {
    const inCarries = buildProgram("steps", [aval([4, 6, 6], "f32")], (b, x) => {
      const body = buildProgram("step", [x.aval], (c, v) => [each(c, v, turned)]);
      return b.emit("scan", [x], { body, length: 9, reverse: false, numConsts: 0, numCarry: 1 });
    });
    expect(sharedLoops(planOf(inCarries).steps)).toEqual(["4 of i1"]);
    const small = buildProgram("small", [aval([2, 8, 6, 6], "f32")], (b, x) => [
      each(b, x, (c, rows) => [c.add(each(c, rows, turned), rows)]),
    ]);
    expect(sharedLoops(planOf(small).steps)).toEqual(["8 of i1"]);
  });
  it("nothing small, nothing with callbacks, nothing that depends on the turn before, nothing without threads", () => {
    expect(sharedLoops(planOf(mapped(8, square), { breakEven, grain }).steps)).toEqual([]);
    expect(sharedLoops(planOf(mapped(8, square)).steps)).toEqual(["8 of i0"]);
    const telling = mapped(8, (b, x) => {
      b.emit("debug_callback", [x], { callback: () => {}, ordered: false });
      return square(b, x);
    });
    expect(sharedLoops(planOf(telling).steps)).toEqual([]);
    const sum = buildProgram("sum", [aval([8, 6], "f32")], (b, x) => {
      const body = buildProgram("add", [aval([6], "f32"), aval([6], "f32")], (c, s, v) => [c.add(s, v)]);
      return b.emit("scan", [b.full([6], 0, "f32"), x], { body, length: 8, reverse: false, numConsts: 0, numCarry: 1 });
    });
    expect(sharedLoops(planOf(sum).steps)).toEqual([]);
    expect(sharedLoops(lowerToPlan(mapped(8, turned)).steps)).toEqual([]);
  });
  it("what was prepared is kept for each iteration, where that is little, and there are few", () => {
    const preparing = (heads: number, n: number) =>
      buildProgram("preparing", [aval([heads, 4, n], "f32")], (b, x) => [
        each(b, x, (c, rows) => {
          const [first] = c.emit("sort", [rows], { axis: 0, numKeys: 1, stable: true });
          const body = buildProgram("with", [rows.aval, aval([n], "f32")], (d, all, row) => [
            d.add(d.emit1("reduce_max", [all], { axes: [0] }), row),
          ]);
          return c.emit("scan", [first, rows], { body, length: 4, reverse: false, numConsts: 1, numCarry: 0 });
        }),
      ]);
    const loopsOf = (heads: number, n: number): number =>
      planOf(preparing(heads, n)).steps.filter((s) => s.kind === "loop").length;
    expect(loopsOf(4, 64)).toBe(2);
    expect(loopsOf(40, 64)).toBe(1);
    expect(loopsOf(4, 2 ** 20)).toBe(1);
    expect(lowerToPlan(preparing(4, 64)).steps.filter((s) => s.kind === "loop")).toHaveLength(1);
  });
  it("nothing whose iterations need very much memory; otherwise what lives in one lies apart", () => {
    const product = (n: number) =>
      buildProgram("large", [aval([4, n, 2], "f32")], (b, x) => [
        each(b, x, (c, v) => {
          const dims = { lhsContract: [1], rhsContract: [1], lhsBatch: [], rhsBatch: [], preferred: null };
          const all = c.emit1("sort", [c.emit1("dot_general", [v, v], dims)], { axis: 0, numKeys: 1, stable: true });
          return [c.emit1("reduce_sum", [all], { axes: [0] })];
        }),
      ]);
    const [small, large] = [planOf(product(64)), planOf(product(5000))];
    expect(sharedLoops(small.steps)).toHaveLength(1);
    expect(small.ownBytes).toBeGreaterThanOrEqual(64 * 64 * 4);
    expect(small.ownBytes % 128).toBe(0);
    expect(printPlan(small)).toMatch(/shared among threads\n(.|\n)* own@0: f32/);
    expect(sharedLoops(large.steps)).toEqual([]);
    expect(large.ownBytes).toBe(0);
    expect(printPlan(large)).not.toContain("own@");
  });
});
