/**
 * The fuzzer's long run over some of the flavours. TILEWORK_FUZZ is how many programs there are over all flavours (1000),
 * TILEWORK_FUZZ_SEED the first seed (1), TILEWORK_FUZZ_MINUTES when to give up (15; giving up is a failure that says how
 * far it came). Programs at fault are saved in test/golden/fuzz, from where test/laws/fuzz-replay.test.ts runs them again.
 */
import { describe, expect, it } from "vitest";
import { runBatch } from "../laws/fuzz/runner.js";
import type { Flavour } from "../laws/fuzz-flavours.js";

const PROGRAMS = Number(process.env["TILEWORK_FUZZ"] ?? 1000);
const FIRST = Number(process.env["TILEWORK_FUZZ_SEED"] ?? 1);
const MINUTES = Number(process.env["TILEWORK_FUZZ_MINUTES"] ?? 15);
const folder = new URL("../golden/fuzz/", import.meta.url);

export function fuzz(flavours: readonly Flavour[]): void {
  describe(`random programs from seed ${FIRST}`, () => {
    const deadline = Date.now() + MINUTES * 60_000;
    for (const flavour of flavours) {
      const count = Math.ceil((PROGRAMS * flavour.share) / 1000);
      it(`${count} of ${flavour.name}: ${flavour.laws.join(", ")}`, () => {
        expect(runBatch({ flavour, first: FIRST, count, deadline, folder }).join("\n\n")).toBe("");
      });
    }
  });
}
