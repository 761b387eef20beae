import { fail, internal } from "../diagnostics/error.js";
import type { Aval } from "../ir/aval.js";
import { byteSize, type DType, fromBf16Bits, fromF16Bits, isWide, type TypedArray } from "../ir/dtype.js";
import { printAval } from "../ir/aval.js";
import { prod } from "../util/index.js";

/** A tuple of sizes and dim names, as written in annotations: `Tensor<["batch", 784]>`. */
export type ShapeSpec = readonly (number | string)[];

declare const SHAPE: unique symbol;
declare const DTYPE: unique symbol;
declare const STRUCTURE: unique symbol;

// biome-ignore lint/suspicious/noExplicitAny: the gradual part of the type: symbolic dims are the analyzer's business
type AnyDim = any;
type GradualDim<D> = D extends number ? (number extends D ? AnyDim : D) : AnyDim;
/** What tsc checks of a shape: rank and literal sizes; names match anything, "...batch" any number of axes. */
export type GradualShape<S extends ShapeSpec> = number extends S["length"]
  ? AnyDim
  : S extends readonly [`...${string}`, ...infer R]
    ? readonly [...AnyDim[], ...{ [K in keyof R]: GradualDim<R[K]> }]
    : { readonly [K in keyof S]: GradualDim<S[K]> };

/** Where a tensor's value is: a cell of memory, or a variable of a program under construction. */
export interface Source {
  readonly aval: Aval;
  readonly traced: boolean;
  /** The memory that holds the value; a traced value is evaluated when that is possible, else TW1001 names `why` it was asked. */
  cell(why: string): Cell;
}

/** A concrete array in memory. */
export interface Cell extends Source {
  /** A copy of the elements as stored. */
  read(): TypedArray;
  readAsync(): Promise<TypedArray>;
  dispose(): void;
  readonly disposed: boolean;
  /** Called when users get a handle of it: from then on, the memory is given back when nothing refers to it any more. */
  watch(): void;
  /** The element of a scalar that acts as JavaScript's: those that a debugger shows, in what a user asks it to evaluate. */
  primitive?(): string | number | bigint | boolean | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: what an unannotated tensor holds is not known to tsc; any lets tensors of every dtype be passed as one
type Unknown = any;
/** What `data()` gives for each dtype: f16 and bf16 are widened to f32, bool is 0 and 1. */
export type DataOf<D extends DType> = DType extends D
  ? Unknown
  : D extends "f32" | "f16" | "bf16"
    ? Float32Array
    : D extends "f64"
      ? Float64Array
      : D extends "i32"
        ? Int32Array
        : D extends "u32"
          ? Uint32Array
          : D extends "i16"
            ? Int16Array
            : D extends "u16"
              ? Uint16Array
              : D extends "i8"
                ? Int8Array
                : D extends "i64"
                  ? BigInt64Array
                  : D extends "u64" | "key"
                    ? BigUint64Array
                    : Uint8Array;
export type ItemOf<D extends DType> = DType extends D
  ? Unknown
  : D extends "bool"
    ? boolean
    : D extends "i64" | "u64" | "key"
      ? bigint
      : number;

/** Nested lists of numbers, as `js()` gives them. */
export type NestedArray = number | bigint | boolean | NestedArray[];

/** The name that marks a Tensor, also one of another copy of Tilework in the same program. */
const TENSOR_BRAND: unique symbol = Symbol.for("tilework.tensor") as never;

/** The methods that the numpy layer adds (declared there by merging). */
// biome-ignore lint/correctness/noUnusedVariables: the parameters are used by the merged declarations
export interface TensorMethods<S extends ShapeSpec, D extends DType> {}

/**
 * An array of one dtype. Values are immutable; operations give new tensors. The same class stands for concrete arrays and for
 * values traced by `jit`, `grad` and `vmap`.
 *
 * @example
 * const x = np.array([[1, 2], [3, 4]]);
 * await x.add(1).data(); // Float32Array [2, 3, 4, 5]
 */
// biome-ignore lint/suspicious/noExplicitAny: an unannotated tensor has any shape and dtype
export class Tensor<S extends ShapeSpec = any, D extends DType = any> {
  declare readonly [SHAPE]?: GradualShape<S>;
  declare readonly [DTYPE]?: D;
  /** Inert: a mapped type over S makes tsc compare structures, not variances. */
  declare readonly [STRUCTURE]?: { [K in keyof S as never]: 0 };
  declare readonly [TENSOR_BRAND]: true;
  readonly #source: Source;

  /** Tensors are made by functions such as `np.array`; the source is internal. */
  constructor(source: Source) {
    this.#source = source;
    if (!source.traced) (source as Cell).watch();
  }

  /** @internal */
  static source(t: Tensor): Source {
    return t.#source;
  }

