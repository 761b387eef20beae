/** Where a compiled program's time goes: its launches and copies, timed one by one while the whole program runs. */
import type { Dim } from "../ir/dim.js";
import { byteSize } from "../ir/dtype.js";
import type { PlanStep } from "../ir/plan.js";
import { MOST_OWN } from "../lowering/plan/arena.js";
import { timedSteps } from "../lowering/wasm/driver.js";
import type { ArrayCell } from "../runtime/heap.js";
import type { CompiledProgram } from "./compile.js";
import { operations } from "./work.js";
import type { Workspace } from "./workspace.js";

/** One launch (a kernel with its arrays) or copy of the plan. */
export interface ProfileRow {
  readonly name: string;
  /** What it reads and writes: dtypes and numbers of elements. */
  readonly arrays: string;
  /** Least time of one run of the program, all iterations of loops around together. */
  readonly ms: number;
  /** How often it ran in one run of the program. */
  readonly count: number;
  /** Arithmetic operations on elements, in thousand millions a second. */
  readonly gops: number;
  /** Bytes of its arrays, each counted once, in thousand millions a second. */
  readonly gbps: number;
}
export interface Profile {
  /** Least time of one whole run, without the clocks. */
  readonly ms: number;
  /** In the plan's order. */
  readonly rows: readonly ProfileRow[];
  /** A table, the dearest first. */
  toString(): string;
}

/** Runs the program on copies of its inputs for about so long. Callbacks are called in every run. */
export function profileProgram(
  compiled: CompiledProgram,
  { heap, pool }: Workspace,
  inputs: readonly ArrayCell[],
  seconds: number,
  values: readonly number[] = [],
): Profile {
  const { plan } = compiled;
  const sized = compiled.sized?.at(values);
  const valueOf = sized?.valueOf ?? ((d: Dim) => d as number);
  const steps = timedSteps(plan.steps);
  const blocks: number[] = [];
  const allocate = (bytes: number): number => {
    const address = heap.allocateBytes(bytes);
    blocks.push(address);
    return address;
  };
  for (const c of inputs) c.place.pins++;
  try {
    for (const c of inputs) heap.resident(c);
    const times = new Float64Array(steps.length);
    const counts = new Float64Array(steps.length);
    let last = 0;
    const mark = (step: number): void => {
      const now = performance.now();
      times[step] += now - last;
      counts[step]++;
      last = performance.now();
    };
    const copies = inputs.map((c) => allocate(c.bytes));
    const results = plan.outputs.map((o) =>
      o.donatedFrom === undefined ? allocate(valueOf(o.slot.bytes)) : copies[o.donatedFrom],
    );
    const timed = compiled.instantiate(heap.memory, compiled.callbacks, mark, pool);
    const plain = compiled.instantiate(heap.memory, compiled.callbacks, undefined, pool);
    for (const { member } of [timed, plain]) if (member) pool?.enter(member);
    const { ownBytes, ...room } = sized ?? compiled;
    const threads = plain.member && ownBytes <= MOST_OWN ? (pool?.width ?? 1) : 1;
    const arenaBytes = room.arenaBytes + (threads - 1) * ownBytes;
    const arena = arenaBytes > 0 ? allocate(arenaBytes) : 0;
    const words = [...copies, ...results, ...(sized?.words ?? [])];
    const table = allocate(words.length * 4);
    new Uint32Array(heap.buffer, table, words.length).set(words);
    const memory = new Uint8Array(heap.buffer);
    const refill = (): void => inputs.forEach((c, i) => memory.copyWithin(copies[i], c.address, c.address + c.bytes));

    const best = new Float64Array(steps.length).fill(Number.POSITIVE_INFINITY);
    let whole = Number.POSITIVE_INFINITY;
    const until = performance.now() + seconds * 1000;
    // the first runs are of code that the engine has not optimised yet
    for (let run = 0; run < 4 || performance.now() < until; run++) {
      refill();
      const start = performance.now();
      plain.run(table, arena, threads);
      whole = Math.min(whole, performance.now() - start);
      refill();
      times.fill(0);
      counts.fill(0);
      last = performance.now();
      timed.run(table, arena);
      for (let i = 0; i < steps.length; i++) best[i] = Math.min(best[i], times[i]);
    }
    const rows = steps.map((s, i) => rowOf(s, best[i], counts[i], valueOf));
    return { ms: whole, rows, toString: () => printProfile(whole, rows) };
  } finally {
    for (const b of blocks) heap.free(b);
    for (const c of inputs) c.place.pins--;
  }
}

type ValueOf = (d: Dim) => number;
type Timed = Extract<PlanStep, { kind: "launch" | "copy" }>;

function rowOf(step: Timed, ms: number, count: number, valueOf: ValueOf): ProfileRow {
  const rate = (n: number): number => (ms > 0 ? (n * count) / ms / 1e6 : 0);
  if (step.kind === "copy")
    return {
      name: "copy",
      arrays: `${valueOf(step.bytes)} bytes`,
      ms,
      count,
      gops: 0,
      gbps: rate(2 * valueOf(step.bytes)),
    };
  const { kernel } = step;
  const refs = kernel.refs.filter((r) => r.role !== "scratch");
  const list = (roles: readonly string[]): string =>
    refs
      .filter((r) => roles.includes(r.role))
      .map((r) => `${r.dtype}[${valueOf(r.size)}]`)
      .join(" ");
  return {
    name: kernel.name,
    arrays: `${list(["in"])} -> ${list(["out", "inout"])}`,
    ms,
    count,
    gops: rate(operations(kernel, valueOf)),
    gbps: rate(refs.reduce((n, r) => n + valueOf(r.size) * byteSize(r.dtype), 0)),
  };
}

function printProfile(ms: number, rows: readonly ProfileRow[]): string {
  const sum = rows.reduce((n, r) => n + r.ms, 0);
  const cells = [...rows]
    .sort((a, b) => b.ms - a.ms)
    .map((r) => [
      (r.ms * 1000).toFixed(1),
      `${((100 * r.ms) / Math.max(sum, 1e-9)).toFixed(1)}%`,
      String(r.count),
      r.gops.toFixed(1),
      r.gbps.toFixed(1),
      r.name,
      r.arrays,
    ]);
  const all = [["µs", "share", "count", "Gop/s", "GB/s", "kernel", "arrays"], ...cells];
  const widths = all[0].map((_, i) => Math.max(...all.map((row) => row[i].length)));
  const lines = all.map((row) =>
    row
      .map((cell, i) => (i < 5 ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join("  ")
      .trimEnd(),
  );
  return [`one run ${ms.toFixed(3)} ms, its steps by themselves ${sum.toFixed(3)} ms`, ...lines].join("\n");
}
