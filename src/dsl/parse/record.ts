/** The text of `capture(function, record)` as it is written into a module. */
import type { RecordData } from "./function.js";

/** A name that an object literal takes without quotes. */
const PLAIN_KEY = /^[A-Za-z_$][\w$]*$/;

function key(name: string): string {
  return PLAIN_KEY.test(name) && name !== "__proto__" ? name : JSON.stringify(name);
}

/**
 * The record as an object literal on one line, so that no line of the module moves. Names stand in strings and the values behind
 * them in thunks, which minifiers rename and bundlers follow as any other code.
 */
export function recordText(data: RecordData, chains: readonly string[]): string {
  const fields = Object.entries(data).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  const thunks = chains.map((chain) => `${key(chain)}: () => ${chain}`);
  return `{ ${[...fields, `values: { ${thunks.join(", ")} }`].join(", ")} }`.replace(/[\u2028\u2029]/g, (c) =>
    c === "\u2028" ? "\\u2028" : "\\u2029",
  );
}
