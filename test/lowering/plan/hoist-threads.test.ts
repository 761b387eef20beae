/** Operands packed before a loop whose iterations threads share: every thread reads the one copy. */
import { afterAll, expect, it } from "vitest";
import { fromValues, type NDArray } from "../../../src/interpreter/array.js";
import { interpret } from "../../../src/interpreter/index.js";
import { aval } from "../../../src/ir/aval.js";
import { buildProgram } from "../../../src/ir/builder.js";
import { makeExecutable, Workspace } from "../../../src/jit/execute.js";
import { SHARE } from "../../../src/lowering/shares.js";
import { type ArrayCell, Heap } from "../../../src/runtime/heap.js";
import { Pool } from "../../../src/runtime/threads/pool.js";
import { type Spawn, spawner } from "../../../src/runtime/threads/spawn.js";
import { expectSame } from "../../laws/compare.js";

const { breakEven, grain } = SHARE;
Object.assign(SHARE, { breakEven: 0, grain: 0 });
const heap = new Heap({ shared: true, hardLimit: 2 ** 26 });
const pool = new Pool(heap, { threads: () => 3, timeout: () => 60_000, spawn: spawner(undefined) as Spawn });
afterAll(() => {
  Object.assign(SHARE, { breakEven, grain });
  pool.stop();
});

const values = (shape: readonly number[], scale: number): NDArray =>
  fromValues(
    shape,
    "f32",
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * scale) / 4),
  );
const upload = (x: NDArray): ArrayCell => {
  const cell = heap.allocate(aval([...x.shape], "f32"));
  new Float32Array(heap.buffer, cell.address, x.data.length).set(Float32Array.from(x.data as ArrayLike<number>));
  return cell;
};

it("gives what the interpreter gives, every time", async () => {
  const product = { lhsBatch: [], rhsBatch: [], lhsContract: [1], rhsContract: [0], preferred: null };
  const body = buildProgram("body", [aval([48, 48], "f32"), aval([24, 48], "f32")], (b, w, x) => [
    b.op("tanh", b.emit1("dot_general", [b.op("tanh", b.emit1("dot_general", [x, w], product)), w], product)),
  ]);
  const program = buildProgram("rows", [aval([48, 48], "f32"), aval([9, 24, 48], "f32")], (b, w, xs) =>
    b.emit("scan", [w, xs], { body, length: 9, reverse: false, numConsts: 1, numCarry: 0 }),
  );
  await pool.start();
  const f = makeExecutable(program, new Workspace(heap, pool));
  expect(f.compiled.plan.steps.some((s) => s.kind === "launch" && s.kernel.name.endsWith("_pack"))).toBe(true);
  expect(f.compiled.plan.steps.some((s) => s.kind === "loop" && s.shared)).toBe(true);
  const inputs = [values([48, 48], 0.7), values([9, 24, 48], 0.3)];
  const cells = inputs.map(upload);
  const expected = interpret(program, inputs);
  for (let i = 0; i < 10; i++) {
    const [y] = f.run(cells);
    const found = fromValues([9, 24, 48], "f32", Array.from(y.read() as Float32Array));
    y.dispose();
    expectSame(`run ${i}`, [found], expected, { rel: 1e-4, abs: 1e-5 });
  }
});
