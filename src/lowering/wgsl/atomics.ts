/** Atomic operations on an element of an array: what was there before. Floats are compared and exchanged until nobody came between. */
import { internal } from "../../diagnostics/error.js";
import type { TileAtomicOp } from "../../ir/tile.js";
import type { Library } from "./library/index.js";
import type { StoredArray } from "./memory.js";
import { fromWord, perWord, registerType, toWord } from "./types.js";

const BUILTIN: Readonly<Record<TileAtomicOp, string>> = {
  add: "atomicAdd",
  max: "atomicMax",
  min: "atomicMin",
  and: "atomicAnd",
  or: "atomicOr",
  xor: "atomicXor",
  xchg: "atomicExchange",
};

export function atomicText(
  library: Library,
  array: StoredArray,
  op: TileAtomicOp,
  index: string,
  value: string,
): string {
  const { dtype } = array.ref;
  const at = array.pointer(index);
  if (perWord(dtype) > 1) internal(`atomics on ${dtype} in a kernel for GPUs`);
  if (registerType(dtype) !== "f32") return `${BUILTIN[op]}(${at}, ${value})`;
  if (op === "xchg") return fromWord(`atomicExchange(${at}, ${toWord(value, dtype)})`, dtype);
  if (op !== "add" && op !== "max" && op !== "min") internal(`atomic ${op} on ${dtype}`);
  const name = `atomic_${op}_${array.name}`;
  const next = op === "add" ? "bitcast<f32>(old) + value" : `${library.use(`f32_${op}`)}(bitcast<f32>(old), value)`;
  library.define(
    name,
    [
      `fn ${name}(i: i32, value: f32) -> f32 {`,
      `  var old = atomicLoad(${array.pointer("i")});`,
      "  loop {",
      `    let swap = atomicCompareExchangeWeak(${array.pointer("i")}, old, bitcast<u32>(${next}));`,
      "    if (swap.exchanged) { break; }",
      "    old = swap.old_value;",
      "  }",
      "  return bitcast<f32>(old);",
      "}",
    ].join("\n"),
  );
  return `${name}(${index}, ${value})`;
}

/** Replaces where it was `compare`; an exchange that fails although the values are equal is tried again. */
export function atomicCasText(
  library: Library,
  array: StoredArray,
  index: string,
  compare: string,
  value: string,
): string {
  const { dtype } = array.ref;
  if (perWord(dtype) > 1) internal(`atomics on ${dtype} in a kernel for GPUs`);
  const type = registerType(dtype);
  const word = type === "i32" ? "i32" : "u32";
  const name = `atomic_cas_${array.name}`;
  library.define(
    name,
    [
      `fn ${name}(i: i32, compare: ${type}, value: ${type}) -> ${type} {`,
      "  loop {",
      `    let swap = atomicCompareExchangeWeak(${array.pointer("i")}, ${toWord("compare", dtype, word)}, ${toWord("value", dtype, word)});`,
      `    if (swap.exchanged || swap.old_value != ${toWord("compare", dtype, word)}) { return ${fromWord("swap.old_value", dtype, word)}; }`,
      "  }",
      "}",
    ].join("\n"),
  );
  return `${name}(${index}, ${compare}, ${value})`;
}
