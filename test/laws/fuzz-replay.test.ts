/**
 * A few random programs of every flavour against its laws, each time; and again every program that the long run ever
 * found at fault (test/golden/fuzz), for as long as its file is there.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseProgram } from "../../src/ir/parse.js";
import { FLAVOURS } from "./fuzz-flavours.js";
import { LAWS, type LawName } from "./fuzz-laws.js";

const PROGRAMS = 25;
const folder = new URL("../golden/fuzz/", import.meta.url);

describe(`${PROGRAMS} random programs`, () => {
  for (const flavour of FLAVOURS) {
    it(`${flavour.name}: ${flavour.laws.join(", ")}`, () => {
      for (let seed = 0; seed < PROGRAMS; seed++) {
        const program = flavour.make(seed);
        for (const name of flavour.laws) expect(() => LAWS[name](program, seed), `${name}, seed ${seed}`).not.toThrow();
      }
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
      const text = readFileSync(new URL(f, folder), "utf8");
      const [, name, seed] = /^# law (.+), seed (\d+)$/m.exec(text) ?? [];
      const program = parseProgram(
        text
          .split("\n")
          .filter((line) => !line.startsWith("#"))
          .join("\n"),
      );
      LAWS[name as LawName](program, Number(seed));
    });
  }
});