  /** @internal */
  get aval(): Aval {
    return this.#source.aval;
  }
  /** Sizes of the axes. */
  get shape(): readonly number[] {
    return this.#source.aval.shape as readonly number[];
  }
  get dtype(): D {
    return this.#source.aval.dtype as D;
  }
  /** Number of axes. */
  get ndim(): number {
    return this.#source.aval.shape.length;
  }
  /** Number of elements. */
  get size(): number {
    return prod(this.shape);
  }
  /** Bytes of the elements as stored. */
  get nbytes(): number {
    return this.size * byteSize(this.#source.aval.dtype);
  }

  /** The elements in row-major order. Works on every device. */
  async data(): Promise<DataOf<D>> {
    const cell = Tensor.source(this).cell("data()");
    return decode(await cell.readAsync(), cell.aval.dtype) as DataOf<D>;
  }
  /** The elements in row-major order, at once. */
  dataSync(): DataOf<D> {
    const cell = Tensor.source(this).cell("dataSync()");
    return decode(cell.read(), cell.aval.dtype) as DataOf<D>;
  }
  /** The value of an array that holds one element. */
  item(): ItemOf<D> {
    const { shape, dtype } = this.#source.aval;
    const size = this.size;
    if (size !== 1) {
      fail("TW2001", `item: the array has ${size} elements (shape [${shape.join(", ")}]), not one`, {
        help: "index it first, or use js() or dataSync()",
      });
    }
    const value = decode(Tensor.source(this).cell("item()").read(), dtype)[0];
    return (dtype === "bool" ? value !== 0 : value) as ItemOf<D>;
  }
  /** The elements as nested JavaScript arrays (a number, bigint or boolean for a scalar). */
  js(): NestedArray {
    const cell = Tensor.source(this).cell("js()");
    return nest(decode(cell.read(), cell.aval.dtype), this.shape, cell.aval.dtype);
  }

  /** As `js()`, and works on every device. */
  async jsAsync(): Promise<NestedArray> {
    const cell = Tensor.source(this).cell("jsAsync()");
    return nest(decode(await cell.readAsync(), cell.aval.dtype), this.shape, cell.aval.dtype);
  }

  /** True when the memory was given back by `using`, or taken by a call that the array was donated to. */
  get disposed(): boolean {
    return !this.#source.traced && (this.#source as Cell).disposed;
  }
  /** Does nothing, for programs that come from jax-js. @deprecated arrays need no counting here */
  get ref(): this {
    return this;
  }
  /** Does nothing, for programs that come from jax-js. @deprecated arrays are collected by themselves; `using x = …` is for certainty */
  dispose(): void {}
  /** @internal What `using` calls at the end of its scope. */
  static release(t: Tensor): void {
    if (!t.#source.traced) (t.#source as Cell).dispose();
  }

  /** What JSON.stringify writes: nested lists; 64-bit integers as strings. */
  toJSON(): unknown {
    const plain = (x: NestedArray): unknown =>
      Array.isArray(x) ? x.map(plain) : typeof x === "bigint" ? String(x) : x;
    return plain(
      nest(decode(Tensor.source(this).cell("JSON.stringify").read(), this.aval.dtype), this.shape, this.aval.dtype),
    );
  }

  /** @internal JavaScript's operators and conditions land here. */
  [Symbol.toPrimitive](hint: string): string | number | bigint | boolean {
    if (hint === "string") return this.toString();
    const known = this.#source.traced ? undefined : (this.#source as Cell).primitive?.();
    if (known !== undefined) return known;
    // a value that is not known yet says so itself (TW1001)
    if (this.#source.traced) this.#source.cell("a JavaScript operator or condition");
    return fail("TW1004", `a JavaScript operator met an array ${printAval(this.aval)}`, {
      help:
        "use methods (x.add(y), x.mul(y), x.less(y)), or x.item() for the number in a scalar; operators belong into staged code, " +
        "jit((x: Num) => x * 2), whose source the build plugin or `node --import tilework/register` captures",
    });
  }
  toString(): string {
    return this.#source.traced ? `Traced<${printAval(this.aval)}>` : `Tensor<${printAval(this.aval)}>`;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: as the class
export interface Tensor<S extends ShapeSpec = any, D extends DType = any> extends TensorMethods<S, D> {}

declare global {
  // as @types/node does: lib.es2022 lacks it, and merging with lib.esnext's own declaration changes nothing
  interface SymbolConstructor {
    readonly dispose: unique symbol;
  }
}
// biome-ignore lint/suspicious/noExplicitAny: as the class
// biome-ignore lint/correctness/noUnusedVariables: merging needs the same parameters
export interface Tensor<S extends ShapeSpec = any, D extends DType = any> {
  /** Gives the memory back at the end of a block: `using x = …`. Never needed: arrays are collected by themselves. */
  [Symbol.dispose](): void;
}

// on the prototype: handles are made by the thousand
Object.defineProperty(Tensor.prototype, TENSOR_BRAND, { value: true });

// where the engine knows Symbol.dispose
const disposeSymbol = (Symbol as { dispose?: symbol }).dispose;
if (disposeSymbol) {
  Object.defineProperty(Tensor.prototype, disposeSymbol, {
    value(this: Tensor) {
      Tensor.release(this);
    },
    configurable: true,
  });
}

/** True for a tensor of this copy of Tilework; one of another copy is an error that says so. */
export function isTensor(x: unknown): x is Tensor {
  if (x instanceof Tensor) return true;
  if (typeof x === "object" && x !== null && (x as { [TENSOR_BRAND]?: boolean })[TENSOR_BRAND]) {
    fail("TW1003", "an array of another copy of Tilework was passed in", {
      help: "two copies or versions of tilework are loaded in this program: `npm ls tilework` shows them; keep one",
    });
  }
  return false;
}

/** Elements as JavaScript sees them. */
function decode(stored: TypedArray, dtype: DType): TypedArray {
  if (dtype === "f16") return Float32Array.from(stored as Uint16Array, fromF16Bits);
  if (dtype === "bf16") return Float32Array.from(stored as Uint16Array, fromBf16Bits);
  return stored;
}

function nest(flat: TypedArray, shape: readonly number[], dtype: DType): NestedArray {
  let at = 0;
  const build = (axis: number): NestedArray => {
    if (axis === shape.length) {
      if (at >= flat.length) internal("nest: too few elements");
      const v = flat[at++];
      return dtype === "bool" ? v !== 0 : isWide(dtype) ? BigInt(v) : v;
    }
    return Array.from({ length: shape[axis] }, () => build(axis + 1));
  };
  return build(0);
}
