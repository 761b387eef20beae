/** What a kernel rule may do: find its operands and results in memory, launch templates, and write parts of results. */
import type { DType } from "../../ir/dtype.js";
import type { Dim, Shape } from "../../ir/dim.js";
import type { Atom, Var } from "../../ir/program.js";
import type { TileProgram } from "../../ir/tile.js";
import type { View } from "../plan/view.js";
import type { Affine } from "./affine.js";
import type { Expander } from "./expand.js";
import type { Node } from "./node.js";

/** A loop nest that writes one value at places of its own choice. */
export interface Part {
  readonly dims: Shape;
  /** The value at an index of `dims`, where in the view it goes (a row-major position), and whether it is written. */
  readonly write: (
    x: Expander,
    index: readonly Affine[],
  ) => { readonly value: Node; readonly offset: Affine; readonly guard?: Node | null };
  readonly into: View;
  /** The values are summed over these axes of `dims`, which the place does not depend on. */
  readonly sum?: { readonly reduced: readonly boolean[]; readonly accumulate: DType };
  /** Iterations may meet at one place: they run in order, one at a time. */
  readonly serial?: boolean;
  /** Axes of `dims` along which iterations of a serial part never meet. */
  readonly apart?: readonly number[];
}

export interface KernelContext {
  /** Where an operand lies. */
  buffer(a: Atom): View;
  /** Where a result is to be written. */
  out(v: Var): View;
  /** Memory for this launch alone. */
  scratch(bytes: Dim, name: string): View;
  /** A kernel; `views` stand for its refs in their order (scratch refs included). */
  launch(kernel: TileProgram, views: readonly View[]): void;
  /** A kernel of one stage for each part, in order. */
  parts(name: string, parts: readonly Part[]): void;
  /** The result starts as a copy of `from`: in place when nobody else needs it any more. */
  startFrom(result: View, from: View): void;
}
