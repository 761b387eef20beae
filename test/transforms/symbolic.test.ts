/** Transforms of programs whose sizes are names give at every size what the transform of the program of that size gives. */
import { describe, expect, it } from "vitest";
import type { LazyProgram } from "../../src/ir/ops/index.js";
import { expectSame } from "../laws/compare.js";
import { fromValues } from "../../src/interpreter/array.js";
import { interpret } from "../../src/interpreter/index.js";
import { aval } from "../../src/ir/aval.js";
import { buildProgram } from "../../src/ir/builder.js";
import { type Dim, isStatic, substituteDim, SymDim, symbol } from "../../src/ir/dim.js";
import { type AnyEqn, type Atom, isVar, type Program, Var } from "../../src/ir/program.js";
import { verify } from "../../src/ir/verify.js";
import { batchProgram } from "../../src/transforms/vmap/index.js";
import { batch, forwardMode, reverse, valueAndReverse } from "../laws/fuzz/transform-laws.js";
import { randomInputs, randomProgram } from "../laws/fuzz-program.js";
import { toleranceOf } from "../laws/fuzz-tolerance.js";

type Core = Program<"core">;
type Sizes = ReadonlyMap<string, Dim>;

/** The program with numbers for the names of its sizes. */
function atSizes(p: Core, sizes: Sizes): Core {
  const vars = new Map<Var, Var>();
  const define = (v: Var): Var => {
    const made = new Var({ ...v.aval, shape: v.aval.shape.map((d) => substituteDim(d, sizes)) }, v.name);
    vars.set(v, made);
    return made;
  };
  const read = (a: Atom): Atom => (isVar(a) ? (vars.get(a) as Var) : a);
  const params = (v: unknown): unknown => {
    if (v instanceof SymDim) return substituteDim(v, sizes);
    if (Array.isArray(v)) return v.map(params);
    if (typeof v !== "object" || v === null) return v;
    if ("phase" in v) return atSizes(v as Core, sizes);
    if ("get" in v) return { ...v, get: () => atSizes((v as LazyProgram).get(), sizes) };
    return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, params(x)]));
  };
  const inputs = p.inputs.map(define);
  const eqns = p.eqns.map((e) => {
    const operands = e.inputs.map(read);
    return { ...e, inputs: operands, params: params(e.params), outputs: e.outputs.map(define) } as AnyEqn;
  });
  return { ...p, inputs, eqns, outputs: p.outputs.map(read) };
}

const SIZES: readonly Sizes[] = [
  [1, 1],
  [3, 4],
  [5, 2],
].map(
  ([n, m]) =>
    new Map<string, Dim>([
      ["n", n],
      ["m", m],
    ]),
);

/** The last input is not read: it tells a run both sizes, should no other input have them. */
function make(seed: number, kind: Kind): Core {
  const smooth = kind === "smooth";
  const p = randomProgram({ seed, symbolic: true, equations: 12, smooth, reversible: kind !== "any" });
  return { ...p, inputs: [...p.inputs, new Var(aval([symbol("n"), symbol("m")], "bool"))] };
}
const isSymbolic = (p: Core): boolean =>
  p.eqns.some((e) => e.outputs.some((v) => v.aval.shape.some((d) => !isStatic(d))));

function check(transform: (p: Core) => Core, p: Core, seed: number): void {
  const symbolic = transform(p);
  verify(symbolic);
  for (const sizes of SIZES) {
    const numbers = transform(atSizes(p, sizes));
    verify(numbers);
    const inputs = randomInputs(numbers, seed);
    const expected = interpret(numbers, inputs);
    expectSame(`seed ${seed} at ${[...sizes.values()]}`, interpret(symbolic, inputs), expected, toleranceOf(numbers));
  }
}

type Kind = "any" | "reversible" | "smooth";
const TRANSFORMS: [string, (p: Core) => Core, Kind, number][] = [
  ["jvp", forwardMode, "any", 30],
  ["vjp", valueAndReverse, "reversible", 30],
  ["vmap", batch, "any", 30],
  ["vmap of vjp", (p) => batch(reverse(p)), "reversible", 12],
  ["vmap of jvp", (p) => batch(forwardMode(p)), "any", 12],
  ["vjp of vmap", (p) => reverse(batch(p)), "reversible", 12],
  ["jvp of vjp", (p) => forwardMode(reverse(p)), "smooth", 12],
  ["vjp of vjp", (p) => reverse(reverse(p)), "smooth", 8],
];

describe("transforms of programs over named sizes", () => {
  for (const [name, transform, kind, count] of TRANSFORMS) {
    it(name, () => {
      let symbolic = 0;
      for (let seed = 0; seed < count; seed++) {
        const p = make(seed, kind);
        if (isSymbolic(p)) symbolic++;
        check(transform, p, seed);
      }
      expect(symbolic).toBeGreaterThan(count / 2);
    });
  }
  it("a batch may have a name for its size, too", () => {
    for (let seed = 0; seed < 20; seed++) {
      const p = make(seed, "reversible");
      const over = (q: Core, axisSize: Dim): Core =>
        batchProgram(q, { axisSize, inDims: q.inputs.map(() => 0), outDims: q.outputs.map(() => 0) }).program;
      const named = reverse(over(p, symbol("b")));
      verify(named);
      for (const [sizes, size] of SIZES.map((s, i) => [s, i + 1] as const)) {
        const numbers = reverse(over(atSizes(p, sizes), size));
        const inputs = randomInputs(numbers, seed);
        expectSame(`seed ${seed}`, interpret(named, inputs), interpret(numbers, inputs), toleranceOf(numbers));
      }
    }
  });
  it("a written slice's derivative reads whole axes of any size", () => {
    const write = buildProgram("write", [aval([6, 4], "f64"), aval([2, 4], "f64"), aval([], "i32")], (b, x, u, i) => [
      b.emit1("dynamic_update_slice", [x, u, i, b.scalar(3, "i32")], {}),
    ]);
    const over = (axisSize: Dim): Core =>
      reverse(batchProgram(write, { axisSize, inDims: [0, 1, null], outDims: [2] }).program);
    const named = over(symbol("b"));
    verify(named);
    for (const size of [1, 3]) {
      const numbers = over(size);
      for (const at of [-2, 1, 9]) {
        const inputs = randomInputs(numbers, size);
        inputs[2] = fromValues([], "i32", [at]);
        expectSame(`at ${at}`, interpret(named, inputs), interpret(numbers, inputs), { rel: 0, abs: 0 });
      }
    }
  });
});
