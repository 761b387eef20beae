// What source capture costs where a function is traced: the training step of examples/gpt, whose source is captured, against the same
// step written with methods. `node bench/trace.mjs [--rounds 25]`; in turns, in one process, medians.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build, root } from "../scripts/build.mjs";

const { values } = parseArgs({ options: { rounds: { type: "string", default: "25" } } });
if (build({ examples: true }) !== 0) process.exit(1);
process.env.TILEWORK_CACHE = "0";
const { makeProgram, numpy: np } = await import("../dist/node/tilework.js");
const gpt = join(root, "build", "examples", "gpt");
const { parseOptions } = await import(join(gpt, "options.js"));
const { typescriptDeclarations, vocabularyOf, encode } = await import(join(gpt, "corpus.js"));
const { initState, makeTrainStep } = await import(join(gpt, "train.js"));
const { makeUncapturedStep } = await import("./lib/gpt-uncaptured.mjs");

const options = parseOptions([]);
const corpus = typescriptDeclarations();
const vocabulary = vocabularyOf(corpus);
const model = { vocabulary: vocabulary.length, ...options.model };
const train = { batch: options.batch, rate: options.rate, steps: 1000 };
const text = np.array(encode(corpus.train, vocabulary));

const median = (xs) => [...xs].sort((a, b) => a - b)[Math.floor(xs.length / 2)];
const ways = [
  {
    name: "captured source",
    step: makeTrainStep(model, train),
    state: initState(0, model, train),
    trace: [],
    warm: [],
  },
  { name: "calls", step: makeUncapturedStep(model, train), state: initState(0, model, train), trace: [], warm: [] },
];
const timed = (f) => {
  const from = performance.now();
  f();
  return performance.now() - from;
};
const trace = ({ step, state }) => timed(() => makeProgram(step.original)(state, text));
const run = (way) =>
  timed(() => {
    let loss;
    [way.state, loss] = way.step(way.state, text);
    way.loss = loss.item();
  });

for (const way of ways) way.first = trace(way);
for (let i = 0; i < Number(values.rounds); i++) for (const way of ways) way.trace.push(trace(way));
for (let i = 0; i < 20; i++) for (const way of ways) run(way);
for (let i = 0; i < 10 * Number(values.rounds); i++) for (const way of ways) way.warm.push(run(way));

const [captured, calls] = ways;
if (captured.loss !== calls.loss) throw new Error(`the losses differ: ${captured.loss} and ${calls.loss}`);
const ratio = (what) => median(captured[what].map((x, i) => x / calls[what][i])).toFixed(2);
console.log(`Node ${process.versions.node}, the GPT training step, milliseconds:\n`);
console.log("| | captured source | calls | ratio |\n|---|---|---|---|");
console.log(`| first trace of the process | ${captured.first.toFixed(1)} | ${calls.first.toFixed(1)} | |`);
for (const [what, name] of [
  ["trace", "trace"],
  ["warm", "a step, compiled"],
])
  console.log(
    `| ${name} | ${median(captured[what]).toFixed(2)} | ${median(calls[what]).toFixed(2)} | ${ratio(what)} |`,
  );
process.exit(0);
