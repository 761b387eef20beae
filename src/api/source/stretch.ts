/** Values that np's functions stretch by themselves: what stands for a value that was made larger only to meet another one. */
import type { AnyEqn } from "../../ir/program.js";
import type { Operand } from "./spell.js";

type Extra = Partial<Operand> | undefined;

/** What is known of an expression that stands where it is used, besides its text. */
export function narrowed(eqn: AnyEqn, [x]: readonly Operand[], { text }: { readonly text: string }): Extra {
  switch (eqn.prim) {
    case "broadcast_in_dim": {
      const { dims, shape } = eqn.params;
      if (x.number !== undefined) return { text, number: x.number };
      return { narrow: stretched(x, dims, shape.length) };
    }
    case "reshape": {
      const axes = insertedAxes(eqn.params.shape, x.shape);
      return axes ? { whole: { operand: x, axes } } : undefined;
    }
    default:
      return undefined;
  }
}

/** The operand with axes of size 1 where it is stretched; axes before its own need none. */
export function stretched(x: Operand, dims: readonly number[], rank: number): Operand {
  const lead = dims[0] ?? rank;
  const axes = Array.from({ length: rank - lead }, (_, i) => i).filter((i) => !dims.includes(i + lead));
  if (axes.length === 0) return x;
  return expanded(x, axes);
}

/** `x` with axes of size 1 at these places of the result. */
export function expanded(x: Operand, axes: readonly number[]): Operand {
  const shape: unknown[] = [...x.shape];
  for (const a of axes) shape.splice(a, 0, 1);
  const same = (list: readonly number[] | undefined): boolean => String(list) === String(axes);
  if (x.whole && same(x.whole.axes)) return { ...x.whole.operand, shape };
  if (x.kept && same(x.kept.axes)) return { text: x.kept.text, dtype: x.dtype, shape };
  return {
    text: `${x.text}.expandDims(${axes.length === 1 ? axes[0] : `[${axes.join(", ")}]`})`,
    dtype: x.dtype,
    shape,
  };
}

/** The axes of size 1 by which `to` has more than `from`, if that is all. */
export function insertedAxes(from: readonly unknown[], to: readonly unknown[]): number[] | undefined {
  if (to.length <= from.length) return undefined;
  const axes: number[] = [];
  let at = 0;
  to.forEach((d, i) => {
    if (at < from.length && from[at] === d && to.length - i >= from.length - at) {
      // of equal sizes the first are taken; what is left over must be 1
      if (d !== 1 || to.length - i === from.length - at) {
        at++;
        return;
      }
    }
    if (d === 1) axes.push(i);
  });
  return at === from.length && axes.length === to.length - from.length ? axes : undefined;
}
