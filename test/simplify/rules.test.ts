/** Every rule by itself: what it does to its example, that it computes the same, and that the stable ones are right where the plain form is not. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { fromValues, generate, type NDArray } from "../../src/interpreter/array.js";
import { interpret } from "../../src/interpreter/index.js";
import { staticShape } from "../../src/ir/aval.js";
import { isFloat } from "../../src/ir/dtype.js";
import { parseProgram } from "../../src/ir/parse.js";
import { printProgram } from "../../src/ir/print.js";
import type { Program } from "../../src/ir/program.js";
import { verify } from "../../src/ir/verify.js";
import { type RuleName, RULES } from "../../src/simplify/rules/index.js";
import { makeSimplifier, simplify } from "../../src/simplify/simplify.js";
import type { Tolerance } from "../laws/cases/types.js";
import { expectSame } from "../laws/compare.js";
import { randomInputs } from "../laws/fuzz-program.js";
import { Rng } from "../laws/random.js";

const FILE = fileURLToPath(new URL("rules.md", import.meta.url));
const NAMES = Object.keys(RULES) as RuleName[];
const text = readFileSync(FILE, "utf8");
const sections = new Map(
  text
    .split(/^## /m)
    .slice(1)
    .map((s): [string, string[]] => {
      const [name] = s.split("\n", 1);
      return [name, [...s.matchAll(/```\n([\s\S]*?)\n```/g)].map((m) => m[1])];
    }),
);
const example = (name: string): string => sections.get(name)?.[0] ?? expect.fail(`rules.md has no example of ${name}`);
const rewritten = new Map(
  NAMES.map((name): [RuleName, Program<"core">] => [name, makeSimplifier([RULES[name]])(parseProgram(example(name)))]),
);

if (process.env["TILEWORK_UPDATE_GOLDENS"] === "1") {
  let updated = text.split(/^## /m)[0];
  for (const name of NAMES) {
    const after = printProgram(rewritten.get(name) ?? expect.fail());
    updated += `## ${name}\n\n\`\`\`\n${example(name)}\n\`\`\`\n\n\`\`\`\n${after}\n\`\`\`\n\n`;
    sections.set(name, [example(name), after]);
  }
  writeFileSync(FILE, `${updated.trimEnd()}\n`);
}

/** Rules that change values only where they would have been wrong, or that round differently. */
const ROUNDED: Tolerance = {
  f64: { rel: 1e-12, abs: 1e-12 },
  f32: { rel: 2e-6, abs: 1e-6 },
  f16: { rel: 2e-3, abs: 2e-3 },
  bf16: { rel: 2e-2, abs: 2e-2 },
};

describe("each rule", () => {
  it("has an example, and no example is of no rule", () => {
    expect([...sections.keys()].sort()).toEqual([...NAMES].sort());
  });
  for (const name of NAMES) {
    it(name, () => {
      const before = parseProgram(example(name));
      const after = verify(rewritten.get(name) ?? expect.fail(), name);
      expect(printProgram(after)).toBe(sections.get(name)?.[1]);
      expect(printProgram(after)).not.toBe(printProgram(before));
      for (let seed = 0; seed < 20; seed++) {
        const inputs = randomInputs(before, seed);
        expectSame(name, interpret(after, inputs), interpret(before, inputs), ROUNDED);
        expectSame(`${name}, all rules`, interpret(simplify(before), inputs), interpret(before, inputs), ROUNDED);
      }
    });
  }
});

/** 1/b times a NaN is a NaN as well, but 0/√∞ and the like have values of their own. */
const KEEP_EDGES = NAMES.filter((n) => !["log(exp x)", "log(exp s / b)"].includes(n));

describe("infinities, zeros and NaNs", () => {
  const SPECIAL = [0, 1, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 100, -100];
  it("come out as before", () => {
    for (const name of KEEP_EDGES) {
      const before = parseProgram(example(name));
      // loops that wait for a number do not end with a NaN
      if (before.eqns.some((e) => e.prim === "while")) continue;
      const after = rewritten.get(name) ?? expect.fail();
      for (let seed = 0; seed < 60; seed++) {
        const rng = new Rng(seed);
        const inputs = randomInputs(before, seed).map(
          (x): NDArray =>
            isFloat(x.dtype)
              ? generate(x.shape, x.dtype, (i) => (rng.chance(0.7) ? rng.pick(SPECIAL) : Number(x.data[i])))
              : x,
        );
        expectSame(
          `${name} of ${inputs.map((x) => String([...x.data]))}`,
          interpret(after, inputs),
          interpret(before, inputs).map((y, o) => {
            // what overflows in the plain form is what the stable one is for
            if (!/exp|log/.test(name)) return y;
            const is = interpret(after, inputs)[o];
            return generate(y.shape, y.dtype, (i) => (Number.isFinite(Number(y.data[i])) ? y.data[i] : is.data[i]));
          }),
          { rel: 1e-4, abs: 1e-4 },
        );
      }
    }
  });
});

