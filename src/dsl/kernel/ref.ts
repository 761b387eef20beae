/** References to arrays in a kernel. What one refers to is a value that stores replace, carried by branches and loops as variables are. */
import { fail } from "../../diagnostics/error.js";
import type { SpanRef } from "../../diagnostics/span.js";
import { type Aval, printAval } from "../../ir/aval.js";
import type { DType } from "../../ir/dtype.js";
import type { Tensor } from "../../tracer/tensor.js";
import { Binding, state, write } from "../interpret/region.js";
import { LibraryObject } from "../interpret/values.js";

/**
 * - input: an argument, which is read only;
 * - out: what the kernel gives;
 * - scratch: memory that a program has for itself.
 */
export type RefKind = "input" | "out" | "scratch";

export class KernelRef extends LibraryObject {
  readonly aval: Aval;
  readonly #binding: Binding;
  constructor(
    readonly name: string,
    readonly kind: RefKind,
    value: Tensor,
  ) {
    super();
    this.aval = value.aval;
    // it belongs to no function: a return leaves what was stored
    this.#binding = new Binding(name, value, true, state.region, undefined);
  }
  /** Sizes of the axes, known when the kernel is traced. */
  get shape(): readonly number[] {
    return this.aval.shape as readonly number[];
  }
  /** Number of axes. */
  get rank(): number {
    return this.aval.shape.length;
  }
  get ndim(): number {
    return this.aval.shape.length;
  }
  get dtype(): DType {
    return this.aval.dtype;
  }
  /** Number of elements. */
  get size(): number {
    return this.shape.reduce((a, b) => a * b, 1);
  }

  /** @internal The array as it is now. */
  get contents(): Tensor {
    return this.#binding.value as Tensor;
  }
  /** @internal */
  replace(value: Tensor, place?: SpanRef): void {
    write(this.#binding, value, place);
  }

  override toString(): string {
    return `Ref<${printAval(this.aval)}>`;
  }
  override checkAccess(access: "read" | "write", key: unknown): void {
    if (access === "read" && typeof key === "string" && key in this) return;
    const element = typeof key !== "string" || /^\d+$/.test(key);
    const shown = element ? `an element of ${this.name}` : `${this.name}.${key}`;
    const first = typeof key === "number" || (element && typeof key === "string") ? String(key) : "i";
    const index = `[${this.shape.map((_, i) => (i === 0 ? first : `i${i}`)).join(", ")}]`;
    const read = `load(${this.name}, ${index})`;
    const [verb, help] =
      access === "read"
        ? ["read as that of a list", `load it: ${read}`]
        : this.kind === "input"
          ? ["assigned; an argument of a kernel is read only", `store to an out: store(out, ${index}, value)`]
          : ["assigned; that would not reach the array", `store it: store(${this.name}, ${index}, value)`];
    fail("TW8002", `${shown}, a reference to ${printAval(this.aval)}, is ${verb}`, { help });
  }
  /** Operators land here. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === "string") return this.toString();
    return fail("TW8002", `an operator met ${this.name}, which is a reference to ${printAval(this.aval)}`, {
      help: `load a block of it: load(${this.name}, [${this.shape.map((_, i) => `i${i}`).join(", ")}])`,
    });
  }
}
