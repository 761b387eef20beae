/** Laws of the transforms: each throws when it does not hold. Operands, tangents and axes come from the seed. */
import { generate, type NDArray, zeros } from "../../../src/interpreter/array.js";
import { interpret } from "../../../src/interpreter/index.js";
import { buildProgram } from "../../../src/ir/builder.js";
import { isFloat } from "../../../src/ir/dtype.js";
import type { Program } from "../../../src/ir/program.js";
import { verify } from "../../../src/ir/verify.js";
import { jvpProgram, partialEval, vjpProgram } from "../../../src/transforms/grad/index.js";
import { batchProgram } from "../../../src/transforms/vmap/index.js";
import { expectSame, stackArrays } from "../compare.js";
import { finiteDifference } from "../finite-difference.js";
import { randomInputs } from "../fuzz-program.js";
import { toleranceOf } from "../fuzz-tolerance.js";
import { Rng } from "../random.js";

type Core = Program<"core">;
export type Law = (program: Core, seed: number) => void;

export function floatInputs(p: Core): boolean[] {
  return p.inputs.map((v) => isFloat(v.aval.dtype));
}

const BATCH = 3;

/** vmap(f) = the stack of f of each element, some operands shared by all. */
export const vmapLaw: Law = (program, seed) => {
  const rng = new Rng(seed);
  const mapped = program.inputs.map(() => rng.chance(0.7));
  if (!mapped.includes(true)) mapped.fill(true);
  const elements = Array.from({ length: BATCH }, (_, k) => randomInputs(program, seed + 1000 * k));
  for (const e of elements.slice(1)) e.forEach((_, i) => !mapped[i] && (e[i] = elements[0][i]));
  const batched = batchProgram(program, {
    axisSize: BATCH,
    inDims: mapped.map((m) => (m ? 0 : null)),
    outDims: program.outputs.map(() => 0),
  });
  const inputs = mapped.map((m, i) => (m ? stackArrays(elements.map((e) => e[i])) : elements[0][i]));
  const each = elements.map((e) => interpret(program, e));
  const expected = program.outputs.map((_, o) => stackArrays(each.map((r) => r[o])));
  expectSame("vmap = stack", interpret(batched.program, inputs), expected, toleranceOf(program));
};

/** A direction for every float operand. */
export function randomTangents(inputs: readonly NDArray[], seed: number): (NDArray | undefined)[] {
  const rng = new Rng(seed ^ 0x7a46);
  return inputs.map((x) => (isFloat(x.dtype) ? generate(x.shape, x.dtype, () => rng.uniform(-1, 1)) : undefined));
}

/** The jvp of all float operands: results, and a tangent (zeros where there is none) for each float result. */
function runJvp(
  program: Core,
  inputs: readonly NDArray[],
  tangents: readonly (NDArray | undefined)[],
): { outputs: NDArray[]; tangents: NDArray[] } {
  const { program: jvp, nonzeroOut } = jvpProgram(program, floatInputs(program));
  verify(jvp, "jvp");
  const given = tangents.filter((t): t is NDArray => t !== undefined);
  const results = interpret(jvp, [...inputs, ...given]);
  const outputs = results.slice(0, program.outputs.length);
  const moved = results.slice(program.outputs.length);
  let next = 0;
  const all = outputs.map((y, o) => (nonzeroOut[o] ? moved[next++] : zeros(y.shape, y.dtype)));
  return { outputs, tangents: all.filter((_, o) => isFloat(outputs[o].dtype)) };
}

/** How many elements finite differences could judge, and how many had a kink too near: the fuzzer checks that it judges most. */
export const judged = { elements: 0, doubtful: 0 };

/** jvp's results are the program's, its tangents are finite differences (f64 programs). */
export const jvpLaw: Law = (program, seed) => {
  const inputs = randomInputs(program, seed);
  const directions = randomTangents(inputs, seed);
  const { outputs, tangents } = runJvp(program, inputs, directions);
  const expected = interpret(program, inputs);
  expectSame("jvp's primal results", outputs, expected, toleranceOf(program));
  const { derivative, doubt } = finiteDifference(program, inputs, directions);
  let float = 0;
  expected.forEach((y, o) => {
    if (!isFloat(y.dtype)) return;
    const tangent = tangents[float++];
    const [d, kink] = [derivative[o], doubt[o]];
    if (!d || !kink) return;
    const scale = Math.max(1, ...Array.from(d.data as Float64Array, Math.abs));
    for (let i = 0; i < d.data.length; i++) {
      judged.elements++;
      const [is, should, unsure] = [Number(tangent.data[i]), Number(d.data[i]), Number(kink.data[i])];
      if (!(unsure < 1e-5 * scale)) judged.doubtful++;
      else if (!(Math.abs(is - should) < 1e-4 * scale + 10 * unsure)) {
        throw new Error(`jvp = finite difference: result ${o}, element ${i}: ${is} instead of ${should}`);
      }
    }
  });
};