/** The example's one result for one vector or scalar. */
function valueOf(name: RuleName, x: readonly number[]): number[] {
  const p = rewritten.get(name) ?? expect.fail();
  const shape = staticShape(p.inputs[0].aval);
  const [y] = interpret(p, [fromValues(shape, p.inputs[0].aval.dtype, x)]);
  return Array.from(y.data, Number);
}

describe("stable forms are right where the plain ones overflow or cancel", () => {
  it("log(exp x)", () => expect(valueOf("log(exp x)", [200, -200, 3])).toEqual([200, -200, 3]));
  it("log(1 + exp x): x for large x, exp x for very negative ones", () => {
    expect(valueOf("log(1 + exp x)", [1000])).toEqual([1000]);
    expect(valueOf("log(1 + exp x)", [-50])[0] / Math.exp(-50)).toBeCloseTo(1, 5);
    expect(valueOf("log1p(exp x)", [1000])).toEqual([1000]);
    expect(valueOf("log(1 + exp x)", [Number.POSITIVE_INFINITY])).toEqual([Number.POSITIVE_INFINITY]);
    expect(valueOf("log(1 + exp x)", [Number.NEGATIVE_INFINITY])).toEqual([0]);
    expect(valueOf("log(1 + exp x)", [Number.NaN])).toEqual([Number.NaN]);
  });
  it("log(1 + x) and exp(x) - 1 of tiny x", () => {
    expect(valueOf("log(1 + x)", [1e-12])[0]).toBeCloseTo(1e-12, 18);
    expect(valueOf("exp(x) - 1", [-1e-12])[0]).toBeCloseTo(-1e-12, 18);
  });
  it("logistic of very negative x", () => {
    expect(valueOf("1 / (1 + exp(-x))", [-80])[0] / Math.exp(-80)).toBeCloseTo(1, 5);
  });
  it("log-softmax of large logits", () => {
    const [a, b, c, d, e, f] = valueOf("log(exp s / b)", [1000, 1000, 1000, -1000, 0, 1000]);
    for (const x of [a, b, c]) expect(x).toBeCloseTo(-Math.log(3), 6);
    expect([d, e, f]).toEqual([-2000, -1000, 0]);
  });
  it("log Σ exp of large, very negative and infinite values", () => {
    const inf = Number.POSITIVE_INFINITY;
    const [a, b] = valueOf("log Σ exp x", [1000, 1000, 1000, -1000, -1000, -1000]);
    expect(a).toBeCloseTo(1000 + Math.log(3), 3);
    expect(b).toBeCloseTo(-1000 + Math.log(3), 3);
    expect(valueOf("log Σ exp x", [-inf, -inf, -inf, inf, 0, 0])).toEqual([-inf, inf]);
  });
});

describe("what must not be touched", () => {
  const unchanged = (body: string): void => {
    const p = parseProgram(body);
    expect(printProgram(simplify(p))).toBe(printProgram(p));
  };
  it("barriers are not looked through, nor merged", () => {
    unchanged(`fn f(x: f32[]) {
  a: f32[] = neg x
  b: f32[] = optimization_barrier a
  c: f32[] = optimization_barrier a
  d: f32[] = neg b
  return d, c
}`);
  });
  it("recomputation in a backward pass is not merged with what it recomputes", () => {
    unchanged(`fn f(x: f32[]) {
  a: f32[] = sin x
  b: f32[] = checkpoint[
    policy=null, prevent=true
    program=fn g(x: f32[]) {
      a: f32[] = sin x
      b: f32[] = cos a
      return b
    }
  ] x
  return a, b
}`);
  });
  it("a loop in a branch of a loop is not run when the branch is not", () => {
    unchanged(`fn f(n: f32[], x: f32[]) {
  a: f32[] = while[
    bodyConsts=1, condConsts=0
    body=fn body(n: f32[], x: f32[]) {
      w: f32[] = while[
        bodyConsts=0, condConsts=0
        body=fn inner(y: f32[]) {
          z: f32[] = sin y
          return z
        }
        cond=fn test(y: f32[]) {
          p: bool[] = lt y, 3:f32
          return p
        }
      ] n
      y: f32[] = add x, w
      return y
    }
    cond=fn test(x: f32[]) {
      p: bool[] = lt x, 9:f32
      return p
    }
  ] n, x
  return a
}`);
  });
  it("weakness of results", () => {
    const p = parseProgram(
      "fn f(x: ~f32[], y: f32[]) {\n  a: f32[] = convert_element_type[dtype=f32] x\n  b: ~f32[] = neg x\n  c: ~f32[] = neg b\n  return a, c\n}",
    );
    const q = simplify(p);
    expect(q.outputs.map((o) => o.aval.weak ?? false)).toEqual([false, true]);
  });
});
