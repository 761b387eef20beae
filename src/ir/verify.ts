/**
 * What must hold of every core program, checked after every pass in tests. A violation is a mistake of ours, shown with
 * the equations around it.
 */
import { internal } from "../diagnostics/error.js";
import { abstractEval } from "./abstract-eval/index.js";
import { type Aval, avalSame, printAval } from "./aval.js";
import { isInt, isWide } from "./dtype.js";
import { type Effects, joinEffects } from "./effects.js";
import { Names, printEqn } from "./print.js";
import { type AnyEqn, type Atom, avals, isVar, type Program, type Var } from "./program.js";
import { nestedPrograms } from "./rewrite.js";

/** Equations shown before and after the broken one. */
const CONTEXT = 10;

/**
 * Throws (an internal error) unless the program is in SSA form, closed, well-typed and honest about its effects; nested
 * programs included. Returns the program, so that it can stand around an expression.
 */
export function verify(program: Program<"core">, pass?: string): Program<"core"> {
  verifyProgram(program, { after: pass === undefined ? "" : ` after ${pass}`, path: "", seen: new Set() });
  return program;
}

interface Where {
  readonly after: string;
  readonly path: string;
  /** Programs that were verified already: one may be a parameter of several equations. */
  readonly seen: Set<Program<"core">>;
}

function verifyProgram(p: Program<"core">, where: Where): void {
  if (where.seen.has(p)) return;
  where.seen.add(p);
  const path = `${where.path}${where.path === "" ? "" : " › "}${p.name || "(anonymous)"}`;
  const broken = (index: number, why: string): never =>
    internal(`verify${where.after}: ${path}: ${why}\n${excerpt(p, index)}`);

  const bound = new Set<Var>();
  const bind = (v: Var, index: number): void => {
    if (bound.has(v)) broken(index, "a variable is defined twice");
    bound.add(v);
  };
  const read = (a: Atom, index: number, what: string): void => {
    if (isVar(a)) {
      if (!bound.has(a)) broken(index, `${what} is used before it is defined`);
    } else checkLiteral(a, (why) => broken(index, `${what}: ${why}`));
  };

  for (const v of p.inputs) bind(v, -1);
  p.eqns.forEach((eqn, index) => {
    eqn.inputs.forEach((a, i) => {
      read(a, index, `operand ${i} of ${eqn.prim}`);
    });
    for (const q of nestedPrograms(eqn)) verifyProgram(q, { ...where, path: `${path} › ${eqn.prim}` });
    const expected = evaluate(eqn, (why) => broken(index, why));
    const actual = avals(eqn.outputs);
    if (actual.length !== expected.outputs.length || actual.some((a, i) => !avalSame(a, expected.outputs[i]))) {
      broken(index, `${eqn.prim} gives ${list(expected.outputs)}, the program says ${list(actual)}`);
    }
    if (!sameEffects(eqn.effects, expected.effects)) {
      broken(
        index,
        `${eqn.prim} has the effects {${expected.effects.join()}}, the program says {${eqn.effects.join()}}`,
      );
    }
    for (const v of eqn.outputs) bind(v, index);
  });
  p.outputs.forEach((a, i) => {
    read(a, p.eqns.length, `output ${i}`);
  });
  const effects = joinEffects(...p.eqns.map((e) => e.effects));
  if (!sameEffects(effects, p.effects)) {
    broken(-1, `its equations have the effects {${effects.join()}}, the program says {${p.effects.join()}}`);
  }
}

function evaluate(eqn: AnyEqn, broken: (why: string) => never): { outputs: readonly Aval[]; effects: Effects } {
  try {
    return abstractEval(eqn.prim, avals(eqn.inputs), eqn.params as never, eqn.span);
  } catch (e) {
    return broken(e instanceof Error ? e.message : String(e));
  }
}

function checkLiteral(a: Atom, broken: (why: string) => never): void {
  if (isVar(a)) return;
  const { value, aval } = a;
  if (aval.shape.length !== 0) broken(`a literal is a scalar, not ${printAval(aval)}`);
  const fits =
    aval.dtype === "bool"
      ? typeof value === "boolean"
      : aval.dtype === "key"
        ? false
        : isWide(aval.dtype)
          ? typeof value === "bigint" || Number.isInteger(value)
          : typeof value === "number" && (!isInt(aval.dtype) || Number.isInteger(value));
  if (!fits) broken(`${typeof value} ${String(value)} is no literal of ${aval.dtype}`);
}

const list = (as: readonly Aval[]): string => `(${as.map(printAval).join(", ")})`;
function sameEffects(a: Effects, b: Effects): boolean {
  return a === b || [...a].sort().join() === [...b].sort().join();
}

/** The equations around `index`, the broken one marked; -1 is the head, one past the last the return. */
function excerpt(p: Program<"core">, index: number): string {
  const names = new Names();
  const head = `fn ${p.name}(${p.inputs.map((v) => `${names.of(v)}: ${printAval(v.aval)}`).join(", ")})`;
  // all are printed, so that names are those of the whole program
  const lines = p.eqns.map((e) => printEqn(e, names).split("\n")[0]);
  const from = Math.max(0, index - CONTEXT);
  const shown = lines.slice(from, Math.max(0, index) + CONTEXT + 1).map((line, i) => mark(from + i === index, line));
  const more = (n: number): string[] => (n > 0 ? [`    … ${n} more`] : []);
  const end = Math.min(lines.length, Math.max(0, index) + CONTEXT + 1);
  const results = p.outputs.map((a) => (isVar(a) ? names.of(a) : String(a.value))).join(", ");
  return [
    mark(index === -1, head),
    ...more(from),
    ...shown,
    ...more(lines.length - end),
    mark(index === p.eqns.length, `return ${results}`),
  ].join("\n");
}
const mark = (broken: boolean, line: string): string => `${broken ? "  > " : "    "}${line}`;