/** ⟨c, jvp(t)⟩ = ⟨vjp(c), t⟩, and the forward program's results are the program's (f64 programs without while). */
export const vjpLaw: Law = (program, seed) => {
  const wrt = floatInputs(program);
  const inputs = randomInputs(program, seed);
  const directions = randomTangents(inputs, seed);
  const { forward, backward } = vjpProgram(program, wrt);
  verify(forward, "vjp");
  verify(backward, "vjp");
  const results = interpret(forward, inputs);
  const outputs = results.slice(0, program.outputs.length);
  expectSame("vjp's forward results", outputs, interpret(program, inputs), toleranceOf(program));
  const rng = new Rng(seed ^ 0xc07a);
  const cotangents = outputs
    .filter((y) => isFloat(y.dtype))
    .map((y) => generate(y.shape, y.dtype, () => rng.uniform(-1, 1)));
  const back = interpret(backward, [...results.slice(program.outputs.length), ...cotangents]);
  const { tangents } = runJvp(program, inputs, directions);
  const [left, leftSize] = inner(cotangents, tangents);
  const [right, rightSize] = inner(
    back,
    directions.filter((t): t is NDArray => t !== undefined),
  );
  const scale = 1 + Math.max(leftSize, rightSize);
  if (!(Math.abs(left - right) <= 1e-9 * scale)) throw new Error(`⟨c, jvp(t)⟩ = ⟨vjp(c), t⟩: ${left} and ${right}`);
};

/** A program cut in two, whatever is unknown, gives what it gives in one piece. */
export const partialEvalLaw: Law = (program, seed) => {
  const rng = new Rng(seed ^ 0x9a17);
  const unknown = program.inputs.map(() => rng.chance(0.5));
  const forced = program.outputs.map(() => rng.chance(0.3));
  const parts = partialEval(program, unknown, forced);
  verify(parts.known, "partial evaluation");
  verify(parts.unknown, "partial evaluation");
  const inputs = randomInputs(program, seed);
  const known = interpret(
    parts.known,
    inputs.filter((_, i) => !unknown[i]),
  );
  const residuals = known.slice(known.length - parts.residuals.length);
  const late = interpret(parts.unknown, [...residuals, ...inputs.filter((_, i) => unknown[i])]);
  let [k, u] = [0, 0];
  const results = parts.unknownOut.map((isUnknown) => (isUnknown ? late[u++] : known[k++]));
  expectSame("partial evaluation", results, interpret(program, inputs), toleranceOf(program));
};

/** Σ xᵢyᵢ and Σ |xᵢyᵢ|. */
function inner(xs: readonly NDArray[], ys: readonly NDArray[]): [number, number] {
  if (xs.length !== ys.length) throw new Error(`${xs.length} arrays against ${ys.length}`);
  let [sum, size] = [0, 0];
  xs.forEach((x, k) => {
    if (x.shape.join() !== ys[k].shape.join()) throw new Error(`[${x.shape.join()}] against [${ys[k].shape.join()}]`);
    for (let i = 0; i < x.data.length; i++) {
      const product = Number(x.data[i]) * Number(ys[k].data[i]);
      sum += product;
      size += Math.abs(product);
    }
  });
  return [sum, size];
}

/** All of reverse mode as one program: (…inputs, …cotangents of float results) → (…results, …cotangents of float inputs). */
export function valueAndReverse(program: Core): Core {
  const { forward, backward } = vjpProgram(program, floatInputs(program));
  const floats = program.outputs.filter((o) => isFloat(o.aval.dtype)).map((o) => o.aval);
  return buildProgram("reverse", [...program.inputs.map((v) => v.aval), ...floats], (b, ...xs) => {
    const results = b.inline(forward, xs.slice(0, program.inputs.length));
    const residuals = results.slice(program.outputs.length);
    return [
      ...results.slice(0, program.outputs.length),
      ...b.inline(backward, [...residuals, ...xs.slice(program.inputs.length)]),
    ];
  });
}
/** … → (…cotangents of float inputs). */
export function reverse(program: Core): Core {
  const both = valueAndReverse(program);
  return { ...both, outputs: both.outputs.slice(program.outputs.length) };
}
/** Forward mode as one program: (…inputs, …tangents of float inputs) → (…results, …tangents). */
export function forwardMode(program: Core): Core {
  return jvpProgram(program, floatInputs(program)).program;
}
/** The program over a batch on every operand's first axis. */
export function batch(program: Core): Core {
  return batchProgram(program, {
    axisSize: BATCH,
    inDims: program.inputs.map(() => 0),
    outDims: program.outputs.map(() => 0),
  }).program;
}
