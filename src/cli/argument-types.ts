/**
 * The text of `--args`: types of arguments with commas between them, each an array `f32[2,3]`, a list `[…]` or an object
 * `{w: f32[3], b: f32[]}` of such. A size may be a name, as in `f32[batch,3]`.
 */
import type { DType } from "../ir/dtype.js";
import { UsageError } from "./usage.js";

export interface ArrayType {
  readonly dtype: DType;
  readonly shape: readonly (number | string)[];
}

const DTYPES = "bool i8 u8 i16 u16 i32 u32 i64 u64 f16 bf16 f32 f64 key".split(" ");
const TOKEN = /\s*(?:([A-Za-z_$][\w$]*)|(\d+)|([[\]{},:]))/y;

/** Reads the types; `make` turns each array's type into the leaf that stands for it. */
export function parseArgumentTypes<T>(text: string, make: (type: ArrayType) => T): unknown[] {
  const tokens = tokenize(text);
  let at = 0;
  const wrong = (wanted: string): never => {
    const found = at < tokens.length ? JSON.stringify(tokens[at]) : "its end";
    throw new UsageError(`--args: ${wanted} is expected in ${JSON.stringify(text)}, not ${found}.`);
  };
  const take = (token: string): boolean => tokens[at] === token && ++at > 0;
  const expect = (token: string): void => {
    if (!take(token)) wrong(JSON.stringify(token));
  };
  const listUntil = <R>(end: string | undefined, item: () => R): R[] => {
    const items: R[] = [];
    while (at < tokens.length && tokens[at] !== end) {
      items.push(item());
      if (!take(",")) break;
    }
    if (end !== undefined) expect(end);
    return items;
  };
  const size = (): number | string => {
    const token = tokens[at] ?? "";
    if (!/^\w+$/.test(token)) return wrong("a size");
    at++;
    return /^\d+$/.test(token) ? Number(token) : token;
  };
  const type = (): unknown => {
    if (take("[")) return listUntil("]", type);
    if (take("{")) return Object.fromEntries(listUntil("}", entry));
    const dtype = tokens[at];
    if (!DTYPES.includes(dtype)) return wrong("a type such as f32[2,3]");
    at++;
    return make({ dtype: dtype as DType, shape: take("[") ? listUntil("]", size) : [] });
  };
  const entry = (): [string, unknown] => {
    const key = /^\w/.test(tokens[at] ?? "") ? tokens[at++] : wrong("a key");
    expect(":");
    return [key, type()];
  };
  const types = listUntil(undefined, type);
  if (at < tokens.length) wrong('","');
  return types;
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const from = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) throw new UsageError(`--args: ${JSON.stringify(text.slice(from).trim())} cannot be read.`);
    tokens.push(match[1] ?? match[2] ?? match[3]);
  }
  return tokens;
}
