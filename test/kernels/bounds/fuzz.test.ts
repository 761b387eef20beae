/**
 * Random index expressions over program ids, lanes, counters of loops and data, under random masks, on small arrays: after the guard
 * no access is out of bounds (the interpreter checks each one), where the check finds a mistake there is one, and compiled code,
 * whose memory is watched, does what the interpreter does.
 */
import { expect, test } from "vitest";
import { isTileworkError } from "../../../src/diagnostics/error.js";
import { fromValues } from "../../../src/interpreter/array.js";
import { interpret } from "../../../src/interpreter/index.js";
import { aval } from "../../../src/ir/aval.js";
import type { AnyEqn, Atom, Program, Var } from "../../../src/ir/program.js";
import { verify } from "../../../src/ir/verify.js";
import { checkKernel } from "../../../src/simplify/bounds/check.js";
import { guardKernels } from "../../../src/simplify/bounds/guard.js";
import { simplify } from "../../../src/simplify/index.js";
import { runCompiled } from "../../jit/run.js";
import { expectSame } from "../../laws/compare.js";
import { Rng } from "../../laws/random.js";
import { Blocks, f32, kernelProgram } from "../block-programs.js";

type Core = Program<"core">;
type Kernel = Extract<AnyEqn, { prim: "kernel_call" }>;
const i32 = (...shape: number[]) => aval(shape, "i32");
const ADVERSARIES = [-(2 ** 31), 2 ** 31 - 1, -1, 0, 1, 5, 1 << 20, -(1 << 20), 2 ** 30, 13];

const below = (rng: Rng, n: number): number => rng.int(0, n - 1);

/** An i32 block of random making. */
function expression(k: Blocks, rng: Rng, leaves: readonly Atom[], depth: number): Atom {
  const [lanes] = leaves[leaves.length - 1].aval.shape as number[];
  const leaf = (): Atom => k.to(below(rng, 4) === 0 ? k.scalar(below(rng, 12) - 4, "i32") : rng.pick(leaves), [lanes]);
  if (depth === 0) return leaf();
  const sub = (): Atom => expression(k, rng, leaves, depth - 1);
  const small = (): Atom => k.scalar(1 + below(rng, 5), "i32");
  const op = (name: "add" | "sub" | "mul" | "div" | "rem" | "min" | "max", a: Atom, b: Atom): Atom =>
    k.op(name, ...k.pair(a, b));
  switch (below(rng, 12)) {
    case 0:
    case 1:
      return op("add", sub(), sub());
    case 2:
      return op("sub", sub(), sub());
    case 3:
      return op("mul", sub(), below(rng, 4) === 0 ? sub() : k.scalar(below(rng, 9) - 3, "i32"));
    case 4:
      return op("div", sub(), small());
    case 5:
      return op("rem", sub(), below(rng, 3) === 0 ? op("max", sub(), k.scalar(1, "i32")) : small());
    case 6:
      return op("min", sub(), sub());
    case 7:
      return op("max", sub(), sub());
    case 8: {
      return k.select(condition(k, rng, leaves, 0), sub(), sub());
    }
    case 9: {
      const q = k.op("div", ...k.pair(k.convert(sub(), "f32"), 1 + below(rng, 4)));
      return k.convert(k.op("floor", q), "i32");
    }
    case 10:
      return k.emit1("rev", [sub()], { axes: [0] });
    default:
      return k.op("and", ...k.pair(sub(), 7));
  }
}
function condition(k: Blocks, rng: Rng, leaves: readonly Atom[], depth: number): Atom {
  if (depth > 0) {
    const [a, b] = [0, 1].map(() => condition(k, rng, leaves, depth - 1));
    const which = below(rng, 4);
    if (which === 0) return k.op("or", a, b);
    if (which === 1) return k.op("not", a);
    return k.op("and", a, b);
  }
  const compare = (["lt", "le", "gt", "ge", "eq", "ne"] as const)[below(rng, 6)];
  const x = expression(k, rng, leaves, below(rng, 2));
  return k.op(compare, ...k.pair(x, below(rng, 14) - 1));
}
/** Often what guards an index: 0 ≤ i < n, or a part of it. */
function mask(k: Blocks, rng: Rng, leaves: readonly Atom[], index: readonly Atom[], shape: readonly number[]): Atom {
  let m: Atom = condition(k, rng, leaves, below(rng, 2));
  index.forEach((i, a) => {
    if (below(rng, 3) > 0) m = k.op("and", m, k.bin("ge", i, 0));
    if (below(rng, 3) > 0) m = k.op("and", m, k.bin("lt", i, shape[a] + (below(rng, 6) === 0 ? 1 : 0)));
  });
  return m;
}

