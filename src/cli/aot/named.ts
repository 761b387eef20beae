/**
 * The program over named sizes that a function is, for modules that serve all sizes. The function is traced at a few sizes; what
 * follows them is found as for `jit`, and checked at further ones. There is no trace when the program runs.
 */
import { fail } from "../../diagnostics/error.js";
import { aval } from "../../ir/aval.js";
import { type Dim, dimProduct, symbol } from "../../ir/dim.js";
import type { Literal, Program } from "../../ir/program.js";
import { type NamedSize, valueOf, withSizes } from "../../ir/size.js";
import { guardForAllSizes } from "../../lowering/plan/handed-over.js";
import { Tensor } from "../../tracer/tensor.js";
import type { Traced } from "../../tracer/trace.js";
import { generalise, match, type Sizes, withHoles } from "../../transforms/sizes/index.js";

/** A scalar that follows the sizes: a size, or one over it. */
export interface SizedScalar {
  readonly aval: Literal["aval"];
  readonly size: Dim;
  readonly inverse: boolean;
}
export interface NamedProgram {
  readonly program: Program<"core">;
  readonly traced: Traced;
  readonly sizes: readonly NamedSize[];
  /** Inputs after those that are closed over. */
  readonly scalars: readonly SizedScalar[];
}

/** Times the first sizes; numbers with many divisors, so that functions which divide sizes take them, and above what blocks hold. */
const SAMPLES = [
  [1, 1, 1, 1],
  [2, 3, 5, 7],
  [500, 300, 200, 1100],
];
/** Sizes at which the program is compared with the trace, where the function takes them. */
const CHECKED = [2, 3, 7, 16, 33, 100, 1000, 5040];
/** What heuristics take a size for. */
const HINT = 32;

/** `traceAt` gives undefined where the function does not take the sizes. */
export function nameSizes(
  label: string,
  first: ReadonlyMap<string, number>,
  shapes: readonly (readonly (number | string)[])[],
  traceAt: (sizes: Sizes) => Traced | undefined,
): NamedProgram {
  const names = [...first.keys()];
  const at = (numbers: readonly number[]): Sizes => new Map(names.map((n, i) => [n, numbers[i]]));
  const refuse = (why: string): never =>
    fail("TW6002", `${label} is not one program for all sizes: ${why}`, {
      help: "give the sizes as numbers, or build the function for each of them",
    });
  const safe = ({ program }: Traced): Program<"core"> => guardForAllSizes(program);
  const samples: { readonly sizes: Sizes; readonly traced: Traced; readonly program: Program<"core"> }[] = [];
  const sample = (sizes: Sizes): void => {
    const traced = traceAt(sizes) ?? refuse(`it does not take ${printSizes(sizes)}`);
    samples.push({ sizes, traced, program: safe(traced) });
  };
  for (const times of SAMPLES) sample(at([...first.values()].map((n, i) => n * times[i % times.length])));
  const [{ traced }] = samples;
  const sources = traced.captures.map((c) => Tensor.source(c));
  for (const s of samples)
    if (
      s.traced.captures.length !== sources.length ||
      s.traced.captures.some((c, i) => Tensor.source(c) !== sources[i])
    )
      refuse("what it closes over depends on the sizes");

  const avals = traced.program.inputs.slice(sources.length).map(({ aval: a }, i) =>
    aval(
      shapes[i].map((d) => (typeof d === "string" ? symbol(d) : d)),
      a.dtype,
      a.weak === true,
    ),
  );
  const bounded = (least: (i: number) => number): NamedSize[] =>
    names.map((name, i) => ({ name, atLeast: least(i), hint: HINT }));
  const made = withSizes(
    bounded(() => 2),
    () => generalise(names, samples, avals),
  );
  if (!made.template) return refuse(made.reason);
  const { template } = made;

  const scalars = template.holes.map((hole, i): SizedScalar => {
    const values = samples.map((s) => {
      const matched = match(template, s.program, s.sizes);
      return Number(matched.holes?.[i] ?? refuse(matched.reason ?? ""));
    });
    const candidates = scalarCandidates(names, template.program);
    const found = candidates.flatMap((size) =>
      [false, true].map((inverse): SizedScalar => ({ aval: hole.aval, size, inverse })),
    );
    const follows = (c: SizedScalar): boolean =>
      samples.every((s, k) => sameScalar(values[k], scalarAt(c, s.sizes), hole.aval.dtype));
    return found.find(follows) ?? refuse(`a number in it is ${values.join(", ")} at some sizes`);
  });

  const isCase = (sizes: Sizes): boolean | string => {
    const other = traceAt(sizes);
    if (!other) return false;
    const matched = match(template, safe(other), sizes);
    if (!matched.holes) return matched.reason;
    const wrong = scalars.some((s, i) => !sameScalar(Number(matched.holes[i]), scalarAt(s, sizes), s.aval.dtype));
    return wrong ? "a number in it follows the sizes in another way" : true;
  };
  for (const n of CHECKED) {
    const sizes = at(names.map((_, i) => n + i));
    const found = isCase(sizes);
    if (typeof found === "string") refuse(`${found} at ${printSizes(sizes)}`);
  }
  // at size 1 many functions are another program: what has it broadcasts, and axes of it are left out
  const least = (i: number): number => (isCase(at(names.map((_, k) => (k === i ? 1 : 24 + k)))) === true ? 1 : 2);
  return { program: withHoles(template, sources.length), traced, sizes: bounded(least), scalars };
}

/** Sizes that a number may be: those of arrays in the program, and how many elements they have. */
function scalarCandidates(names: readonly string[], program: Program<"core">): readonly Dim[] {
  const found = new Map<string, Dim>(names.map((n) => [n, symbol(n)]));
  const note = (d: Dim): void => {
    if (typeof d !== "number") found.set(String(d), d);
  };
  for (const v of [...program.inputs, ...program.eqns.flatMap((e) => e.outputs)]) {
    for (const d of v.aval.shape) note(d);
    note(dimProduct(v.aval.shape));
  }
  return [...found.values()];
}

function scalarAt({ size, inverse }: SizedScalar, sizes: Sizes): number {
  const n = valueOf(size, sizes);
  return inverse ? 1 / n : n;
}
/** Equal as numbers of the dtype. */
function sameScalar(a: number, b: number, dtype: string): boolean {
  return dtype === "f32" ? Math.fround(a) === Math.fround(b) : a === b;
}

const printSizes = (sizes: Sizes): string => [...sizes].map(([name, n]) => `${name} = ${n}`).join(", ");
