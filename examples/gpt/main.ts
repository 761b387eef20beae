/** `npm start`: trains a small GPT on TypeScript's own declarations, saves it, draws its loss curve and lets it write. */
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { numpy as np } from "tilework";
import { drawChart } from "./chart.js";
import { loadRun, type Run, saveRun } from "./checkpoint.js";
import { bigramEntropy, type Corpus, encode, textFile, typescriptDeclarations, vocabularyOf } from "./corpus.js";
import { type Interruption, watchForInterrupt } from "./interruption.js";
import { countParams, type Params, quantize } from "./model.js";
import { DEFAULT_STEPS, type Options, parseOptions, UserError } from "./options.js";
import { makeOutputFolder, writeOutput } from "./output.js";
import { Progress } from "./progress.js";
import { generate } from "./sample.js";
import { initState, makeEvaluation, makeTrainStep } from "./train.js";

/** Held-out characters that are looked at during training; at the end it is all of them. */
const GLIMPSE = 4096;

async function main(options: Options): Promise<void> {
  const corpus = options.text === undefined ? typescriptDeclarations() : textFile(options.text);
  const checkpoint = join(options.out, "gpt.safetensors");
  const run = options.resume ? resumeRun(checkpoint, corpus, options) : newRun(corpus, options);
  const train = encode(corpus.train, run.vocabulary);
  const heldOut = encode(corpus.heldOut, run.vocabulary);
  const bigram = bigramEntropy(train, heldOut, run.vocabulary.length);
  if (Math.min(train.length, heldOut.length) <= run.model.context)
    throw new UserError(
      `Of ${train.length} characters to learn and ${heldOut.length} held out, both must be more than the context, ${run.model.context}.`,
    );
  if (options.bits === 4 && run.model.features % 2 !== 0)
    throw new UserError(`Weights of 4 bits lie in pairs of rows: --features ${run.model.features} must be even.`);
  makeOutputFolder(options.out);

  const { model, train: config } = run;
  say(`Text: ${describe(corpus, options)}, ${run.vocabulary.length} different characters.`);
  say(`Bigram entropy of the held-out text: ${bigram.toFixed(3)} nats per character.`);
  say(
    `Model: ${number(countParams(run.state.params))} parameters; a step learns from ${number(config.batch * model.context)} characters.`,
  );
  if (heldOut.length > GLIMPSE + 1)
    say(`The held-out loss is that of ${number(GLIMPSE)} characters while training, and of all at the end.`);
  if (run.losses.length > 0) say(`Resuming after step ${run.losses.length} of ${config.steps}.`);

  const evaluate = makeEvaluation(model);
  const interruption = watchForInterrupt();
  const outcome = await trainRun(run, train, interruption, {
    glimpse: () => evaluate(run.state.params, heldOut.subarray(0, GLIMPSE + 1)),
    save: () => saveRun(checkpoint, run),
  });
  await saveRun(checkpoint, run);
  writeOutput(join(options.out, "loss.svg"), lossCurve(run, bigram, options));
  if (outcome === "interrupted") {
    say(
      `Stopped after step ${run.losses.length} of ${config.steps} and saved ${checkpoint}; --resume goes on from there.`,
    );
    process.exitCode = 130;
    return;
  }
  interruption.stop();

  const loss = evaluate(run.state.params, heldOut);
  const away = `${Math.abs(bigram - loss).toFixed(3)} ${loss > bigram ? "above" : "below"}`;
  say(`Held-out loss: ${loss.toFixed(3)} nats per character, ${away} the bigram entropy.`);
  say(`Saved ${checkpoint} and ${join(options.out, "loss.svg")}.`);
  const { bits } = options;
  if (bits === undefined) return writeSample(run, run.state.params, options);
  const rounded = quantize(run.state.params, bits);
  say(`With weights of ${bits} bits: ${evaluate(rounded, heldOut).toFixed(3)} nats per character.`);
  writeSample(run, rounded, options);
}

function newRun(corpus: Corpus, options: Options): Run {
  const vocabulary = vocabularyOf(corpus);
  const model = { vocabulary: vocabulary.length, ...options.model };
  const train = { batch: options.batch, rate: options.rate, steps: options.steps ?? DEFAULT_STEPS };
  const state = initState(options.seed, model, train);
  return { seed: options.seed, model, train, vocabulary, text: fingerprint(corpus), state, losses: [], heldOut: [] };
}

