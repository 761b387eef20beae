/** Stages shared among threads: the same bits as with one thread, and errors instead of hangs when workers fail. */
import { createHash } from "node:crypto";
import { Worker } from "node:worker_threads";
import { afterAll, describe, expect, it } from "vitest";
import { isTileworkError } from "../../../src/diagnostics/error.js";
import { aval } from "../../../src/ir/aval.js";
import { buildProgram } from "../../../src/ir/builder.js";
import { TileBuilder } from "../../../src/ir/tile-builder.js";
import type { CompiledProgram } from "../../../src/jit/compile.js";
import { Executable, makeExecutable, Workspace } from "../../../src/jit/execute.js";
import { lowerToLoop } from "../../../src/lowering/loop/lower.js";
import { SHARE, shareStages } from "../../../src/lowering/shares.js";
import { wasmTarget } from "../../../src/lowering/wasm/features.js";
import { emitModule } from "../../../src/lowering/wasm/module.js";
import { type ArrayCell, Heap } from "../../../src/runtime/heap.js";
import { Pool } from "../../../src/runtime/threads/pool.js";
import { type PoolWorker, type Spawn, spawner } from "../../../src/runtime/threads/spawn.js";
import { CONTROL } from "../../../src/util/control-block.js";
import { validated } from "../../lowering/validate.js";
import { plan, slot, view } from "../../lowering/wasm/plans.js";

// everything is shared, in the smallest portions
const { breakEven, grain } = SHARE;
Object.assign(SHARE, { breakEven: 0, grain: 0 });
const MB = 2 ** 20;
const PATIENCE_MS = 15_000;

const spawn = spawner(undefined) as Spawn;
const pools: Pool[] = [];
afterAll(() => {
  Object.assign(SHARE, { breakEven, grain });
  for (const p of pools) p.stop();
});

function workspace(threads: number, options: { spawn?: Spawn; timeout?: number } = {}): Workspace & { pool: Pool } {
  const heap = new Heap({ shared: true, hardLimit: 256 * MB });
  const pool = new Pool(heap, {
    threads: () => threads,
    timeout: () => options.timeout ?? 20_000,
    spawn: options.spawn ?? spawn,
  });
  pools.push(pool);
  return Object.assign(new Workspace(heap, pool), { pool });
}
/** Numbers that are not round. */
function values(n: number, seed: number): Float32Array {
  return Float32Array.from({ length: n }, (_, i) => Math.sin(i * 12.9898 + seed * 78.233) * 4);
}
function upload(heap: Heap, x: Float32Array): ArrayCell {
  const cell = heap.allocate(aval([x.length], "f32"));
  new Float32Array(heap.buffer, cell.address, x.length).set(x);
  return cell;
}
/** Of all bits: comparing tens of thousands of numbers one by one takes longer than the run. */
const bits = (c: ArrayCell): string =>
  createHash("sha256").update(new Uint8Array(c.read().slice().buffer)).digest("hex");
const code = (f: () => unknown): string => {
  try {
    f();
  } catch (e) {
    return isTileworkError(e) ? e.code : String(e);
  }
  return "no error";
};

const [M, K, N] = [211, 67, 187];
/** tanh(softmax(a·b)) and its column sums, then ten turns of a loop; beside it sines of other sizes, which are one job. */
const program = buildProgram("f", [aval([M * K], "f32"), aval([K * N], "f32")], (b, x, y) => {
  const matrix = (v: typeof x, shape: number[]) => b.emit1("reshape", [v], { shape });
  const dims = { lhsContract: [1], rhsContract: [0], lhsBatch: [], rhsBatch: [], preferred: null };
  const product = b.emit1("dot_general", [matrix(x, [M, K]), matrix(y, [K, N])], dims);
  const rowMax = b.emit1("reduce_max", [product], { axes: [1] });
  const spread = (v: typeof x) => b.emit1("broadcast_in_dim", [v], { shape: [M, N], dims: [0] });
  const e = b.emit1("exp", [b.emit1("sub", [product, spread(rowMax)], {})], {});
  const p = b.emit1("div", [e, spread(b.emit1("reduce_sum", [e], { axes: [1] }))], {});
  const body = buildProgram("turn", [aval([M, N], "f32")], (c, v) => [
    c.emit1("tanh", [c.emit1("add", [v, v], {})], {}),
  ]);
  const [last] = b.emit("scan", [p], { body, length: 10, reverse: false, numConsts: 0, numCarry: 1 });
  const sums = b.emit1("reduce_sum", [last], { axes: [0] });
  const parts = [1, 200, 3000, 7, 12_000].map((n) =>
    b.emit1("sin", [b.emit1("slice", [x], { start: [0], limit: [n], strides: [1] })], {}),
  );
  return [b.emit1("reshape", [last], { shape: [M * N] }), sums, ...parts];
});
const INPUTS = [values(M * K, 1), values(K * N, 2)];

