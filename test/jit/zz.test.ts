import { test } from "vitest";
import { sized, sizedLaw } from "../laws/fuzz/compiler-laws.js";
import { FLAVOURS } from "../laws/fuzz-flavours.js";
import { printProgram } from "../../src/ir/print.js";
const from = Number(process.env.FROM ?? 1), count = Number(process.env.COUNT ?? 20);
test("x", () => {
  const f = FLAVOURS.find((x) => x.name === "sizes with names")!;
  const errors = new Map<string, number[]>();
  for (let seed = from; seed < from + count; seed++) {
    const p = f.make(seed);
    try { sizedLaw(p, seed); } catch (e) {
      const m = String((e as Error).message).split("\n")[0].slice(0, 150) + (process.env.STACK ? (e as Error).stack!.split("\n").slice(0, 9).join("\n") : "");
      errors.set(m, [...(errors.get(m) ?? []), seed]);
      if (count === 1) { console.log(printProgram(p)); console.log((e as Error).stack); }
    }
  }
  console.log(sized.compiled, "compiled");
  for (const [k, v] of [...sized.refused].sort((a, b) => b[1] - a[1])) console.log(v, k);
  for (const [k, v] of errors) console.log("FAIL", v.slice(0, 5).join(), v.length, k);
}, 100000);
