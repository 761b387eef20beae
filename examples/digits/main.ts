/** `npm run digits`: teaches two networks to read digits, and says how well they do. */
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type DataSet, loadMnist, makeDigits, UsageError } from "./data.js";
import { cnnModel, type Model, mlpModel } from "./models.js";
import { Progress } from "./progress.js";
import { accuracy, train } from "./train.js";

const HELP = `Trains a multilayer perceptron and a convolutional network to read digits.

  npm run digits -- [options]

  --data FOLDER    MNIST's idx files, packed or not: train-images-idx3-ubyte(.gz) or train10k-…, t10k-…, and the labels;
                   without it, digits are drawn by the program itself
  --model NAME     mlp, cnn or both (default)
  --epochs N       how often each image is seen (default: 10 for the mlp, 20 for the cnn)
  --steps N        steps of training instead
  --batch N        images in a step (default 100)
  --seed N         another seed gives other initial weights, batches and drawn digits (default 0)
  --help           this text
`;

interface Options {
  readonly data: string | undefined;
  readonly models: readonly string[];
  readonly epochs: number | undefined;
  readonly steps: number | undefined;
  readonly batch: number;
  readonly seed: number;
}

const KNOWN = {
  data: { type: "string" },
  model: { type: "string", default: "both" },
  epochs: { type: "string" },
  steps: { type: "string" },
  batch: { type: "string", default: "100" },
  seed: { type: "string", default: "0" },
  help: { type: "boolean", default: false },
} as const;

/** The options, or undefined when help was asked for. */
export function parseOptions(args: readonly string[]): Options | undefined {
  let values: ReturnType<typeof parse>;
  function parse() {
    return parseArgs({ args: [...args], options: KNOWN, allowPositionals: false }).values;
  }
  try {
    values = parse();
  } catch (e) {
    const unknown = /Unknown option '([^']+)'/.exec((e as Error).message)?.[1];
    // Node's message goes on with advice about its own syntax; the first sentence says it
    const [sentence] = (e as Error).message.split(/\.\s/);
    throw new UsageError(`${unknown ? `There is no option ${unknown}` : sentence}; --help shows all.`);
  }
  if (values.help) return undefined;
  const whole = (name: "epochs" | "steps" | "batch" | "seed", least: number): number | undefined => {
    const text = values[name];
    if (text === undefined) return undefined;
    const n = Number(text);
    if (text.trim() === "" || !Number.isSafeInteger(n) || n < least) {
      throw new UsageError(`--${name} must be a whole number of at least ${least}, not ${JSON.stringify(text)}.`);
    }
    return n;
  };
  if (!["mlp", "cnn", "both"].includes(values.model)) {
    throw new UsageError(`--model must be mlp, cnn or both, not ${JSON.stringify(values.model)}.`);
  }
  const [epochs, steps] = [whole("epochs", 1), whole("steps", 1)];
  if (epochs !== undefined && steps !== undefined) throw new UsageError("Give --epochs or --steps, not both.");
  return {
    data: values.data,
    models: values.model === "both" ? ["mlp", "cnn"] : [values.model],
    epochs,
    steps,
    batch: whole("batch", 1) as number,
    seed: whole("seed", 0) as number,
  };
}

async function runModel<P extends object>(
  model: Model<P>,
  data: DataSet,
  options: Options,
  out: NodeJS.WriteStream,
): Promise<number> {
  const perEpoch = Math.max(1, Math.floor(data.train.count / options.batch));
  const steps = options.steps ?? (options.epochs ?? model.epochs) * perEpoch;
  const progress = new Progress(model.name, steps, out);
  const params = await train(model, data.train, {
    steps,
    batch: options.batch,
    seed: options.seed,
    onStep: (step, loss) => progress.update(step, loss),
  });
  const share = accuracy(model, params, data.test);
  out.write(`${model.name}: ${(100 * share).toFixed(2)} % of ${data.test.count} test digits are right\n`);
  return share;
}

/** Runs the program; gives its exit status. */
export async function main(args: readonly string[], out: NodeJS.WriteStream = process.stdout): Promise<number> {
  try {
    const options = parseOptions(args);
    if (!options) {
      out.write(HELP);
      return 0;
    }
    const data = options.data === undefined ? makeDigits(options.seed) : loadMnist(options.data);
    if (options.batch > data.train.count)
      throw new UsageError(`--batch ${options.batch} is more than the ${data.train.count} images there are.`);
    out.write(`${data.source}: ${data.train.count} to learn from, ${data.test.count} to test\n`);
    for (const name of options.models) {
      if (name === "mlp") await runModel(mlpModel(), data, options, out);
      else await runModel(cnnModel(), data, options, out);
    }
    return 0;
  } catch (e) {
    if (!(e instanceof UsageError)) throw e;
    process.stderr.write(`${e.message}\n`);
    return 2;
  }
}

// run as a program, not imported by a test
if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = await main(process.argv.slice(2));
}
