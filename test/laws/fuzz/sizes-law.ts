/** Traces of a program at a few sizes give back a program that is right at others. */
import { interpret } from "../../../src/interpreter/index.js";
import { type Aval, aval } from "../../../src/ir/aval.js";
import { type Dim, substituteDim, symbol, SymDim } from "../../../src/ir/dim.js";
import { type AnyEqn, type Atom, isVar, type Program, Var } from "../../../src/ir/program.js";
import { makeEqn } from "../../../src/ir/rewrite.js";
import { valueOf } from "../../../src/ir/size.js";
import { verify } from "../../../src/ir/verify.js";
import { generalise, match, type Sizes, withHoles } from "../../../src/transforms/sizes/index.js";
import { expectSame } from "../compare.js";
import { randomInputs } from "../fuzz-program.js";
import { toleranceOf } from "../fuzz-tolerance.js";
import type { Law } from "./transform-laws.js";

type Core = Program<"core">;

/** The program with numbers for its names. */
export function atSizes(p: Core, sizes: ReadonlyMap<string, Dim>): Core {
  const shape = (a: Aval): Aval =>
    aval(
      a.shape.map((d) => substituteDim(d, sizes)),
      a.dtype,
      a.weak === true,
    );
  const vars = new Map<Var, Var>();
  const define = (v: Var, a: Aval = shape(v.aval)): Var => {
    const made = new Var(a, v.name);
    vars.set(v, made);
    return made;
  };
  const read = (a: Atom): Atom => (isVar(a) ? (vars.get(a) as Var) : a);
  const value = (v: unknown): unknown => {
    if (v instanceof SymDim) return substituteDim(v, sizes);
    if (Array.isArray(v)) return v.map(value);
    if (typeof v !== "object" || v === null) return v;
    if ("phase" in v) return atSizes(v as Core, sizes);
    if ("get" in v) return v;
    return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, value(x)]));
  };
  const inputs = p.inputs.map((v) => define(v));
  const eqns = p.eqns.map((e): AnyEqn => {
    const eqn = makeEqn(e.prim, e.inputs.map(read), value(e.params) as never, e.span);
    e.outputs.forEach((v, i) => {
      vars.set(v, eqn.outputs[i]);
    });
    return eqn;
  });
  return { ...p, inputs, eqns, outputs: p.outputs.map(read) };
}

const sizesOf = (n: number, m: number): Sizes =>
  new Map([
    ["n", n],
    ["m", m],
  ]);

/** How many programs came back, and how many follow no simple formula. */
export const seen = { same: 0, other: 0, refused: 0 };

export const sizesLaw: Law = (program, seed) => {
  // one more input tells a run both sizes, should no other have them
  const told = { ...program, inputs: [...program.inputs, new Var(aval([symbol("n"), symbol("m")], "bool"))] };
  const samples = [sizesOf(7, 4), sizesOf(8, 6), sizesOf(15, 9)].map((sizes) => ({
    sizes,
    program: atSizes(told, sizes),
  }));
  const made = generalise(
    ["n", "m"],
    samples,
    told.inputs.map((v) => v.aval),
  );
  if (!made.template) {
    seen.refused++;
    return;
  }
  const open = verify(withHoles(made.template, 0), "generalise");
  for (const [n, m] of [
    [2, 3],
    [9, 2],
    [11, 14],
  ]) {
    const sizes = sizesOf(n, m);
    const expected = atSizes(told, sizes);
    const matched = match(made.template, expected, sizes);
    if (!matched.holes) {
      seen.other++;
      continue;
    }
    seen.same++;
    if (matched.holes.length > 0) throw new Error("these programs hold no scalars of their sizes");
    const inputs = randomInputs(told, seed, (d) => valueOf(d, sizes));
    expectSame("at other sizes", interpret(open, inputs), interpret(expected, inputs), toleranceOf(expected));
  }
};
