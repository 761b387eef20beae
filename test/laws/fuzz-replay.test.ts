/**
 * A few random programs of every flavour against its laws, each time; and again every program that the long run ever
 * found at fault (test/golden/fuzz), for as long as its file is there.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readSaved, runBatch } from "./fuzz/runner.js";
import { FLAVOURS } from "./fuzz-flavours.js";
import { LAWS } from "./fuzz-laws.js";

/** Of so many programs, each flavour has its share. */
const PROGRAMS = 100;
const folder = new URL("../golden/fuzz/", import.meta.url);

describe(`${PROGRAMS} random programs`, () => {
  for (const flavour of FLAVOURS) {
    it(`${flavour.name}: ${flavour.laws.join(", ")}`, () => {
      const count = Math.ceil((PROGRAMS * flavour.share) / 1000);
      expect(runBatch({ flavour, first: 1_000_000, count, shrinkFor: 4000 }).join("\n\n")).toBe("");
    });
  }
});

describe("programs that were at fault once", () => {
  const saved = existsSync(folder) ? readdirSync(folder).filter((f) => f.endsWith(".txt")) : [];
  it("are kept by law and seed", () => {
    for (const f of saved) expect(f).toMatch(/^.+-\d+\.txt$/);
  });
  for (const f of saved) {
    it(f, () => {
      const { law, seed, program } = readSaved(readFileSync(new URL(f, folder), "utf8"));
      LAWS[law](program, seed);
    });
  }
});
