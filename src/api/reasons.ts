/** Why a program was compiled, for people. */
import { type Aval, printAval } from "../ir/aval.js";
import { argumentName } from "../tracer/trace.js";
import type { Variant } from "./promotion.js";

/** A compiled signature, or one that is about to be. */
interface Compiled {
  readonly key: string;
  /** Types of the arguments' arrays. */
  readonly inputs: readonly Aval[];
}

/** Why these arguments were not served by what was compiled before. */
export function recompileReason(
  history: readonly Compiled[],
  { inputs, key }: Compiled,
  args: readonly unknown[],
): string {
  const last = history[history.length - 1];
  if (!last) return "first call";
  const before = last.inputs;
  if (before.length !== inputs.length)
    return `the arguments hold ${inputs.length} arrays, the last call's held ${before.length}`;
  for (let i = 0; i < inputs.length; i++) {
    const was = printAval(before[i]);
    const is = printAval(inputs[i]);
    if (was !== is) return `${argumentName("", args, i)} is ${is}, it was ${was}`;
  }
  return key === last.key ? "the cache was full" : "a static argument or the structure of an argument changed";
}

/** Axes of the arguments that are `name`. */
export function axesOf(inputs: readonly Aval[], name: string, args: readonly unknown[]): string[] {
  return inputs.flatMap((a, i) =>
    a.shape.flatMap((d, k) => (String(d) === name ? [`axis ${k} of ${argumentName("", args, i)}`] : [])),
  );
}

/** Which axes became dynamic, at which sizes. */
export function promotionReason(variant: Variant, args: readonly unknown[], mismatch: string): string {
  const seen = variant.sizes.map(({ name }) => {
    const i = variant.inputs.findIndex((a) => a.shape.some((d) => String(d) === name));
    const k = variant.inputs[i].shape.findIndex((d) => String(d) === name);
    const sizes = [...new Set(variant.cases.filter((c) => c.seen).map((c) => String(c.inputs[i].shape[k])))];
    const axes = axesOf(variant.inputs, name, args);
    const where = axes.length > 3 ? `${axes.slice(0, 2).join(", ")} and ${axes.length - 2} more` : axes.join(", ");
    return sizes.length > 1
      ? `${where} seen as ${sizes.join(" and ")}: dynamic, as ${name}`
      : `${where} dynamic, as ${name}`;
  });
  return `${seen.join("; ")}${mismatch ? `; ${mismatch}` : ""}`;
}
