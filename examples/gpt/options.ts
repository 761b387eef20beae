/** The command line. Whatever is wrong with it is said in one sentence. */
import { parseArgs } from "node:util";
import type { ModelConfig } from "./model.js";

export interface Options {
  /** A text to learn instead of TypeScript's declarations. */
  readonly text: string | undefined;
  /** Undefined: what the checkpoint says when resuming, else the default. */
  readonly steps: number | undefined;
  readonly resume: boolean;
  readonly seed: number;
  readonly out: string;
  readonly temperature: number;
  /** Characters to generate at the end. */
  readonly sample: number;
  /** The trained weights are rounded to so many bits before the sample is written. */
  readonly bits: 4 | 8 | undefined;
  readonly batch: number;
  readonly rate: number;
  readonly model: Omit<ModelConfig, "vocabulary">;
  /** The names of the options that were given. */
  readonly given: ReadonlySet<string>;
}

export const DEFAULT_STEPS = 6000;

const HELP = `Trains a small GPT on the characters of TypeScript's own declaration files, and samples from it.

  npm start -- [options]

  --text FILE        learn this text instead
  --steps N          steps of training (default ${DEFAULT_STEPS})
  --resume           go on from the checkpoint in the output folder
  --seed N           another seed gives other initial weights, batches and samples (default 0)
  --out DIR          where checkpoint, loss curve and sample go (default build/gpt)
  --temperature T    of the sample: 0 always takes the likeliest character (default 0.7)
  --sample N         characters to generate at the end (default 800)
  --bits 8|4         round the trained weights to so many bits, tell the loss with them, and write the sample with them
  --layers N --heads N --features N --context N      the size of the model (default 2, 4, 64, 64)
  --batch N --rate R                                 windows in a batch (4), peak learning rate (0.005)
  --help             this text`;

const KNOWN = {
  text: { type: "string" },
  steps: { type: "string" },
  resume: { type: "boolean" },
  seed: { type: "string", default: "0" },
  out: { type: "string", default: "build/gpt" },
  temperature: { type: "string", default: "0.7" },
  sample: { type: "string", default: "800" },
  bits: { type: "string" },
  layers: { type: "string", default: "2" },
  heads: { type: "string", default: "4" },
  features: { type: "string", default: "64" },
  context: { type: "string", default: "64" },
  batch: { type: "string", default: "4" },
  rate: { type: "string", default: "0.005" },
  help: { type: "boolean" },
} as const;

/** A mistake of the caller, whose message is all that needs to be shown. */
export class UserError extends Error {}

/** The options, or the help text when that is asked for. */
export function parseOptions(args: readonly string[]): Options | string {
  const { values, tokens } = readCommandLine(args);
  if (values.help) return HELP;
  const whole = (
    name: "steps" | "seed" | "sample" | "layers" | "heads" | "features" | "context" | "batch",
    least = 1,
  ) => {
    const value = Number(values[name]);
    if (values[name]?.trim() === "" || !Number.isSafeInteger(value) || value < least) {
      throw new UserError(
        `--${name} must be a whole number of at least ${least}, not ${JSON.stringify(values[name])}.`,
      );
    }
    return value;
  };
  const number = (name: "temperature" | "rate") => {
    const value = Number(values[name]);
    if (values[name].trim() === "" || !Number.isFinite(value) || value < 0) {
      throw new UserError(`--${name} must be a number of at least 0, not ${JSON.stringify(values[name])}.`);
    }
    return value;
  };
  const bits = values.bits === undefined ? undefined : Number(values.bits);
  if (bits !== undefined && bits !== 4 && bits !== 8)
    throw new UserError(`--bits must be 8 or 4, not ${JSON.stringify(values.bits)}.`);
  const model = {
    layers: whole("layers"),
    heads: whole("heads"),
    features: whole("features"),
    context: whole("context", 2),
  };
  if (model.features % model.heads !== 0) {
    throw new UserError(`--features ${model.features} cannot be divided among ${model.heads} heads.`);
  }
  return {
    text: values.text,
    steps: values.steps === undefined ? undefined : whole("steps"),
    resume: values.resume ?? false,
    seed: whole("seed", 0),
    out: values.out,
    temperature: number("temperature"),
    sample: whole("sample", 0),
    bits,
    batch: whole("batch"),
    rate: number("rate"),
    model,
    given: new Set(tokens.flatMap((t) => (t.kind === "option" ? [t.name] : []))),
  };
}

function readCommandLine(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: KNOWN, tokens: true });
  } catch (e) {
    // Node's message goes on with advice about its own syntax; the first sentence says it
    const [sentence] = (e as Error).message.split(/\.\s/);
    throw new UserError(`${sentence.replace(/\.$/, "")}; --help lists the options.`);
  }
}
