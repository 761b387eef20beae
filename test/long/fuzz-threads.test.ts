/** Random programs with every stage shared among threads, in the smallest portions: the bits are those of one thread. */
import { afterAll, expect, it } from "vitest";
import type { NDArray } from "../../src/interpreter/array.js";
import { aval } from "../../src/ir/aval.js";
import type { Program } from "../../src/ir/program.js";
import { makeExecutable, Workspace } from "../../src/jit/execute.js";
import { SHARE } from "../../src/lowering/shares.js";
import { type ArrayCell, Heap } from "../../src/runtime/heap.js";
import { Pool } from "../../src/runtime/threads/pool.js";
import { type Spawn, spawner } from "../../src/runtime/threads/spawn.js";
import { COMPILED } from "../laws/fuzz-flavours.js";
import { randomInputs } from "../laws/fuzz-program.js";
import { write } from "../lowering/run-plan.js";

const PROGRAMS = Number(process.env["TILEWORK_FUZZ"] ?? 1000);
const FIRST = Number(process.env["TILEWORK_FUZZ_SEED"] ?? 1);
const MB = 2 ** 20;

const { breakEven, grain } = SHARE;
Object.assign(SHARE, { breakEven: 0, grain: 0 });
const heap = new Heap({ shared: true, hardLimit: 512 * MB });
let threads = 3;
const pool = new Pool(heap, { threads: () => threads, timeout: () => 60_000, spawn: spawner(undefined) as Spawn });
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
/** The values as text: a NaN is a NaN. */
function results(w: Workspace, program: Program<"core">, inputs: readonly NDArray[], times: number): string[] {
  const cells = inputs.map((x) => upload(w.heap, x));
  const f = makeExecutable(program, w);
  const found = new Set<string>();
  for (let i = 0; i < times; i++) {
    const outputs = f.run(cells);
    found.add(outputs.map((c) => Array.from(c.read().slice() as ArrayLike<unknown>, exact).join(" ")).join("\n"));
    for (const c of new Set(outputs)) if (!cells.includes(c)) c.dispose();
  }
  for (const c of cells) c.dispose();
  return [...found];
}
const exact = (x: unknown): string => (Object.is(x, -0) ? "-0" : String(x));

it.each(COMPILED.map((f) => [f.name, f] as const))("%s", async (_, flavour) => {
  const count = Math.ceil((PROGRAMS * flavour.share) / 1000);
  const wrong: string[] = [];
  for (let k = 0; k < count; k++) {
    const seed = FIRST + k;
    const program = flavour.make(seed);
    const inputs = randomInputs(program, seed);
    threads = 2 + ((k >> 6) % 2);
    await pool.start();
    const [expected] = results(alone, program, inputs, 1);
    const got = results(shared, program, inputs, 3);
    if (got.length !== 1 || got[0] !== expected) wrong.push(`seed ${seed}`);
    // workers receive modules while the caller rests
    if (k % 16 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(wrong).toEqual([]);
});
it("workers took part, and none was lost", () => {
  expect(pool.reason).toBe(undefined);
  expect(
    pool
      .turns()
      .slice(1)
      .some((n) => n > 0),
  ).toBe(true);
});
