/** Looking at a kernel: when it is traced, and when it runs. */
import { fail } from "../../diagnostics/error.js";
import { currentSpan } from "../../diagnostics/span.js";
import { fromBf16Bits, fromF16Bits, STORAGE, type TypedArray } from "../../ir/dtype.js";
import type { Aval } from "../../ir/aval.js";
import { bind } from "../../tracer/frame.js";
import { isTensor, type Tensor } from "../../tracer/tensor.js";
import { all } from "../../numpy/reduction.js";
import { isTraced } from "../interpret/values.js";
import { launchFor } from "./launch.js";
import type { Block, Mask } from "./types.js";
import { blockOf, describeArgument } from "./values.js";

/** Writes values when the kernel is traced: constants, shapes, and blocks by their types. */
export function staticPrint(...values: readonly unknown[]): void {
  console.log(...values.map((x) => (isTensor(x) ? describeArgument(x) : x)));
}

/** Fails when the kernel is traced if what must hold of its constants and shapes doesn't. */
export function staticAssert(condition: boolean, message = "what staticAssert was given does not hold"): void {
  if (isTraced(condition)) {
    fail("TW8012", "staticAssert: the condition is known only when the kernel runs", {
      help: "assert constants and shapes; deviceAssert is for values",
    });
  }
  if (!condition)
    fail("TW8014", `staticAssert: ${message}`, { help: "call the kernel with other shapes or constants" });
}

/** What a callback is given: bytes as stored from compiled code, arrays from the interpreter. */
type Value = { readonly aval: Aval; readonly bytes: Uint8Array } | { readonly data: ArrayLike<number | bigint> };
function elements(v: Value, { dtype }: Aval): readonly (number | bigint)[] {
  if ("data" in v) return Array.from(v.data);
  const stored = new STORAGE[v.aval.dtype](v.bytes.slice().buffer as never) as TypedArray;
  const decode = dtype === "f16" ? fromF16Bits : dtype === "bf16" ? fromBf16Bits : undefined;
  return Array.from(stored as ArrayLike<number | bigint>, (x) => (decode ? decode(Number(x)) : x));
}
function textOf(v: Value, a: Aval): string {
  const flat = elements(v, a).map((x) => (a.dtype === "bool" ? String(x !== 0 && x !== 0n) : number(x)));
  let at = 0;
  const build = (axis: number): string => {
    if (axis === a.shape.length) return flat[at++];
    const parts = Array.from({ length: a.shape[axis] as number }, () => build(axis + 1));
    return `[${parts.join(axis === a.shape.length - 1 ? " " : "\n ")}]`;
  };
  return build(0);
}
const number = (x: number | bigint): string =>
  typeof x === "bigint" || Number.isInteger(x) ? String(x) : String(Number(x.toPrecision(6)));

function withPrograms(
  what: string,
  values: readonly Tensor[],
  f: (program: string, values: readonly Value[]) => void,
): void {
  const { ids, name } = launchFor(what);
  bind("debug_callback", [...ids, ...values], {
    ordered: false,
    callback: (...given) => {
      const [where, rest] = [given.slice(0, ids.length), given.slice(ids.length)] as unknown as [Value[], Value[]];
      const at = where.map((v, k) => elements(v, ids[k].aval)[0]).join(", ");
      f(`${name}(${at})`, rest);
    },
  });
}

/** Writes a text and blocks when the program gets there, after the name of the kernel and the program's ids. */
export function devicePrint(text: string, ...values: readonly (Block | boolean)[]): void {
  const blocks = values.map((x) => blockOf("devicePrint", x));
  withPrograms("devicePrint", blocks, (program, given) => {
    const texts = given.map((v, i) => textOf(v, blocks[i].aval));
    console.log([`${program}: ${text}`, ...texts].join(" "));
  });
}

/** Fails when a program gets there and the condition does not hold of all elements. */
export function deviceAssert(condition: Mask | Block, message = "what deviceAssert was given does not hold"): void {
  const holds = all(blockOf("deviceAssert", condition));
  const span = currentSpan();
  withPrograms("deviceAssert", [holds], (program, [value]) => {
    if (elements(value, holds.aval)[0]) return;
    fail("TW8015", `${program}: ${message}`, { span, help: "devicePrint shows the values" });
  });
}
