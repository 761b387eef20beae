/**
 * The fuzzer: random programs against the laws. TILEWORK_FUZZ is how many programs (1000), TILEWORK_FUZZ_SEED the first
 * seed (1), TILEWORK_FUZZ_MINUTES when to give up (15; giving up is a failure that says how far it came). A failing
 * program is shrunk, printed with its seed and saved in test/golden/fuzz, from where test/laws/fuzz-replay.test.ts runs
 * it again.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Program } from "../../src/ir/program.js";
import { shrink } from "../laws/fuzz/shrink.js";
import { judged, LAWS, type Law } from "../laws/fuzz-laws.js";
import { FLAVOURS, type Flavour } from "../laws/fuzz-flavours.js";

const PROGRAMS = Number(process.env["TILEWORK_FUZZ"] ?? 1000);
const FIRST = Number(process.env["TILEWORK_FUZZ_SEED"] ?? 1);
const MINUTES = Number(process.env["TILEWORK_FUZZ_MINUTES"] ?? 15);
/** After so many failures of one flavour the rest would only repeat them. */
const ENOUGH = 3;

const failureOf = (law: Law, p: Program<"core">, seed: number): string | undefined => {
  try {
    law(p, seed);
    return undefined;
  } catch (e) {
    return e instanceof Error ? e.message : String(e);
  }
};
/** Errors of one kind, so that shrinking does not wander off to another fault. */
const kindOf = (message: string): string => message.replace(/[-+\d.e]+/g, "#").slice(0, 40);

/** The shrunk program as text, saved under a name that says which law and seed. */
async function report(name: string, law: Law, p: Program<"core">, seed: number, message: string): Promise<string> {
  const kind = kindOf(message);
  const fails = (q: Program<"core">): boolean => {
    const m = failureOf(law, q, seed);
    return m !== undefined && kindOf(m) === kind;
  };
  const small = shrink(p, fails, 10_000);
  const { printProgram } = await import("../../src/ir/print.js");
  const text = printProgram(small);
  const folder = new URL("../golden/fuzz/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    new URL(`${name}-${seed}.txt`, folder),
    `# law ${name}, seed ${seed}\n# ${message.split("\n")[0]}\n${text}\n`,
  );
  return `law ${name} fails for seed ${seed}: ${failureOf(law, small, seed)}\n${text}`;
}

async function fuzz(flavour: Flavour): Promise<void> {
  const share = Math.ceil(PROGRAMS / FLAVOURS.length);
  const deadline = Date.now() + (MINUTES * 60_000) / FLAVOURS.length;
  const failures: string[] = [];
  for (let k = 0; k < share && failures.length < ENOUGH; k++) {
    if (Date.now() > deadline) throw new Error(`only ${k} of ${share} programs in the time given`);
    const seed = FIRST + k;
    const program = flavour.make(seed);
    for (const name of flavour.laws) {
      const message = failureOf(LAWS[name], program, seed);
      if (message !== undefined) failures.push(await report(name, LAWS[name], program, seed, message));
    }
  }
  if (failures.length > 0) throw new Error(failures.join("\n\n"));
}

describe(`${PROGRAMS} random programs from seed ${FIRST}`, () => {
  for (const flavour of FLAVOURS) it(`${flavour.name}: ${flavour.laws.join(", ")}`, () => fuzz(flavour));

  it("finite differences could judge most of what they saw", () => {
    expect(judged.elements).toBeGreaterThan(PROGRAMS);
    expect(judged.doubtful / judged.elements).toBeLessThan(0.1);
  });
});
