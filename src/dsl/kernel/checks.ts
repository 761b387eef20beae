/** What functions of the language are given beside blocks: dtypes by their names, and options. */
import { fail } from "../../diagnostics/error.js";
import { DTYPES, type DType } from "../../ir/dtype.js";
import { describeArgument } from "./values.js";

/** The dtypes that arrays of kernels have. */
const NAMES: readonly string[] = DTYPES.filter((d) => d !== "key");

/** Names that other libraries give to dtypes, and ours. */
function likelyDType(given: string): string | undefined {
  const text = given.toLowerCase().replaceAll(/[\s_-]/g, "");
  const long = /^(bfloat|brainfloat|float|fp|uint|int|f|u|i)(\d+)$/.exec(text);
  const short: Readonly<Record<string, string>> = {
    boolean: "bool", i1: "bool", int1: "bool", half: "f16", float: "f32", double: "f64", byte: "u8", short: "i16", int: "i32", uint: "u32", long: "i64", bfloat: "bf16",
  }; // biome-ignore format: a table
  if (!long) return short[text];
  const kind = long[1].startsWith("b") ? "bf" : long[1][0];
  const name = `${kind}${long[2]}`;
  return NAMES.includes(name) ? name : short[text];
}

/** What to write for a dtype that does not exist. */
export function dtypeHelp(given: unknown): string {
  const likely = typeof given === "string" ? likelyDType(given) : undefined;
  return `${likely ? `write "${likely}"; ` : ""}the dtypes are ${NAMES.join(", ")}`;
}

export function isBlockDType(given: unknown): given is DType {
  return typeof given === "string" && NAMES.includes(given);
}

/** A dtype that exists. */
export function dtypeOf(what: string, given: unknown): DType {
  if (isBlockDType(given)) return given;
  const shown = typeof given === "string" ? `"${given}"` : describeArgument(given);
  return fail("TW8003", `${what}: there is no dtype ${shown}`, { help: dtypeHelp(given) });
}

/** Options among which none is misspelt. */
export function checkOptions(what: string, given: unknown, known: readonly string[]): void {
  const names = `its options are { ${known.join(", ")} }`;
  const proto: unknown = typeof given === "object" && given !== null ? Object.getPrototypeOf(given) : undefined;
  if (proto !== Object.prototype && proto !== null) {
    fail("TW8003", `${what}: the options are ${describeArgument(given)}`, { help: `${names}, by their names` });
  }
  for (const key of Object.keys(given as object)) {
    if (!known.includes(key)) fail("TW8003", `${what}: there is no option ${key}`, { help: names });
  }
}
