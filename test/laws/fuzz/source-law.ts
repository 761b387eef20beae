/** What printSource writes is a program with the same results. */
import * as tw from "tilework";
import ts from "typescript";
import { sourceOf } from "../../../src/api/source/index.js";
import { interpret } from "../../../src/interpreter/index.js";
import { isStaticShape } from "../../../src/ir/dim.js";
import type { Program } from "../../../src/ir/program.js";
import { nestedPrograms } from "../../../src/ir/rewrite.js";
import { applyProgram } from "../../../src/tracer/frame.js";
import { traceFunction } from "../../../src/tracer/trace.js";
import { expectSame } from "../compare.js";
import { randomInputs } from "../fuzz-program.js";
import { toleranceOf } from "../fuzz-tolerance.js";
import type { Law } from "./transform-laws.js";

type F = (...args: never[]) => unknown;

/** The function that a printed module exports: its types are left out, not checked. */
export function loadPrinted(text: string): F {
  const js = ts.transpile(text, { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 });
  const body = js
    .replace(
      /import \{(.*?)\} from "tilework";/,
      (_, names: string) => `const {${names.replaceAll(" as ", ": ")}} = tw;`,
    )
    .replace(/export function (\S+?)\(/, "return function $1(");
  return (new Function("tw", body) as (t: typeof tw) => F)(tw);
}

/** Sizes in the text are numbers, and what has a rule for reverse mode only has no text. */
function isWritable(p: Program<"core">): boolean {
  return (
    [...p.inputs, ...p.eqns.flatMap((e) => e.outputs)].every((v) => isStaticShape(v.aval.shape)) &&
    p.eqns.every((e) => e.prim !== "custom_vjp_linear" && nestedPrograms(e).every(isWritable))
  );
}

export const sourceLaw: Law = (program, seed) => {
  if (!isWritable(program)) return;
  const specs = program.inputs.map((v) => new tw.ShapeDtype(v.aval.shape as number[], v.aval.dtype));
  const { text, captures } = sourceOf((...xs: tw.Tensor[]) => applyProgram(program, xs), specs);
  if (captures.length > 0) throw new Error(`the text asks for arrays from outside\n${text}`);
  const inputs = randomInputs(program, seed);
  const avals = program.inputs.map((v) => v.aval);
  let again: ReturnType<typeof traceFunction>;
  try {
    again = traceFunction(loadPrinted(text), avals, tw.tree.structure(avals.map(() => 0)), {
      kind: "shape",
      name: "f",
    });
  } catch (e) {
    throw new Error(`${e instanceof Error ? e.message : e}\n${text}`);
  }
  if (again.captures.length > 0) throw new Error(`the text makes arrays from outside\n${text}`);
  expectSame(text, interpret(again.program, inputs), interpret(program, inputs), toleranceOf(program));
};
