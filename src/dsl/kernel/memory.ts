/** Loads and stores of blocks, atomics, and memory that a program has for itself. */
import { fail } from "../../diagnostics/error.js";
import { currentSpan } from "../../diagnostics/span.js";
import { printAval } from "../../ir/aval.js";
import { type DType, isFloat, isInt } from "../../ir/dtype.js";
import type { AtomicOp } from "../../ir/ops/index.js";
import { broadcastTo, numberOf } from "../../lax/operand.js";
import { where } from "../../numpy/elementwise.js";
import { convertTo } from "../../tracer/control.js";
import { bind } from "../../tracer/frame.js";
import { isScalarLeaf } from "../../tracer/leaf.js";
import { isTensor, type Tensor } from "../../tracer/tensor.js";
import type { ShapeSpec } from "../../tracer/tensor.js";
import { toInteger } from "../interpret/values.js";
import { BlockIndex } from "./block-ref.js";
import { checkOptions, dtypeOf } from "./checks.js";
import { launchFor } from "./launch.js";
import { checkLiteral } from "./literal.js";
import { fits, type Place, placeOf } from "./place.js";
import { KernelRef } from "./ref.js";
import type { Block, IndexOf, Mask, Ref } from "./types.js";
import { asBlock, describeArgument, named, refOf, shapeOf } from "./values.js";

/** Options of `load`. */
export interface LoadOptions {
  /** Where it is false, nothing is read. */
  readonly mask?: Mask;
  /** What a lane gets where the mask is false; 0 by default. */
  readonly other?: Block | boolean;
}
/** Options of `store` and of atomics. */
export interface StoreOptions {
  /** Where it is false, nothing is written. */
  readonly mask?: Mask;
}

/** An index list, or what `block(…)` gives: then lanes outside of the array are masked. */
function place(what: string, ref: KernelRef, at: unknown, mask: unknown): Place {
  if (!(at instanceof BlockIndex)) return placeOf(what, ref, at, mask);
  const { index, inside } = at.of(what, ref);
  const bounds = placeOf(what, ref, index, inside);
  if (mask === undefined || mask === true) return bounds;
  const own = placeOf(what, ref, index, mask);
  const both = own.mask && bounds.mask ? bind("and", [own.mask, bounds.mask], {})[0] : (own.mask ?? bounds.mask);
  return { ...bounds, mask: both };
}

/**
 * The elements that the indices name, as a block. There is one index for each axis; they meet by NumPy's rules, and null is a
 * whole axis. Where the mask holds they must lie in the array.
 *
 * @example const v = load(x, [row, cols], { mask: cols < x.shape[1], other: -Infinity });
 */
export function load<D extends DType, S extends ShapeSpec>(
  ref: Ref<D, S>,
  index: IndexOf<S> | BlockIndex,
  options?: LoadOptions,
): Block<D>;
export function load(target: unknown, at: unknown = [], options: LoadOptions = {}): Block {
  checkOptions("load", options, ["mask", "other"]);
  // a scalar argument is a value
  const scalarValue = isTensor(target) && target.ndim === 0 && Array.isArray(at) && at.length === 0;
  if (scalarValue && (options.mask === undefined || options.mask === true)) return asBlock(target);
  const ref = scalarValue ? new KernelRef("a scalar argument", "input", target) : refOf("load", target);
  const { index, mask, shape } = place("load", ref, at, options.mask);
  const other = options.other as unknown;
  if (!mask) return asBlock(bind("load", [ref.contents, ...index], { masked: false, other: false })[0]);
  const rest = other === undefined ? undefined : valueFor("load", ref, other, "other");
  if (rest === undefined || rest.ndim > 0) {
    const read = bind("load", [ref.contents, ...index, mask], { masked: true, other: false })[0];
    if (rest === undefined) return asBlock(read);
    checkFits("load: other", ref, rest, shape);
    return asBlock(where(mask, read, broadcastTo("load", rest, shape)));
  }
  return asBlock(bind("load", [ref.contents, ...index, mask, rest], { masked: true, other: true })[0]);
}

/** A value of the reference's dtype. */
function valueFor(what: string, ref: KernelRef, value: unknown, called: string): Tensor {
  const { dtype } = ref;
  checkLiteral(`${what}: ${called}`, value, dtype);
  if (isScalarLeaf(value)) return numberOf(`${what}: ${called}`, value, dtype);
  if (!isTensor(value)) {
    return fail("TW8003", `${what}: ${called} for ${ref.name} is ${describeArgument(value)}`, {
      help: value instanceof KernelRef ? `load it first: load(${value.name}, [index])` : "give a block or a number",
    });
  }
  const whole = toInteger(value);
  const from = isInt(dtype) ? whole.aval.dtype : value.aval.dtype;
  const converts = isFloat(dtype)
    ? isFloat(from) || isInt(from) || from === "bool"
    : isInt(dtype)
      ? isInt(from) || from === "bool"
      : from === dtype;
  if (converts) return convertTo(isInt(dtype) ? whole : value, dtype);
  return fail("TW8006", `${what}: ${called} is ${printAval(value.aval)}, and ${ref.name} holds ${dtype}`, {
    help: `convert it: cast(x, "${dtype}")`,
  });
}