function randomKernel(seed: number): Core {
  const rng = new Rng(seed);
  const shape = [3 + below(rng, 9), 2 + below(rng, 5)].slice(0, 1 + below(rng, 2));
  const lanes = 1 + below(rng, 8);
  const grid = [1 + below(rng, 4), 1 + below(rng, 3)];
  return kernelProgram(
    "k",
    [f32(...shape), i32(16)],
    [f32(64), f32(...shape)],
    grid,
    (k, [x, data], [p, q], [out, free]) => {
      const read = k.load(data, [k.bin("min", k.arange(lanes), 15)]);
      const leaves: Atom[] = [p, q, ...(below(rng, 2) === 0 ? [read] : []), k.arange(lanes), k.arange(lanes)];
      const access = (b: Blocks, from: readonly Atom[]): { at: Atom[]; mask: Atom | undefined } => {
        const at = shape.map(() => expression(b, rng, from, 1 + below(rng, 3)));
        return { at, mask: below(rng, 5) === 0 ? undefined : mask(b, rng, from, at, shape) };
      };
      // a loop with a pointer that advances
      const s = new Blocks();
      const consts = leaves.map((a) => s.input(a.aval));
      const X = s.input(x.aval);
      const [i, acc] = [s.input(i32()), s.input(f32(lanes))];
      const inner = access(s, [i, ...consts]);
      const by = below(rng, 7) - 3;
      const body = s.finish([s.bin("add", i, by), s.add(acc, s.load(X, inner.at, inner.mask))], "step");
      const [, sum] = k.emit("scan", [...leaves, x, k.scalar(below(rng, 9) - 2, "i32"), k.full([lanes], 0, "f32")], {
        body,
        length: 1 + below(rng, 4),
        reverse: below(rng, 2) === 0,
        numConsts: leaves.length + 1,
        numCarry: 2,
      });
      const one = access(k, leaves);
      const v = k.add(k.load(x, one.at, one.mask), sum);
      const place = k.bin("add", k.bin("mul", k.bin("add", k.bin("mul", p, grid[1]), q), lanes), k.arange(lanes));
      const done = k.store(out, [place], v, k.bin("lt", place, 64));
      // what is stored here is the same everywhere: programs and lanes may meet
      const two = access(k, leaves);
      return [done, k.store(free, two.at, k.full([lanes], 1, "f32"), two.mask)];
    },
    [true, true],
  );
}

const inputsOf = (p: Core, seed: number) =>
  p.inputs.map((v: Var, k) => {
    const rng = new Rng(seed + k);
    const size = (v.aval.shape as number[]).reduce((a, b) => a * b, 1);
    const pick = (): number => (v.aval.dtype === "i32" ? ADVERSARIES[below(rng, ADVERSARIES.length)] : below(rng, 100));
    return fromValues(v.aval.shape as number[], v.aval.dtype, Array.from({ length: size }, pick));
  });

const SEEDS = Array.from({ length: Number(process.env.TILEWORK_FUZZ ?? 150) }, (_, i) => i);

test("guarded kernels stay within their arrays; findings are mistakes", () => {
  let found = 0;
  let untouched = 0;
  for (const seed of SEEDS) {
    const program = randomKernel(seed);
    verify(program);
    const inputs = inputsOf(program, seed);
    const safe = guardKernels(program);
    verify(safe);
    interpret(safe, inputs);
    if (safe === program) untouched++;
    const eqn = program.eqns.find((e) => e.prim === "kernel_call") as Kernel;
    try {
      checkKernel(eqn.params);
    } catch (e) {
      if (!isTileworkError(e)) throw e;
      if (e.code !== "TW8101") continue;
      found++;
      expect(() => interpret(program, inputs), `${seed}: ${e.message}`).toThrow();
    }
  }
  expect(found).toBeGreaterThan(SEEDS.length / 20);
  expect(untouched).toBeGreaterThan(0);
});

test("compiled code does what the guarded kernel says", () => {
  for (const seed of SEEDS.slice(0, 25)) {
    const program = randomKernel(seed);
    const inputs = inputsOf(program, seed);
    const want = interpret(guardKernels(program), inputs);
    expectSame(`seed ${seed}`, runCompiled(simplify(program), inputs).outputs, want, { rel: 1e-6, abs: 1e-6 });
  }
});
