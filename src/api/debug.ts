/** Looking at values inside compiled programs, and at the programs. */
import { sizeOf } from "../ir/aval.js";
import { STORAGE } from "../ir/dtype.js";
import type { Aval } from "../ir/aval.js";
import { bind } from "../tracer/frame.js";
import { leafTensor } from "../tracer/leaf.js";
import type { Tensor } from "../tracer/tensor.js";
import * as tree from "../tree/index.js";
import type { NDArray } from "../interpreter/array.js";
import { backend } from "./backend.js";
import { fromNDArray } from "./interpret.js";
import { Tensor as TensorClass } from "../tracer/tensor.js";

export interface CallbackOptions {
  /** Calls keep the program's order, and vmap refuses the function. Default false. */
  ordered?: boolean;
}

/** Values as a callback receives them: bytes as stored, with their type. */
export interface CallbackValue {
  readonly aval: Aval;
  readonly bytes: Uint8Array;
}

/** A callback's operands as tensors of this device; the interpreter passes its own arrays. */
export function callbackTensor(v: CallbackValue | NDArray): Tensor {
  if ("data" in v) return fromNDArray(v);
  const copy = v.bytes.slice();
  return new TensorClass(backend.upload(new STORAGE[v.aval.dtype](copy.buffer, 0, sizeOf(v.aval)), v.aval));
}

/**
 * Calls `f` with the values of the arguments each time the program gets there, compiled, differentiated or batched.
 * @example debug.callback((x) => log.push(x.item()), loss)
 */
export function callback(f: (...args: never[]) => void, ...args: unknown[]): void {
  callbackWithOptions({}, f, ...args);
}

export function callbackWithOptions(options: CallbackOptions, f: (...args: never[]) => void, ...args: unknown[]): void {
  const { leaves, treedef } = tree.flatten(args);
  const operands = leaves.map((x) => leafTensor(x, () => "debug.callback: an argument"));
  bind("debug_callback", operands, {
    ordered: options.ordered ?? false,
    callback: (...values) => {
      const restored = tree.unflatten(treedef, (values as (CallbackValue | NDArray)[]).map(callbackTensor)) as never[];
      f(...restored);
    },
  });
}

/**
 * Prints values when the program runs: `{}` stands for the next argument, `{name}` for a member of a last object argument.
 * @example debug.print("loss = {}", loss)
 */
export function print(format: string, ...args: unknown[]): void {
  printTo((line) => console.log(line), format, ...args);
}

export function printTo(write: (line: string) => void, format: string, ...args: unknown[]): void {
  callbackWithOptions(
    {},
    ((...values: unknown[]) => {
      let next = 0;
      const named = values[values.length - 1];
      const text = format.replace(/\{(\w*)\}/g, (whole, name: string) => {
        if (name === "") return next < values.length ? String(values[next++]) : whole;
        const v = typeof named === "object" && named !== null ? (named as Record<string, unknown>)[name] : undefined;
        return v === undefined ? whole : String(v);
      });
      write(text);
    }) as (...args: never[]) => void,
    ...args,
  );
}