function resumeRun(checkpoint: string, corpus: Corpus, options: Options): Run {
  const run = loadRun(checkpoint, options.steps);
  if (run.text !== fingerprint(corpus)) throw new UserError(`${checkpoint} was trained on another text.`);
  const asked = { seed: options.seed, ...options.model, batch: options.batch, rate: options.rate };
  const kept: typeof asked = { seed: run.seed, ...run.model, batch: run.train.batch, rate: run.train.rate };
  for (const name of Object.keys(asked) as (keyof typeof asked)[]) {
    if (options.given.has(name) && asked[name] !== kept[name])
      throw new UserError(`--${name} is ${kept[name]} in ${checkpoint} and stays so when the run is resumed.`);
  }
  return run;
}

function fingerprint({ train, heldOut }: Corpus): string {
  return createHash("sha256").update(train).update("\0").update(heldOut).digest("hex");
}

/** Trains until the last step or until it is interrupted; says which. */
async function trainRun(
  run: Run,
  text: Int32Array,
  interruption: Interruption,
  { glimpse, save }: { glimpse: () => number; save: () => Promise<void> },
): Promise<"finished" | "interrupted"> {
  const { train, losses, heldOut } = run;
  const characters = np.array(text);
  const trainStep = makeTrainStep(run.model, train);
  const progress = new Progress(losses, train.steps, train.batch * run.model.context);
  const every = Math.max(1, Math.round(train.steps / 20));
  while (losses.length < train.steps) {
    if (interruption.asked) {
      progress.interrupt();
      return "interrupted";
    }
    const [state, loss] = trainStep(run.state, characters);
    run.state = state;
    const step = losses.push(loss.item());
    const seen = step % every === 0 || step === train.steps ? glimpse() : undefined;
    // before the checkpoint of better times is overwritten
    if (![losses[step - 1], seen ?? 0].every(Number.isFinite)) {
      progress.interrupt();
      throw new UserError(`The loss is not finite any more at step ${step}: try a smaller --rate.`);
    }
    if (seen !== undefined) {
      heldOut.push([step, seen]);
      await save();
    }
    progress.update({ step, loss: losses[step - 1], heldOut: heldOut.at(-1)?.[1] });
    await setImmediate(); // lets Ctrl-C through
  }
  return "finished";
}

function lossCurve({ losses, heldOut }: Run, bigram: number, { text }: Options): string {
  const train = losses.map((loss, i) => [i + 1, loss] as const);
  let mean = losses[0];
  const smooth = losses.map((loss, i) => [i + 1, (mean += 0.05 * (loss - mean))] as const);
  return drawChart(`Loss of a small GPT on ${text === undefined ? "TypeScript declarations" : basename(text)}`, [
    { name: "training, each batch", color: "#4878d0", points: train, faint: true },
    { name: "training (running mean)", color: "#4878d0", points: smooth },
    { name: "held out", color: "#d65f5f", points: heldOut },
    {
      name: "bigram entropy",
      color: "#666666",
      points: [
        [0, bigram],
        [losses.length, bigram],
      ],
      dashed: true,
    },
  ]);
}

function writeSample(run: Run, params: Params, { text, out, temperature, sample: count }: Options): void {
  const [anything] = run.vocabulary;
  const prompt = text === undefined ? "\n\ninterface " : run.vocabulary.includes("\n") ? "\n" : anything;
  say(`A sample at temperature ${temperature}:\n`);
  let written = prompt.trimStart();
  process.stdout.write(written);
  const characters = encode(prompt, run.vocabulary);
  for (const n of generate(run.model, params, characters, { seed: run.seed, temperature, count })) {
    written += run.vocabulary[n];
    process.stdout.write(run.vocabulary[n]);
  }
  process.stdout.write("\n");
  writeOutput(join(out, "sample.txt"), `${written}\n`);
}

function describe({ train, heldOut, blocks, unit }: Corpus, { text }: Options): string {
  const what = `${unit} of ${text ?? "TypeScript's lib files"}`;
  return `${number(blocks.train)} ${what} (${number(train.length)} characters) to learn, ${number(blocks.heldOut)} (${number(heldOut.length)}) held out`;
}

const number = (n: number): string => n.toLocaleString("en");
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

// a reader that stops early, such as `head`, is no failure; what is saved is saved
process.stdout.on("error", (e: NodeJS.ErrnoException) => {
  if (e.code !== "EPIPE") throw e;
  process.exit();
});

try {
  const options = parseOptions(process.argv.slice(2));
  if (typeof options === "string") say(options);
  else await main(options);
} catch (e) {
  if (!(e instanceof UserError)) throw e;
  console.error(e.message);
  process.exitCode = 2;
}
