/** What functions of the language take: blocks, which are tensors, and JavaScript's numbers where those are known. */
import { fail } from "../../diagnostics/error.js";
import { printAval } from "../../ir/aval.js";
import { describeValue, isScalarLeaf, leafTensor } from "../../tracer/leaf.js";
import { isTensor, type Tensor } from "../../tracer/tensor.js";
import { isTraced } from "../interpret/values.js";
import { KernelRef } from "./ref.js";

/** A block, or a number as one of a single element. */
export function blockOf(what: string, x: unknown): Tensor {
  if (isTensor(x)) return x;
  if (isScalarLeaf(x)) return leafTensor(x, () => what);
  return fail("TW8003", `${what}: takes a block, not ${describeArgument(x)}`, {
    help: x instanceof KernelRef ? `load it first: load(${x.name}, [index])` : "give a block or a number",
  });
}

export function describeArgument(x: unknown): string {
  if (x instanceof KernelRef) return `the reference ${x.name}`;
  return isTensor(x) ? printAval(x.aval) : describeValue(x);
}

/** A number that must be known when the kernel is compiled. */
export function constantOf(what: string, called: string, x: unknown): number {
  if (typeof x === "number") return x;
  if (isTensor(x) && !isTraced(x) && x.size === 1) return Number(x.item());
  return fail("TW8012", `${what}: ${called} is ${describeArgument(x)}, which only the run knows`, {
    help: "sizes of blocks are known when the kernel is compiled: take them from x.shape, or from a parameter of the type constexpr",
  });
}

/** A size of a block. */
export function sizeOf(what: string, x: unknown): number {
  const n = constantOf(what, "a size", x);
  if (Number.isInteger(n) && n >= 0) return n;
  return fail("TW2011", `${what}: a size is ${n}`, { help: "sizes are whole numbers" });
}

/** The shape of a block: one size, or a list. */
export function shapeOf(what: string, shape: unknown): number[] {
  return (Array.isArray(shape) ? shape : [shape]).map((d) => sizeOf(what, d));
}

export function refOf(what: string, ref: unknown): KernelRef {
  if (ref instanceof KernelRef) return ref;
  return fail("TW8003", `${what}: takes a reference, not ${describeArgument(ref)}`, {
    help: "references are the parameters of the kernel that stand for arrays, and what scratch() gives",
  });
}

/** A function by the name that it is exported under. */
export function named<F extends (...args: never[]) => unknown>(name: string, f: F): F {
  return Object.defineProperty(f, "name", { value: name, configurable: true });
}

/** To tsc blocks are numbers. */
export function asBlock<B = number>(x: Tensor): B {
  return x as unknown as B;
}
