/** What a function is traced with on the command line. */
import { numpy as np, random, type Tensor } from "../index.js";
import type { AnyFunction } from "../tracer/trace.js";
import { prod } from "../util/index.js";
import { type ArrayType, parseArgumentTypes } from "./argument-types.js";
import { UsageError } from "./usage.js";

/**
 * Arrays of zeros for the types of `--args`, else what the function itself offers. `sizes` learns what stands for the names
 * of sizes, `shapes` the shapes with their names.
 */
export function exampleArguments(
  place: string,
  types: string | undefined,
  f: AnyFunction,
  sizes: Map<string, number>,
  shapes: Map<unknown, ArrayType["shape"]> = new Map(),
): unknown[] {
  if (types !== undefined)
    return parseArgumentTypes(types, (type) => {
      const zeros = zerosOf(type, sizes);
      shapes.set(zeros, type.shape);
      return zeros;
    });
  const { example } = f as { example?: unknown };
  if (Array.isArray(example)) return example;
  if (f.length === 0) return [];
  throw new UsageError(`Say what ${place} is called with, as in --args "f32[2,3], i32[4]".`);
}

/** Numbers with many divisors stand for names. */
function zerosOf({ dtype, shape: given }: ArrayType, sizes: Map<string, number>): Tensor {
  const shape = given.map((d) => {
    if (typeof d === "number") return d;
    const size = sizes.get(d) ?? 12 * (sizes.size + 1);
    sizes.set(d, size);
    return size;
  });
  if (dtype !== "key") return np.zeros(shape, dtype);
  const count = prod(shape);
  const keys = random.split(random.key(0), Math.max(1, count));
  return shape.length === 0 ? random.key(0) : np.reshape(keys, shape);
}
