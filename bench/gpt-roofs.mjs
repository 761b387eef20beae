// Where the GPT example's training step spends its time: at the compute roof, at the memory roof, lost in kernels, or in dispatch.
// `node bench/gpt-roofs.mjs [--threads 1] [--kernels 12]`; the roofs are measured just before.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build, root } from "../scripts/build.mjs";
import { median } from "./lib/statistics.mjs";
import { open as openRoof } from "./peers/roof.mjs";

const { values: given } = parseArgs({
  options: {
    threads: { type: "string", default: "1" },
    kernels: { type: "string", default: "12" },
    seconds: { type: "string", default: "3" },
    roofs: { type: "boolean", default: false },
  },
});
const threads = Number(given.threads);
if (build({ examples: true }) !== 0) process.exit(1);

/** Work per ms: the best of some runs. */
async function roof(kinds, workload, work) {
  const { run } = await kinds[workload.kind](workload);
  let best = Number.POSITIVE_INFINITY;
  const until = performance.now() + 150;
  // many runs of what is short: the engine optimises it meanwhile
  for (let i = 0; i < 12 || performance.now() < until; i++) {
    const start = performance.now();
    run();
    best = Math.min(best, performance.now() - start);
  }
  return work / best;
}

/** In a process of its own: threads that wait there cost nothing here. */
async function roofs() {
  const { kinds } = await openRoof(threads);
  const count = 1 << 22;
  return {
    peak: await roof(kinds, { kind: "fma", count }, count * 128),
    memory: await roof(kinds, { kind: "copy", size: 1 << 26 }, 1 << 27),
    // what the caches give: 256 kB copied
    cache: await roof(kinds, { kind: "copy", size: 1 << 18 }, 1 << 19),
  };
}
if (given.roofs) {
  console.log(JSON.stringify(await roofs()));
  process.exit(0);
}
const self = fileURLToPath(import.meta.url);
const measured = spawnSync(process.execPath, [self, "--roofs", "--threads", given.threads], { encoding: "utf8" });
const { peak, memory, cache } = JSON.parse(measured.stdout);

const folder = join(root, "build", "examples", "gpt");
const { parseOptions } = await import(join(folder, "options.js"));
const { initState, makeTrainStep } = await import(join(folder, "train.js"));
const { array, configure, explain } = await import(join(root, "dist", "node", "tilework.js"));
configure({ threads });
const options = parseOptions([]);
const model = { vocabulary: 96, ...options.model };
const train = { batch: options.batch, rate: options.rate, steps: 1000 };
const text = array(Int32Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 96));
let state = initState(0, model, train);
const step = makeTrainStep(model, train);

const times = [];
for (let i = 0; i < 300; i++) {
  const start = performance.now();
  [state] = step(state, text);
  times.push(performance.now() - start);
}
const warm = median(times.slice(50));
const profile = explain(step)(state, text).profile({ seconds: Number(given.seconds) });

const GIGA = 1e6;
/** Bytes that do not fit in a core's caches come from memory. */
const CACHED = 1 << 20;
const rows = profile.rows.map((row) => {
  const bytes = row.gbps * GIGA * row.ms;
  const compute = (row.gops * GIGA * row.ms) / peak;
  const moved = bytes / (bytes / row.count > CACHED ? memory : cache);
  const bound = Math.min(row.ms, Math.max(compute, moved));
  return { ...row, kind: compute > moved ? "compute" : "memory", bound, lost: row.ms - bound };
});
const sum = (xs) => xs.reduce((a, b) => a + b, 0);
const kernels = sum(rows.map((r) => r.ms));
// the clock between kernels costs as well: what the steps take by themselves is made to fit the whole run
const scale = Math.min(1, profile.ms / kernels);
const atRoof = (kind) => scale * sum(rows.filter((r) => r.kind === kind).map((r) => r.bound));
const parts = [
  ["at the compute roof", atRoof("compute")],
  ["at the memory roof", atRoof("memory")],
  ["in kernels above their roof", scale * sum(rows.map((r) => r.lost))],
  ["dispatch: calls, arguments, between kernels", warm - scale * kernels],
];
const tokens = Math.round((1000 * train.batch * model.context) / warm);
console.log(
  `GPT training step, ${threads} thread${threads > 1 ? "s" : ""}, Node ${process.versions.node}: ${warm.toFixed(2)} ms, ${tokens.toLocaleString("en")} tokens/s`,
);
console.log(
  `Roofs: ${(peak / GIGA).toFixed(0)} GFLOP/s, ${(memory / GIGA).toFixed(0)} GB/s from memory, ${(cache / GIGA).toFixed(0)} GB/s from caches.\n`,
);
console.log("| time | ms | share |\n|---|---|---|");
for (const [what, ms] of parts) console.log(`| ${what} | ${ms.toFixed(2)} | ${Math.round((100 * ms) / warm)} % |`);
console.log("\n| kernel, by what it loses | µs | count | its roof | of it | arrays |\n|---|---|---|---|---|---|");
for (const r of rows.sort((a, b) => b.lost - a.lost).slice(0, Number(given.kernels))) {
  const arrays = r.arrays.length > 70 ? `${r.arrays.slice(0, 67)}…` : r.arrays;
  console.log(
    `| ${r.name} | ${(1000 * r.ms).toFixed(0)} | ${r.count} | ${r.kind} | ${Math.round((100 * r.bound) / r.ms)} % | ${arrays} |`,
  );
}
process.exit(0);
