/** Runs random functions against their laws. One at fault is shrunk and saved, for the everyday tests to try again. */
import { mkdirSync, writeFileSync } from "node:fs";
import { Rng } from "../../laws/random.js";
import { randomSource } from "./generate.js";
import { type Case, check, type Verdict } from "./laws.js";
import { shrinkText } from "./shrink.js";

/** The program of a seed: of four kinds. */
export function caseOf(seed: number): Case {
  const rng = new Rng(seed ^ 0x5eed);
  const kind = seed % 4;
  const integer = kind === 3;
  const fixed = seed % 8 === 1 || seed % 8 === 7;
  const text = randomSource({
    seed,
    integer,
    unbounded: kind === 2 || (kind === 3 && seed % 8 === 3),
    args: fixed ? ["x", "n"] : ["x", "y"],
    fixed: fixed ? ["n"] : [],
    statements: rng.int(3, 16),
  });
  const n = rng.int(0, 3);
  const points = Array.from({ length: 4 }, () => {
    const other = fixed ? n : integer ? rng.int(-9, 20) : rng.uniform(-3, 3);
    return [integer ? rng.int(-9, 20) : rng.uniform(-3, 3), other];
  });
  return { text, integer, fixed, reverse: kind === 0 || kind === 1, points };
}

const kindOf = (v: Verdict): string =>
  (v.message ?? v.refused ?? "")
    .replace(/[-+]?\d[\d.e+-]*|NaN|-?Infinity/g, "#")
    .replace(/[a-z]#/g, "v")
    .slice(0, 44);

/** A smaller program with a fault of the same kind. */
export function shrunk(c: Case, verdict: Verdict, milliseconds: number): Case {
  const kind = kindOf(verdict);
  const fails = (text: string): boolean => {
    try {
      return kindOf(check({ ...c, text })) === kind;
    } catch {
      return false;
    }
  };
  return { ...c, text: shrinkText(c.text, fails, milliseconds) };
}

export interface Summary {
  readonly failures: string[];
  readonly refused: Map<string, number>;
  judged: number;
  doubtful: number;
}

export function runBatch(o: {
  first: number;
  count: number;
  deadline?: number;
  folder?: URL;
  shrinkFor?: number;
  enough?: number;
}): Summary {
  const out: Summary = { failures: [], refused: new Map(), judged: 0, doubtful: 0 };
  for (let seed = o.first; seed < o.first + o.count && out.failures.length < (o.enough ?? 3); seed++) {
    if (Date.now() > (o.deadline ?? Number.POSITIVE_INFINITY)) {
      out.failures.push(`only ${seed - o.first} of ${o.count} programs in the time given`);
      break;
    }
    const c = caseOf(seed);
    const v = check(c);
    out.judged += v.judged;
    out.doubtful += v.doubtful;
    if (v.refused) {
      const code = /TW\d+/.exec(v.refused)?.[0] ?? "";
      out.refused.set(code, (out.refused.get(code) ?? 0) + 1);
    }
    if (v.message === undefined) continue;
    const small = shrunk(c, v, o.shrinkFor ?? 10_000);
    const message = check(small).message ?? v.message;
    out.failures.push(`seed ${seed}: ${message}\n${small.text}`);
    if (o.folder) {
      mkdirSync(o.folder, { recursive: true });
      writeFileSync(
        new URL(`${seed}.json`, o.folder),
        `${JSON.stringify({ message: message.split("\n")[0], ...small }, null, 1)}\n`,
      );
    }
  }
  return out;
}