function checkFits(what: string, ref: KernelRef, value: Tensor, shape: readonly number[]): void {
  if (fits(value, shape)) return;
  fail(
    "TW8008",
    `${what}: the value is ${printAval(value.aval)}, the indices of ${ref.name} make a block [${shape.join(", ")}]`,
    { help: "the value broadcasts to the block of the indices: give indices for each of its axes (expandDims)" },
  );
}

function writable(what: string, target: unknown): KernelRef {
  const ref = refOf(what, target);
  if (ref.kind !== "input") return ref;
  return fail("TW8007", `${what}: ${ref.name} is an argument of the kernel, which is read only`, {
    help: `write to an out; with { alias: { out: "${ref.name}" } } among the kernel's options an out starts as it`,
  });
}

function lanes(what: string, ref: KernelRef, value: unknown, { shape }: Place, called = "the value"): Tensor {
  const v = valueFor(what, ref, value, called);
  checkFits(what, ref, v, shape);
  return broadcastTo(what, v, shape);
}

/**
 * Writes a block to the elements that the indices name; see `load`. No two lanes of a store, and no two programs, write one element.
 *
 * @example store(out, [row, cols], v * 2, { mask: cols < out.shape[1] });
 */
export function store<D extends DType, S extends ShapeSpec>(
  ref: Ref<D, S>,
  index: IndexOf<S> | BlockIndex,
  value: Block | boolean,
  options?: StoreOptions,
): void;
export function store(target: unknown, at: unknown, value: unknown, options: StoreOptions = {}): void {
  const ref = writable("store", target);
  checkOptions("store", options, ["mask"]);
  const to = place("store", ref, at, options.mask);
  const { index, mask } = to;
  const operands = [ref.contents, lanes("store", ref, value, to), ...index, ...(mask ? [mask] : [])];
  ref.replace(bind("store", operands, { masked: mask !== undefined })[0], currentSpan());
}

type Atomic = <D extends DType, S extends ShapeSpec>(
  ref: Ref<D, S>,
  index: IndexOf<S> | BlockIndex,
  value: Block | boolean,
  options?: StoreOptions,
) => Block<D>;
const atomic = (name: string, op: AtomicOp): Atomic =>
  named(name, ((target: unknown, at: unknown, value: unknown, options: StoreOptions = {}) => {
    const ref = writable(name, target);
    checkOptions(name, options, ["mask"]);
    if (BITS.has(op) && isFloat(ref.dtype)) {
      fail("TW2005", `${name}: ${ref.name} holds ${ref.dtype}`, { help: "bits are those of integers and bools" });
    }
    const to = place(name, ref, at, options.mask);
    const { index, mask } = to;
    const operands = [ref.contents, lanes(name, ref, value, to), ...index, ...(mask ? [mask] : [])];
    const [after, old] = bind("atomic", operands, { op, masked: mask !== undefined });
    ref.replace(after, currentSpan());
    return asBlock(old);
  }) as Atomic);
const BITS: ReadonlySet<AtomicOp> = new Set<AtomicOp>(["and", "or", "xor"]);

/** Adds to elements, which lanes and programs may share; gives what was there before. */
export const atomicAdd: Atomic = atomic("atomicAdd", "add");
export const atomicMax: Atomic = atomic("atomicMax", "max");
export const atomicMin: Atomic = atomic("atomicMin", "min");
export const atomicAnd: Atomic = atomic("atomicAnd", "and");
export const atomicOr: Atomic = atomic("atomicOr", "or");
export const atomicXor: Atomic = atomic("atomicXor", "xor");
/** Puts a value in the place of another, and gives that. */
export const atomicXchg: Atomic = atomic("atomicXchg", "xchg");

/** Puts `value` where `compare` is; gives what was there before. */
export function atomicCas<D extends DType, S extends ShapeSpec>(
  ref: Ref<D, S>,
  index: IndexOf<S> | BlockIndex,
  compare: Block | boolean,
  value: Block | boolean,
  options?: StoreOptions,
): Block<D>;
export function atomicCas(
  target: unknown,
  at: unknown,
  compare: unknown,
  value: unknown,
  options: StoreOptions = {},
): Block {
  const ref = writable("atomicCas", target);
  checkOptions("atomicCas", options, ["mask"]);
  const to = place("atomicCas", ref, at, options.mask);
  const { index, mask } = to;
  const [c, v] = [lanes("atomicCas", ref, compare, to, "compare"), lanes("atomicCas", ref, value, to)];
  const operands = [ref.contents, c, v, ...index, ...(mask ? [mask] : [])];
  const [after, old] = bind("atomic_cas", operands, { masked: mask !== undefined });
  ref.replace(after, currentSpan());
  return asBlock(old);
}

/** Memory that a program has for itself. What is in it is not defined before something is stored. */
export function scratch<D extends DType = "f32">(shape: number | readonly number[], dtype?: D): Ref<D> {
  launchFor("scratch");
  const d = dtypeOf("scratch", dtype ?? "f32");
  const memory = bind("empty", [], { shape: shapeOf("scratch", shape), dtype: d })[0];
  return new KernelRef("scratch", "scratch", memory) as unknown as Ref<D>;
}