/** Calls of `attempt` until it says yes: threads that share a processor with others may take turns for long. */
async function eventually(attempt: () => boolean): Promise<boolean> {
  for (const start = performance.now(); performance.now() - start < PATIENCE_MS; ) {
    if (attempt()) return true;
    // gives the processor away
    await new Promise((resolve) => setTimeout(resolve));
  }
  return false;
}

/** Program p works for a while; from `first` on it then loads from p·2^30 bytes on: beyond the memory for most p. */
function trapping(w: Workspace, first: number): Executable {
  const t = new TileBuilder("trap");
  const [x, y] = [t.ref("x", "f32", "in", 4), t.ref("y", "f32", "out", 64)];
  t.stage([64], (p) => {
    const sum = t.var(t.const(0, "f32"));
    t.for(t.i32(0), t.i32(2000), 1, () => t.assign(sum, t.op("add", [t.op("sin", [sum]), t.const(1, "f32")])));
    const place = t.op("select", [t.op("lt", [p, t.i32(first)]), t.i32(0), t.mul(p, t.i32(2 ** 28))]);
    t.store(y, p, t.op("add", [sum, t.load(x, place)]));
  });
  const [a, out] = [slot("input", 0, 16), slot("output", 0, 256)];
  const launch = { kind: "launch", kernel: t.finish(), args: [view(a), view(out)] } as const;
  const p = plan([a], [out], [launch], 0);
  const target = wasmTarget();
  const shares = shareStages(p.steps, SHARE);
  const memory = { min: 1, max: 65536, shared: true };
  const bytes = validated(emitModule(p, (k) => lowerToLoop(k, target), target, { memory, shares }));
  const compiled: CompiledProgram = {
    plan: p,
    target,
    timings: [],
    arenaBytes: 0,
    ownBytes: 0,
    donatedFrom: [],
    ms: 0,
    operands: [],
    callbacks: [],
    sized: null,
    bytes,
    shares,
    instantiate: (heap, _callbacks, _mark, threads) => {
      const module = new WebAssembly.Module(bytes);
      const member = threads?.member(module);
      if (!threads || !member) throw new Error("no pool");
      const env = { memory: heap, control: threads.control, module: member.id, wait: threads.wait };
      const { exports } = new WebAssembly.Instance(module, { env });
      return { member, run: exports["run"] as (table: number, arena: number) => void };
    },
  };
  return new Executable("trap", compiled, w, [aval([64], "f32")], []);
}

