/** Runs random programs against their laws. A program at fault is shrunk and saved, for fuzz-replay.test.ts to try again. */
import { mkdirSync, writeFileSync } from "node:fs";
import { parseProgram } from "../../../src/ir/parse.js";
import { printProgram } from "../../../src/ir/print.js";
import type { Program } from "../../../src/ir/program.js";
import { type Flavour, FLAVOURS } from "../fuzz-flavours.js";
import { LAWS, type LawName } from "../fuzz-laws.js";
import { shrink } from "./shrink.js";

type Core = Program<"core">;

/** What the law says against the program; undefined when it holds. */
export function failureOf(law: LawName, p: Core, seed: number): string | undefined {
  try {
    LAWS[law](p, seed);
    return undefined;
  } catch (e) {
    return e instanceof Error ? e.message : String(e);
  }
}

/** Errors of one kind, so that shrinking does not wander off to another fault. */
const kindOf = (message: string): string => message.replace(/[-+\d.e]+/g, "#").slice(0, 40);

/** A program with a failure of the same kind, as small as can be found in `milliseconds`. */
function shrunk(law: LawName, p: Core, seed: number, message: string, milliseconds: number): Core {
  const kind = kindOf(message);
  const fails = (q: Core): boolean => {
    const m = failureOf(law, q, seed);
    return m !== undefined && kindOf(m) === kind;
  };
  return shrink(p, fails, milliseconds);
}

export interface Batch {
  readonly flavour: Flavour;
  readonly first: number;
  readonly count: number;
  /** Gives up at this time, which is a failure too. */
  readonly deadline?: number;
  /** Where programs at fault are saved; left out: nowhere. */
  readonly folder?: URL;
  readonly shrinkFor?: number;
  /** Called after each program. */
  readonly progress?: (done: number) => void;
}

/** After so many failures of one flavour the rest would only repeat them. */
const ENOUGH = 3;

/** The failures, each as text with its shrunk program. */
export function runBatch(batch: Batch): string[] {
  const { flavour, first, count, deadline = Number.POSITIVE_INFINITY } = batch;
  const failures: string[] = [];
  for (let k = 0; k < count && failures.length < ENOUGH; k++) {
    if (Date.now() > deadline) {
      failures.push(`only ${k} of ${count} programs in the time given`);
      break;
    }
    const seed = first + k;
    const program = flavour.make(seed);
    for (const law of flavour.laws) {
      const message = failureOf(law, program, seed);
      if (message !== undefined) failures.push(report(law, program, seed, message, batch));
    }
    batch.progress?.(k + 1);
  }
  return failures;
}

/** The law, seed and program of a saved file. Rules that are not in the text come from the flavour and the seed again. */
export function readSaved(text: string): { law: LawName; seed: number; program: Core } {
  const [, law, seedText] = /^# law (.+), seed (\d+)$/m.exec(text) ?? [];
  if (!law || !(law in LAWS)) throw new Error(`no law is called ${law}`);
  const seed = Number(seedText);
  const lines = text.split("\n").filter((line) => !line.startsWith("#"));
  if (!text.includes("lazy<")) return { law: law as LawName, seed, program: parseProgram(lines.join("\n")) };
  const name = /^# flavour (.+)$/m.exec(text)?.[1];
  const flavour = FLAVOURS.find((f) => f.name === name);
  if (!flavour) throw new Error(`no flavour is called ${name}`);
  return { law: law as LawName, seed, program: flavour.make(seed) };
}

function report(law: LawName, program: Core, seed: number, message: string, batch: Batch): string {
  const small = shrunk(law, program, seed, message, batch.shrinkFor ?? 10_000);
  const text = printProgram(small);
  if (batch.folder) {
    mkdirSync(batch.folder, { recursive: true });
    const title = `# law ${law}, seed ${seed}\n# flavour ${batch.flavour.name}\n# ${message.split("\n")[0]}\n`;
    writeFileSync(new URL(`${law.replaceAll(" ", "-")}-${seed}.txt`, batch.folder), `${title}${text}\n`);
  }
  return `${batch.flavour.name}: law ${law} fails for seed ${seed}: ${failureOf(law, small, seed)}\n${text}`;
}
