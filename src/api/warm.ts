/**
 * The path of repeated calls: arguments whose structure and types are those of the call before need no keys, and the lists that a
 * call needs are used again, so that what is left for the garbage collector is the results alone.
 */
import { type Aval, avalSame } from "../ir/aval.js";
import type { Executable } from "../jit/execute.js";
import { ArrayCell } from "../runtime/heap.js";
import { leafTensor } from "../tracer/leaf.js";
import { Tensor } from "../tracer/tensor.js";
import { argumentName } from "../tracer/trace.js";
import type { Callback } from "../transforms/sizes/index.js";
import * as tree from "../tree/index.js";
import { backend } from "./backend.js";
import type { Variant } from "./promotion.js";

/** What calls with arguments of certain types run. */
export interface WarmSignature {
  /** Types of the arguments' leaves. */
  readonly inputs: readonly Aval[];
  /** Operands that come before the arguments. */
  readonly captures: readonly Tensor[];
  readonly outTree: tree.TreeDef;
  readonly values: readonly number[];
  readonly variant: Variant | undefined;
  readonly callbacks: readonly Callback[];
}

/** The answer to arguments of another structure or of other types. */
export const OTHER = Symbol("other arguments");

const isOwnTensor = (x: object): boolean => x instanceof Tensor;
function sameAval(a: Aval, b: Aval): boolean {
  return avalSame(a, b) && !a.weak === !b.weak;
}

export class WarmCall<S extends WarmSignature> {
  /** Leaves of the arguments, which become the cells of all operands; empty between calls, so that nothing is kept alive. */
  readonly #operands: unknown[];
  readonly #outputs: ArrayCell[];
  readonly #results: Tensor[];
  /** A callback of a call may call the function again. */
  #isRunning = false;

  constructor(
    readonly label: string,
    readonly signature: S,
    readonly inTree: tree.TreeDef,
    /** Compiles it, the first time. */
    readonly executable: (signature: S) => Executable,
  ) {
    this.#operands = new Array(signature.captures.length + signature.inputs.length);
    this.#outputs = new Array(signature.outTree.numLeaves);
    this.#results = new Array(signature.outTree.numLeaves);
  }

  /** The function's result for these arguments; OTHER, with nothing done, where they are not as those that are known. */
  call(args: readonly unknown[]): unknown {
    if (this.#isRunning) return OTHER;
    const { signature } = this;
    this.#isRunning = true;
    try {
      if (!this.#gather(args)) return OTHER;
      const operands = this.#operands as ArrayCell[];
      const executable = this.executable(signature);
      if (!signature.variant) executable.run(operands, signature.values, this.#outputs);
      else {
        // a callback may call this function again, at other sizes
        const { callbacks } = signature.variant.template;
        const { current } = callbacks;
        callbacks.current = signature.callbacks;
        try {
          executable.run(operands, signature.values, this.#outputs);
        } finally {
          callbacks.current = current;
        }
      }
      for (let i = 0; i < this.#outputs.length; i++) this.#results[i] = new Tensor(this.#outputs[i]);
      return tree.unflatten(signature.outTree, this.#results);
    } finally {
      this.#isRunning = false;
      this.#operands.fill(undefined);
      (this.#outputs as unknown[]).fill(undefined);
      (this.#results as unknown[]).fill(undefined);
    }
  }

  /** The operands' cells, in their places; false where an argument is another one. */
  #gather(args: readonly unknown[]): boolean {
    const operands = this.#operands;
    const { captures, inputs } = this.signature;
    const first = captures.length;
    if (tree.matchLeaves(this.inTree, args, isOwnTensor, operands, first) !== operands.length) return false;
    for (let i = 0; i < inputs.length; i++) {
      const x = operands[first + i];
      const expected = inputs[i];
      if (x instanceof Tensor) {
        if (x.aval !== expected && !sameAval(x.aval, expected)) return false;
      } else if (typeof x !== "number" || !expected.weak || expected.dtype !== "f32" || expected.shape.length > 0) {
        // numbers are weak f32 scalars: what every other leaf is, others find out
        return false;
      }
    }
    for (let i = 0; i < first; i++) operands[i] = this.#cell(captures[i], i - first, args);
    for (let i = first; i < operands.length; i++) {
      const x = operands[i];
      operands[i] = this.#cell(x instanceof Tensor ? x : leafTensor(x, () => ""), i - first, args);
    }
    return true;
  }

  #cell(x: Tensor, leaf: number, args: readonly unknown[]): ArrayCell {
    const source = Tensor.source(x);
    if (source instanceof ArrayCell && source.state === "live") return source;
    return backend.own(source.cell(`${this.label}: ${inputName(leaf, args)}`));
  }
}

/** The name of an operand in errors: a leaf of the arguments, or a capture where that is negative. */
export function inputName(leaf: number, args: readonly unknown[]): string {
  return leaf < 0 ? "an array that the function closes over" : argumentName("", args, leaf);
}