describe("any number of threads", () => {
  const alone = new Workspace(new Heap());
  const expected = makeExecutable(program, alone)
    .run(INPUTS.map((x) => upload(alone.heap, x)))
    .map(bits);
  it.each([1, 2, 3, 8])("%i gives the bits of one that shares nothing", async (threads) => {
    const w = workspace(threads);
    const f = makeExecutable(program, w);
    validated(f.compiled.bytes);
    expect(f.compiled.shares?.count).toBeGreaterThan(3);
    expect(f.compiled.shares?.notes.join("\n")).toMatch(/sin: \d launches are one job/);
    const inputs = INPUTS.map((x) => upload(w.heap, x));
    // before the workers are there, and after
    expect(f.run(inputs).map(bits)).toEqual(expected);
    await w.pool.start();
    expect(w.pool.threads).toBe(threads);
    for (let i = 0; i < 50; i++) expect(f.run(inputs).map(bits)).toEqual(expected);
  });
  it("a row and a large matrix, whose sum is done in pieces", async () => {
    const [k, n] = [1029, 512];
    const row = buildProgram("row", [aval([k], "f32"), aval([k * n], "f32")], (b, x, y) => {
      const matrix = b.emit1("reshape", [y], { shape: [k, n] });
      const dims = { lhsContract: [0], rhsContract: [0], lhsBatch: [], rhsBatch: [], preferred: null };
      return [b.emit1("dot_general", [x, matrix], dims)];
    });
    const given = [values(k, 3), values(k * n, 4)];
    const single = makeExecutable(row, alone)
      .run(given.map((x) => upload(alone.heap, x)))
      .map(bits);
    for (const threads of [2, 3]) {
      const w = workspace(threads);
      const f = makeExecutable(row, w);
      expect(f.compiled.shares?.notes.join()).toMatch(/2 programs/);
      const inputs = given.map((x) => upload(w.heap, x));
      await w.pool.start();
      for (let i = 0; i < 20; i++) expect(f.run(inputs).map(bits)).toEqual(single);
    }
  });
  it("rows that are added at places which repeat: threads have columns for themselves", async () => {
    const [rows, columns, count] = [50, 200, 300];
    const added = buildProgram("added", [aval([count], "f32"), aval([count * columns], "f32")], (b, x, y) => {
      const at = b.emit1("convert_element_type", [b.mul(x, b.full([count], 13, "f32"))], { dtype: "i32" });
      const indices = b.emit1("reshape", [at], { shape: [count, 1] });
      const updates = b.emit1("reshape", [y], { shape: [count, columns] });
      const dims = {
        updateWindowDims: [1],
        insertedWindowDims: [0],
        operandBatchingDims: [],
        scatterIndicesBatchingDims: [],
        scatterDimsToOperandDims: [0],
      };
      const none = b.full([rows, columns], 0, "f32");
      return [b.emit1("scatter_add", [none, indices, updates], { dims, mode: "fill", uniqueIndices: false })];
    });
    const given = [values(count, 3), values(count * columns, 4)];
    const single = makeExecutable(added, alone)
      .run(given.map((x) => upload(alone.heap, x)))
      .map(bits);
    for (const threads of [2, 3, 8]) {
      const w = workspace(threads);
      const f = makeExecutable(added, w);
      expect(f.compiled.shares?.notes.join()).toMatch(/scatter_add: 13 programs/);
      const inputs = given.map((x) => upload(w.heap, x));
      await w.pool.start();
      for (let i = 0; i < 20; i++) expect(f.run(inputs).map(bits)).toEqual(single);
    }
  });
  it("workers take part", async () => {
    const w = workspace(2);
    const f = makeExecutable(program, w);
    const inputs = INPUTS.map((x) => upload(w.heap, x));
    await w.pool.start();
    const helped = (): number => w.pool.turns()[1];
    const attempt = (): boolean => {
      for (const c of f.run(inputs)) c.dispose();
      return helped() > 0;
    };
    expect(await eventually(attempt)).toBe(true);
  });
  it("changes from one call to the next", async () => {
    let threads = 2;
    const heap = new Heap({ shared: true, hardLimit: 256 * MB });
    const pool = new Pool(heap, { threads: () => threads, timeout: () => 20_000, spawn });
    pools.push(pool);
    const f = makeExecutable(program, new Workspace(heap, pool));
    const inputs = INPUTS.map((x) => upload(heap, x));
    for (threads of [2, 4, 1, 3]) {
      expect(f.run(inputs).map(bits)).toEqual(expected);
      await pool.start();
      expect(f.run(inputs).map(bits)).toEqual(expected);
      expect(pool.threads).toBe(threads);
    }
  });
  it("and more modules than the workers keep", async () => {
    const w = workspace(2);
    const x = upload(w.heap, values(64, 3));
    await w.pool.start();
    const many = Array.from({ length: 600 }, (_, i) =>
      makeExecutable(
        buildProgram(`f${i}`, [aval([64], "f32")], (b, v) => [b.emit1("add", [v, b.fullLike(v, i)], {})]),
        w,
      ),
    );
    for (const round of [0, 1]) {
      many.forEach((f, i) => {
        const [y] = f.run([x]);
        if (i % 97 === round) expect((y.read() as Float32Array)[5]).toBe(Math.fround(values(64, 3)[5] + i));
        y.dispose();
      });
    }
  });
  it("a callback may run shared programs itself", async () => {
    const w = workspace(3);
    await w.pool.start();
    const inner = makeExecutable(program, w);
    const inputs = INPUTS.map((x) => upload(w.heap, x));
    let seen = 0;
    const callback = (): void => {
      expect(inner.run(inputs).map(bits)).toEqual(expected);
      seen++;
    };
    const outer = buildProgram("outer", [aval([4096], "f32")], (b, x) => {
      const y = b.emit1("exp", [x], {});
      b.emit("debug_callback", [y], { callback, ordered: true });
      return [b.emit1("add", [y, x], {})];
    });
    makeExecutable(outer, w).run([upload(w.heap, values(4096, 4))]);
    expect(seen).toBe(1);
  });
  it("leaves memory as it was after thousands of calls", () => {
    const w = workspace(2);
    const f = makeExecutable(program, w);
    const inputs = INPUTS.map((x) => upload(w.heap, x));
    const call = (): void => {
      for (const c of f.run(inputs)) c.dispose();
    };
    for (let i = 0; i < 10; i++) call();
    const before = w.heap.stats();
    for (let i = 0; i < 2000; i++) call();
    expect(w.heap.stats()).toEqual(before);
  });
});

