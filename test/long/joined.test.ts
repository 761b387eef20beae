/**
 * Random programs on an engine that joins pairs of vectors (docs/PERFORMANCE.md, The shape of loops): results must have the bits that the
 * same modules give without. TILEWORK_FUZZ is how many of each kind, and names each before it is compiled, so that one
 * that stops the process is known; TILEWORK_FUZZ_SEED is the first seed.
 */
import { writeSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { init } from "../../src/index.js";
import { engineTarget } from "../../src/jit/engine.js";
import { SHARE } from "../../src/lowering/shares.js";
import { Rng, seedOf } from "../laws/random.js";
import { ARRAYS } from "./joined/arrays.js";
import { difference, watchModules } from "./joined/compare.js";
import { ELEMENTWISE } from "./joined/elementwise.js";
import { PROGRAMS } from "./joined/programs.js";

const ASKED = process.env["TILEWORK_FUZZ"];
const CASES = Number(ASKED ?? 24);
const FIRST = Number(process.env["TILEWORK_FUZZ_SEED"] ?? 1);

const { wide } = engineTarget();
if (!wide) console.warn("JOINED PAIRS ARE NOT TESTED here: it takes Node 24 (npm run test:engines) and AVX2");

it.skipIf(process.env["TILEWORK_TEST_WIDE"] !== "1")("the engine joins pairs of vectors", () => {
  expect(wide).toBe(true);
});

describe.skipIf(!wide)("joined pairs of vectors compute what single ones do", () => {
  const { breakEven, grain } = SHARE;
  beforeAll(async () => {
    watchModules();
    await init({ threads: 2 });
  });
  afterAll(() => {
    Object.assign(SHARE, { breakEven, grain });
  });

  it.each(Object.entries({ ...ELEMENTWISE, ...ARRAYS, ...PROGRAMS }))("%s", async (kind, make) => {
    for (let seed = FIRST; seed < FIRST + CASES; seed++) {
      const made = make(new Rng((seed ^ seedOf(kind)) >>> 0));
      if (ASKED) writeSync(2, `seed ${seed}: ${made.label}\n`);
      // every other one is shared by two threads, however small
      Object.assign(SHARE, seed % 2 === 0 ? { breakEven: 0, grain: 0 } : { breakEven, grain });
      expect(difference(made), `seed ${seed}`).toBe(undefined);
      // workers receive modules while the caller rests
      if (seed % 8 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
  });
});
