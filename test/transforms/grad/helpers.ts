/** The laws of derivatives for one program at one point, in the interpreter. */
import { generate, type NDArray, zeros } from "../../../src/interpreter/array.js";
import { interpret } from "../../../src/interpreter/index.js";
import { buildProgram } from "../../../src/ir/builder.js";
import { isFloat } from "../../../src/ir/dtype.js";
import type { Program } from "../../../src/ir/program.js";
import { verify } from "../../../src/ir/verify.js";
import { jvpProgram, vjpProgram } from "../../../src/transforms/grad/index.js";
import { finiteDifference } from "../../laws/finite-difference.js";
import { Rng } from "../../laws/random.js";

type Core = Program<"core">;
export type Tangents = readonly (NDArray | undefined)[];

export function numbers(x: NDArray): number[] {
  return Array.from(x.data as ArrayLike<number | bigint>, Number);
}
export function random(like: NDArray, rng: Rng): NDArray {
  return generate(like.shape, like.dtype, () => rng.uniform(-1, 1));
}
export function tangentsFor(inputs: readonly NDArray[], marked: readonly boolean[], seed: number): Tangents {
  const rng = new Rng(seed ^ 0x1a9);
  return inputs.map((x, i) => (marked[i] ? random(x, rng) : undefined));
}
export const present = (xs: Tangents): NDArray[] => xs.filter((x) => x !== undefined);

/** Results, and a tangent for each float result. */
export function runJvp(
  p: Core,
  inputs: readonly NDArray[],
  tangents: Tangents,
): { outputs: NDArray[]; dots: NDArray[] } {
  const { program, nonzeroOut } = jvpProgram(
    p,
    tangents.map((t) => t !== undefined),
  );
  verify(program, "jvp");
  const results = interpret(program, [...inputs, ...present(tangents)]);
  const outputs = results.slice(0, p.outputs.length);
  let next = p.outputs.length;
  const dots = outputs.flatMap((y, i) =>
    nonzeroOut[i] ? [results[next++]] : isFloat(y.dtype) ? [zeros(y.shape, y.dtype)] : [],
  );
  return { outputs, dots };
}
/** Results, and a cotangent for each marked input; `seed` gives the float results' cotangents. */
export function runVjp(
  p: Core,
  inputs: readonly NDArray[],
  marked: readonly boolean[],
  seed: (outputs: readonly NDArray[]) => readonly NDArray[],
): { outputs: NDArray[]; cotangents: NDArray[] } {
  const { forward, backward, numResiduals } = vjpProgram(p, marked);
  verify(forward, "vjp");
  verify(backward, "vjp");
  const all = interpret(forward, inputs);
  const outputs = all.slice(0, all.length - numResiduals);
  const cotangents = interpret(backward, [...all.slice(outputs.length), ...seed(outputs)]);
  return { outputs, cotangents };
}
export const floats = (xs: readonly NDArray[]): NDArray[] => xs.filter((x) => isFloat(x.dtype));
export function cotangentsFor(outputs: readonly NDArray[], seed: number): NDArray[] {
  const rng = new Rng(seed ^ 0x77b);
  return floats(outputs).map((y) => random(y, rng));
}

/** Σ xᵢ yᵢ and Σ |xᵢ yᵢ|. */
export function inner(xs: readonly NDArray[], ys: readonly NDArray[]): { sum: number; size: number } {
  if (xs.length !== ys.length) throw new Error(`${xs.length} arrays against ${ys.length}`);
  let [sum, size] = [0, 0];
  xs.forEach((x, k) => {
    if (x.shape.join() !== ys[k].shape.join()) throw new Error(`[${x.shape}] against [${ys[k].shape}]`);
    const [a, b] = [numbers(x), numbers(ys[k])];
    a.forEach((v, i) => {
      sum += v * b[i];
      size += Math.abs(v * b[i]);
    });
  });
  return { sum, size };
}

/** The jvp's tangents are finite differences, its results those of the program; f64 only. */
export function expectJvp(
  p: Core,
  inputs: readonly NDArray[],
  tangents: Tangents,
  rel = 1e-6,
  skip: readonly number[] = [],
): void {
  const { outputs, dots } = runJvp(p, inputs, tangents);
  const expected = interpret(p, inputs);
  const { derivative } = finiteDifference(p, inputs, tangents);
  let next = 0;
  expected.forEach((y, o) => {
    same(`result ${o}`, outputs[o], y);
    if (!isFloat(y.dtype)) return;
    const dot = dots[next++];
    const want = derivative[o];
    if (skip.includes(o) || !want) return;
    const scale = Math.max(1, ...numbers(want).map(Math.abs));
    numbers(want).forEach((d, i) => {
      const is = Number(dot.data[i]);
      if (!(Math.abs(is - d) <= rel * 10 * scale))
        throw new Error(`tangent ${o}[${i}] is ${is}, finite differences give ${d}`);
    });
  });
}
function same(what: string, x: NDArray, y: NDArray): void {
  const [a, b] = [numbers(x), numbers(y)];
  b.forEach((v, i) => {
    const fits = Object.is(a[i], v) || Math.abs(a[i] - v) <= 1e-9 * (1 + Math.abs(v));
    if (!fits) throw new Error(`${what}[${i}] is ${a[i]} instead of ${v}`);
  });
}

/** ⟨c, jvp(t)⟩ = ⟨vjp(c), t⟩. */
export function expectTransposed(
  p: Core,
  inputs: readonly NDArray[],
  tangents: Tangents,
  seed: number,
  rel = 1e-10,
): void {
  const marked = tangents.map((t) => t !== undefined);
  let cts: NDArray[] = [];
  const { outputs, cotangents } = runVjp(p, inputs, marked, (ys) => {
    cts = cotangentsFor(ys, seed);
    return cts;
  });
  interpret(p, inputs).forEach((y, o) => same(`result ${o}`, outputs[o], y));
  const left = inner(cts, runJvp(p, inputs, tangents).dots);
  const right = inner(cotangents, present(tangents));
  if (!(Math.abs(left.sum - right.sum) <= rel * (1 + left.size + right.size))) {
    throw new Error(`⟨c, jvp(t)⟩ = ${left.sum}, ⟨vjp(c), t⟩ = ${right.sum}`);
  }
}

/** Reverse mode as one program: (…inputs, …cotangents of float results) → (…cotangents of the marked inputs). */
export function reverse(p: Core, marked: readonly boolean[]): Core {
  const { forward, backward, numResiduals } = vjpProgram(p, marked);
  const outs = p.outputs.map((o) => o.aval).filter((a) => isFloat(a.dtype));
  return buildProgram("reverse", [...p.inputs.map((v) => v.aval), ...outs], (b, ...xs) => {
    const all = b.inline(forward, xs.slice(0, p.inputs.length));
    return b.inline(backward, [...all.slice(all.length - numResiduals), ...xs.slice(p.inputs.length)]);
  });
}
