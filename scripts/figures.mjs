// Prints the figures of README.md for this machine, as Markdown: `node scripts/figures.mjs` (best with nothing else running).
// With --kernels also where the training step's time goes. Threads: as many as there are, or TILEWORK_THREADS. Nothing is read from
// what earlier runs left on disk.
import { spawnSync } from "node:child_process";
import { cpus } from "node:os";
import { join } from "node:path";
import { build, root } from "./build.mjs";

if (build({ examples: true }) !== 0) process.exit(1);
process.env.TILEWORK_CACHE = "0";
const { explain, init, jit, numpy: np } = await import("tilework");
const gpt = join(root, "build", "examples", "gpt");
const { parseOptions } = await import(join(gpt, "options.js"));
const { typescriptDeclarations, vocabularyOf, encode } = await import(join(gpt, "corpus.js"));
const { initState, makeTrainStep } = await import(join(gpt, "train.js"));

const now = () => performance.now();
const median = (xs) => xs.sort((a, b) => a - b)[Math.floor(xs.length / 2)];
const ms = (x) => (x < 10 ? x.toFixed(2) : x < 100 ? x.toFixed(1) : x.toFixed(0));

/** The example's training step: the first call (trace, compile, run), then warm ones. */
function trainingStep() {
  const options = parseOptions([]);
  const corpus = typescriptDeclarations();
  const vocabulary = vocabularyOf(corpus);
  const model = { vocabulary: vocabulary.length, ...options.model };
  const train = { batch: options.batch, rate: options.rate, steps: 1000 };
  const text = np.array(encode(corpus.train, vocabulary));
  let state = initState(0, model, train);
  const step = makeTrainStep(model, train);
  const start = now();
  let loss;
  [state, loss] = step(state, text);
  loss.item();
  const first = now() - start;
  const warm = [];
  for (let i = 0; i < 200; i++) {
    const from = now();
    [state, loss] = step(state, text);
    loss.item();
    warm.push(now() - from);
  }
  const explained = explain(step)(state, text);
  const profile = process.argv.includes("--kernels") ? explained.profile({ seconds: 3 }) : undefined;
  return { first, warm: median(warm), perStep: train.batch * model.context, passes: explained.passes, profile };
}

/** Microseconds of one call. */
function dispatch(f) {
  for (let i = 0; i < 10000; i++) f();
  const rounds = [];
  for (let r = 0; r < 20; r++) {
    const from = now();
    for (let i = 0; i < 1000; i++) f();
    rounds.push(now() - from); // ms per 1000 calls is µs per call
  }
  return `${median(rounds).toFixed(2)} µs`;
}

/** Milliseconds to compile an operation on shapes that were never seen, and to run it. */
function eagerCompile() {
  const times = [];
  for (let i = 1; i <= 300; i++) {
    const x = np.ones([i, 3]);
    const from = now();
    x.add(x);
    times.push(now() - from);
  }
  return median(times.slice(100));
}

function matmul(n) {
  const dot = jit((a, b) => np.dot(a, b));
  const [a, b] = [np.ones([n, n]), np.ones([n, n])];
  for (let i = 0; i < 5; i++) dot(a, b);
  const times = [];
  for (let i = 0; i < 15; i++) {
    const from = now();
    dot(a, b);
    times.push(now() - from);
  }
  return (2 * n ** 3) / median(times) / 1e6;
}

const step = trainingStep();
const add = jit((x, y) => x.add(y));
const [a, b] = [np.array(1), np.array(2)];
const rows = [
  ["GPT training step, first call (trace, compile, run)", `${ms(step.first)} ms`],
  ["GPT training step, warm", `${ms(step.warm)} ms`],
  ["GPT training", `${Math.round((1000 * step.perStep) / step.warm).toLocaleString("en")} tokens/s`],
  ["jitted scalar add, one call", dispatch(() => add(a, b))],
  ["scalar add without jit", dispatch(() => a.add(b))],
  ["an operation without jit on a new shape", `${ms(eagerCompile())} ms`],
  ["matrix product f32, 256 × 256", `${matmul(256).toFixed(1)} GFLOP/s`],
  ["matrix product f32, 1024 × 1024", `${matmul(1024).toFixed(1)} GFLOP/s`],
];
const revision = spawnSync("git", ["rev-parse", "--short", "HEAD"], { cwd: root, encoding: "utf8" }).stdout.trim();
const { threads } = await init();
console.log(
  `${threads === 1 ? "One thread" : `${threads} threads`}, ${cpus()[0].model.trim()}, Node ${process.versions.node}, revision ${revision}:\n`,
);
console.log("| what | figure |\n|---|---|");
for (const [what, figure] of rows) console.log(`| ${what} | ${figure} |`);
console.log(
  `\nCompiling the training step, by pass: ${step.passes.map((p) => `${p.name} ${ms(p.ms)} ms`).join(", ")}.`,
);
if (step.profile) console.log(`\n${step.profile}`);
