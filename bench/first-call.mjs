// How long the first call of a program takes (trace, compile, run), in a fresh process with the import counted in, and in one
// that has compiled other programs before: `node bench/first-call.mjs [--node PATH] [--flags=…] [--runs 5] [--profile FOLDER]`.
// Everything is lowered anew; with --cache modules that earlier processes left on disk are read.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build, root } from "../scripts/build.mjs";
import { median } from "./lib/statistics.mjs";

const PROGRAMS = ["gpt", "mlp", "eager"];
const TARGETS = { "gpt fresh": 800, "gpt warm": 400, "mlp fresh": 150, "mlp warm": 25 };

const { values: given } = parseArgs({
  options: {
    node: { type: "string", default: process.execPath },
    flags: { type: "string", default: "" },
    runs: { type: "string", default: "5" },
    only: { type: "string" },
    profile: { type: "string" },
    cache: { type: "boolean", default: false },
    child: { type: "string" },
  },
});

async function gpt() {
  const folder = join(root, "build", "examples", "gpt");
  const { parseOptions } = await import(join(folder, "options.js"));
  const { initState, makeTrainStep } = await import(join(folder, "train.js"));
  const { array, explain } = await import(join(root, "dist", "node", "tilework.js"));
  const options = parseOptions([]);
  const call = (layers, features) => {
    const model = { vocabulary: 96, ...options.model, layers, features };
    const train = { batch: options.batch, rate: options.rate, steps: 1000 };
    const text = array(Int32Array.from({ length: 5000 }, (_, i) => (i * 7919) % 96));
    const state = initState(0, model, train);
    const step = makeTrainStep(model, train);
    const start = performance.now();
    const [next, loss] = step(state, text);
    loss.item();
    return { ms: performance.now() - start, passes: () => explain(step)(next, text).passes };
  };
  const { layers, features } = options.model;
  return { first: () => call(layers, features), other: () => call(1, features / 2) };
}

async function mlp() {
  const { array, grad, jit, numpy: np } = await import(join(root, "dist", "node", "tilework.js"));
  const call = (width, depth) => {
    const sizes = [16, ...Array(depth).fill(width), 1];
    const weights = sizes.slice(1).map((n, i) => np.full([sizes[i], n], 0.1));
    const x = array(new Float32Array(32 * 16).fill(0.5)).reshape(32, 16);
    const loss = (ws, x) => {
      let h = x;
      for (const w of ws) h = np.tanh(np.dot(h, w));
      return np.mean(np.square(h));
    };
    const step = jit(grad(loss));
    const start = performance.now();
    step(weights, x)[0].dataSync();
    return { ms: performance.now() - start };
  };
  return { first: () => call(32, 2), other: () => call(24, 1) };
}

/** One operation without jit, on a shape that was not seen before. */
async function eager() {
  const { numpy: np } = await import(join(root, "dist", "node", "tilework.js"));
  const call = (n) => {
    const x = np.ones([n, 3]);
    const start = performance.now();
    x.add(x).dataSync();
    return { ms: performance.now() - start };
  };
  return { first: () => call(7), other: () => call(5) };
}

/** In the child: `gpt fresh` and so on. */
async function child(what) {
  const [program, state] = what.split(" ");
  const start = performance.now();
  const { first, other } = await { gpt, mlp, eager }[program]();
  const imported = performance.now() - start;
  if (state === "warm") for (let i = 0; i < 3; i++) other();
  const { ms, passes } = first();
  console.log(JSON.stringify({ ms: state === "fresh" ? ms + imported : ms, imported, passes: passes?.() }));
}

function measure(what) {
  const args = [fileURLToPath(import.meta.url), "--child", what];
  const flags = given.flags.split(",").filter((x) => x !== "");
  const results = [];
  for (let i = 0; i < Number(given.runs); i++) {
    const profiling =
      given.profile && i === 0 ? ["--cpu-prof", "--cpu-prof-interval", "200", `--cpu-prof-dir=${given.profile}`] : [];
    const env = given.cache ? process.env : { ...process.env, TILEWORK_CACHE: "0" };
    const { stdout, stderr } = spawnSync(given.node, [...flags, ...profiling, ...args], { encoding: "utf8", env });
    if (stdout === "") throw new Error(stderr);
    if (profiling.length === 0 || given.runs === "1") results.push(JSON.parse(stdout));
  }
  return results;
}

if (given.child) await child(given.child);
else {
  if (build({ examples: true }) !== 0) process.exit(1);
  const version = spawnSync(given.node, ["--version"], { encoding: "utf8" }).stdout.trim();
  console.log(
    `Node ${version}${given.flags ? ` ${given.flags}` : ""}\n\n| first call | median | least | wanted |\n|---|---|---|---|`,
  );
  for (const program of given.only?.split(",") ?? PROGRAMS) {
    for (const state of ["fresh", "warm"]) {
      const results = measure(`${program} ${state}`);
      const times = results.map((r) => r.ms);
      const wanted = TARGETS[`${program} ${state}`];
      console.log(
        `| ${program}, ${state} process | ${median(times).toFixed(1)} ms | ${Math.min(...times).toFixed(1)} ms | ${wanted ? `≤ ${wanted} ms` : ""} |`,
      );
      const { passes } = results[0];
      if (passes) console.log(`|   ${passes.map((p) => `${p.name} ${p.ms.toFixed(0)}`).join(", ")} | | | |`);
    }
  }
}