describe("a failure", () => {
  it("in a kernel is the same error whichever thread meets it, and the next call works", async () => {
    const w = workspace(2);
    const good = makeExecutable(program, w);
    const inputs = INPUTS.map((x) => upload(w.heap, x));
    const expected = good.run(inputs).map(bits);
    const x = upload(w.heap, values(4, 5));
    // the caller begins with program 1, or has half of all to do before it meets one that traps
    for (const first of [1, 32]) {
      const bad = trapping(w, first);
      await w.pool.start();
      // a worker that trapped is the end of its team
      const byWorker = (): boolean => {
        expect(code(() => bad.run([x]))).toBe("TW4007");
        const ended = w.pool.threads === 1;
        expect(good.run(inputs).map(bits)).toEqual(expected);
        return ended;
      };
      if (first === 1) byWorker();
      else expect(await eventually(byWorker)).toBe(true);
    }
    expect(w.pool.reason).toBeUndefined();
  });
  it("of a worker that takes a part and never finishes it is an error, and others take its place", async () => {
    let hangs = true;
    const hanging: Spawn = (events) => (hangs ? spawnHanging(events) : spawn(events));
    const w = workspace(2, { spawn: hanging, timeout: 300 });
    const f = makeExecutable(program, w);
    const inputs = INPUTS.map((x) => upload(w.heap, x));
    await w.pool.start();
    expect(await eventually(() => code(() => f.run(inputs)) === "TW4008")).toBe(true);
    hangs = false;
    expect(code(() => f.run(inputs))).toBe("no error");
    await w.pool.start();
    expect(w.pool.threads).toBe(2);
    expect(code(() => f.run(inputs))).toBe("no error");
  });
  it("of workers that were stopped from outside ends in new ones", async () => {
    const workers: PoolWorker[] = [];
    const w = workspace(3, {
      spawn: (events) => {
        const worker = spawn(events);
        workers.push(worker);
        return worker;
      },
    });
    const f = makeExecutable(program, w);
    const inputs = INPUTS.map((x) => upload(w.heap, x));
    await w.pool.start();
    const first = f.run(inputs).map(bits);
    for (const worker of [...workers]) worker.stop();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(f.run(inputs).map(bits)).toEqual(first);
    await w.pool.start();
    expect(workers.length).toBeGreaterThan(2);
    expect(w.pool.threads).toBe(3);
    expect(f.run(inputs).map(bits)).toEqual(first);
  });
  it("to start any worker leaves one thread and a reason", async () => {
    const refused: Spawn = () => {
      throw new Error("Worker creation is refused");
    };
    const w = workspace(2, { spawn: refused });
    const f = makeExecutable(program, w);
    expect(code(() => f.run(INPUTS.map((x) => upload(w.heap, x))))).toBe("no error");
    await w.pool.start();
    expect(w.pool.threads).toBe(1);
    expect(w.pool.reason).toMatch(/Worker creation is refused/);
  });
  it("of a worker's script leaves one thread and a reason", async () => {
    const broken: Spawn = (events) => spawnScript("throw new Error('no script here')", events);
    const w = workspace(2, { spawn: broken });
    const f = makeExecutable(program, w);
    const inputs = INPUTS.map((x) => upload(w.heap, x));
    expect(code(() => f.run(inputs))).toBe("no error");
    await w.pool.start();
    expect(w.pool.reason).toMatch(/no script here/);
    expect(code(() => f.run(inputs))).toBe("no error");
  });
});

function spawnScript(source: string, events: Parameters<Spawn>[0]): PoolWorker {
  const worker = new Worker(source, { eval: true });
  worker.on("message", () => events.alive());
  worker.on("error", (e) => events.lost(e instanceof Error ? e.message : String(e)));
  worker.unref();
  return {
    post: (m) => worker.postMessage(m),
    stop: () => void worker.terminate(),
    hold: (on) => (on ? worker.ref() : worker.unref()),
  };
}
/** A worker that takes one program of the first job that it sees, and sleeps. */
function spawnHanging(events: Parameters<Spawn>[0]): PoolWorker {
  return spawnScript(
    `const { parentPort } = require("node:worker_threads");
    parentPort.once("message", ({ memory, control }) => {
      parentPort.postMessage("alive");
      const claims = new BigInt64Array(memory.buffer, control + ${CONTROL.claim}, 1);
      for (;;) {
        const claim = Atomics.load(claims, 0);
        if ((claim & 0xffffffffn) !== 0n && Atomics.compareExchange(claims, 0, claim, claim - 1n) === claim) break;
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`,
    events,
  );
}
