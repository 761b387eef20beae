/** `blockRef`: a reference to one block of an array, which moves along it. */
import { fail } from "../../diagnostics/error.js";
import { isFloat } from "../../ir/dtype.js";
import type { DType } from "../../ir/dtype.js";
import { add } from "../../numpy/elementwise.js";
import type { Tensor } from "../../tracer/tensor.js";
import { LibraryObject, toInteger, WholeLeaf } from "../interpret/values.js";
import { register } from "../../tree/index.js";
import { block, BlockIndex } from "./block-ref.js";
import { load, store } from "./memory.js";
import { checkOptions } from "./checks.js";
import type { KernelRef } from "./ref.js";
import type { Block, Ref } from "./types.js";
import { describeArgument, refOf } from "./values.js";

export interface BlockLoadOptions {
  /** What stands for elements outside of the array: 0 by default. */
  readonly padding?: "zero" | "nan" | number;
}

class BlockRefObject extends LibraryObject {
  constructor(
    readonly ref: KernelRef,
    readonly index: BlockIndex,
  ) {
    super();
  }
  get shape(): readonly number[] {
    return this.index.sizes;
  }
  get dtype(): DType {
    return this.ref.dtype;
  }
  override describe(): string {
    return `a blockRef of ${this.ref.name} with blocks [${this.index.sizes.join(", ")}]`;
  }
  load(options: BlockLoadOptions = {}): Block {
    checkOptions("load", options, ["padding"]);
    const { padding = "zero" } = options;
    if (padding === "nan" && !isFloat(this.ref.dtype)) {
      fail("TW2005", `load: ${this.ref.name} holds ${this.ref.dtype}, which has no NaN`, { help: "pad with a number" });
    }
    const other = padding === "zero" ? undefined : padding === "nan" ? Number.NaN : padding;
    return load(this.ref as unknown as Ref, this.index, other === undefined ? {} : { other });
  }
  store(value: Block): void {
    store(this.ref as unknown as Ref, this.index, value);
  }
  advance(by: readonly Block[]): BlockRefObject {
    const { offsets, sizes } = this.index;
    const steps: unknown = by;
    if (!Array.isArray(steps) || steps.length !== sizes.length) {
      fail(
        "TW8004",
        `advance: ${Array.isArray(steps) ? `${steps.length} numbers` : describeArgument(steps)} for a block of ${sizes.length} axes`,
        {
          help: `give a list of one number for each axis: advance([${sizes.map((n, k) => (k === 0 ? n : 0)).join(", ")}])`,
        },
      );
    }
    const { offsets: moves } = block(by, sizes);
    const moved = offsets.map((o, k) => {
      const [from, step] = [o.value, moves[k].value];
      if (step === 0) return o;
      const both = typeof from === "number" && typeof step === "number";
      const at = both ? from + step : add(whole(from), whole(step));
      return new WholeLeaf(at, both ? from + step >= 0 : o.notNegative && moves[k].notNegative);
    });
    return new BlockRefObject(this.ref, new BlockIndex(moved, sizes));
  }
}
const whole = (x: number | Tensor): number | Tensor => (typeof x === "number" ? x : toInteger(x));

// loops and branches hand on its offsets
register(BlockRefObject, {
  flatten: ({ ref, index: { offsets, sizes } }) => [offsets, [ref, ...sizes]],
  unflatten: (aux, offsets) => {
    const [ref, ...sizes] = aux as readonly [KernelRef, ...number[]];
    return new BlockRefObject(ref, new BlockIndex(offsets as WholeLeaf[], sizes));
  },
});

/** One block of an array. Elements of it outside of the array are not read, and not written. */
export interface BlockRef<D extends DType = DType> {
  /** Sizes of the block. */
  readonly shape: readonly number[];
  readonly dtype: D;
  load(options?: BlockLoadOptions): Block<D>;
  store(value: Block): void;
  /** The block that begins so many elements further on each axis. */
  advance(by: readonly Block[]): BlockRef<D>;
}

/**
 * The block of `sizes` whose first element is at `offsets`.
 *
 * @example const tile = blockRef(a, [i * BM, 0], [BM, BK]).load();
 */
export function blockRef<D extends DType>(
  ref: Ref<D>,
  offsets: Block | readonly Block[],
  sizes: number | readonly number[],
): BlockRef<D> {
  const target = refOf("blockRef", ref);
  const index = block(offsets, sizes);
  if (index.sizes.length !== target.rank) {
    fail("TW8004", `blockRef: a block of ${index.sizes.length} axes for ${target.name}, which has ${target.rank}`, {
      help: "give an offset and a size for each axis",
    });
  }
  return new BlockRefObject(target, index) as unknown as BlockRef<D>;
}
