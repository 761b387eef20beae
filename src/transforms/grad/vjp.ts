/** Reverse mode: forward mode, cut into what inputs decide and what is linear in the tangents, and that part transposed. */
import { internal } from "../../diagnostics/error.js";
import { isFloat } from "../../ir/dtype.js";
import type { Atom, Program } from "../../ir/program.js";
import { prune } from "../../simplify/index.js";
import { jvpProgram } from "./jvp/index.js";
import { partialEval } from "./partial-eval/index.js";
import { Builder } from "../../ir/builder.js";
import { strong, zeros } from "./emit.js";
import { fill, flags, keep, memoize, not } from "./programs.js";
import { transposeLinear } from "./transpose/index.js";

type Core = Program<"core">;

export interface VjpResult {
  /** (…inputs) → (…outputs, …residuals). */
  readonly forward: Core;
  /** (…residuals, …cotangents of the float outputs) → (…cotangents of the inputs marked in `wrt`). */
  readonly backward: Core;
  readonly numResiduals: number;
}
const made = memoize<VjpResult>();

/** The value of a program and its transposed derivative in the inputs marked, which must be floats. */
export function vjpProgram(program: Core, wrt: readonly boolean[]): VjpResult {
  return made(program, flags(wrt), () => makeVjp(program, wrt));
}

function makeVjp(program: Core, wrt: readonly boolean[]): VjpResult {
  const n = program.inputs.length;
  const numOut = program.outputs.length;
  const numTangents = wrt.filter((w) => w).length;
  const { program: both, nonzeroOut } = jvpProgram(program, wrt);
  const isTangent = [...fill(n, false), ...fill(numTangents, true)];
  const wanted = both.outputs.map((_, i) => i >= numOut);
  const { known, unknown, unknownOut } = partialEval(both, isTangent, wanted);
  if (unknownOut.slice(0, numOut).includes(true)) internal(`vjp of ${program.name}: a result depends on tangents`);
  const numResiduals = unknown.inputs.length - numTangents;
  const linear = unknown.inputs.map((_, i) => i >= numResiduals);
  const { program: transposed, nonzeroIn } = transposeLinear(unknown, linear);

  // every float output has a cotangent and every input marked gets one, whatever depends on what
  const b = new Builder();
  b.inputs.push(...transposed.inputs.slice(0, numResiduals));
  let next = numResiduals;
  program.outputs.forEach((o, i) => {
    if (nonzeroOut[i]) b.inputs.push(transposed.inputs[next++]);
    else if (isFloat(o.aval.dtype)) b.input(strong(o.aval));
  });
  b.eqns.push(...transposed.eqns);
  next = 0;
  const marked = keep(program.inputs, wrt);
  const cotangents = marked.map((v, i): Atom => (nonzeroIn[i] ? transposed.outputs[next++] : zeros(b, v.aval)));
  const backward = b.finish(cotangents, `vjp(${program.name})`);

  // what the transpose does not read need not be kept
  const { used } = prune(
    backward,
    cotangents.map(() => true),
  );
  const usedResiduals = used.slice(0, numResiduals);
  const live = [...fill(numOut, true), ...usedResiduals];
  return {
    forward: { ...prune(known, live).program, name: program.name },
    backward: {
      ...backward,
      inputs: [...keep(backward.inputs.slice(0, numResiduals), usedResiduals), ...backward.inputs.slice(numResiduals)],
    },
    numResiduals: usedResiduals.filter((u) => u).length,
  };
}

/** (…inputs that are not linear, …cotangents of the outputs) → (…cotangents of the linear inputs, zeros instantiated). */
export function transposeProgram(program: Core, linear: readonly boolean[]): Core {
  const { known, unknown, unknownOut, residuals } = partialEval(program, linear);
  const isLinear = [...residuals.map(() => false), ...keep(linear, linear)];
  const transposed = transposeLinear(unknown, isLinear, {
    instantiate: fill(isLinear.filter((l) => l).length, true),
    strict: true,
  });
  const b = new Builder();
  const fixed = keep(program.inputs, not(linear)).map((v) => b.input(v.aval, v.name));
  const cts = program.outputs.map((o) => b.input(strong(o.aval)));
  const values = b.inline(known, fixed);
  const kept = values.slice(values.length - residuals.length);
  const outputs = b.inline(transposed.program, [...kept, ...keep(cts, unknownOut)]);
  return b.finish(outputs, transposed.program.name);
}
