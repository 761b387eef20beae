/**
 * The tree as a short string and back. The string is numbers in base 64 (five bits a digit, the sixth says that more follow), then
 * a JSON list of the words that they refer to. A node is its kind, where it starts after its parent's start, how long it is,
 * and its fields in the order of schema.ts. Absent is 0, so positions in lists of words and lengths are counted from 1 there.
 */
import type { FunctionNode } from "./ast.js";
import { FIELDS, KINDS, type FieldType } from "./schema.js";

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const VALUES: Readonly<Record<string, number>> = Object.fromEntries([...DIGITS].map((c, i) => [c, i]));

type AnyNode = { readonly kind: string; readonly start: number; readonly end: number } & Record<string, unknown>;

/** How a literal's value is written: most as a word of the list. */
const LITERAL = { word: 0, undefined: 1, bigint: 2, nan: 3, infinity: 4 } as const;

export function encode(fn: FunctionNode): string {
  const words: (string | number | boolean | null)[] = [];
  const places = new Map<string | number | boolean | null, number>();
  let out = "";
  const number = (n: number): void => {
    do {
      const rest = Math.floor(n / 32);
      out += DIGITS[(n % 32) + (rest > 0 ? 32 : 0)];
      n = rest;
    } while (n > 0);
  };
  const word = (w: string | number | boolean | null): number => {
    let at = places.get(w);
    if (at === undefined) {
      at = words.push(w) - 1;
      places.set(w, at);
    }
    return at;
  };
  const literal = (value: unknown): void => {
    if (value === undefined) number(LITERAL.undefined);
    else if (typeof value === "bigint") {
      number(LITERAL.bigint);
      number(word(String(value)));
    } else if (Number.isNaN(value)) number(LITERAL.nan);
    else if (value === Number.POSITIVE_INFINITY) number(LITERAL.infinity);
    else {
      number(LITERAL.word);
      number(word(value as string | number | boolean | null));
    }
  };
  const list = <T>(items: readonly T[], each: (item: T) => void): void => {
    number(items.length);
    items.forEach(each);
  };
  const optional = (node: unknown, from: number): void => {
    if (node === undefined || node === null) number(0);
    else write(node as AnyNode, from);
  };
  const key = (k: unknown, from: number): void => {
    if (typeof k === "string") {
      number(0);
      number(word(k));
    } else write(k as AnyNode, from);
  };
  const field = (type: FieldType, value: unknown, from: number): void => {
    switch (type) {
      case "node":
      case "node?":
        optional(value, from);
        break;
      case "nodes":
      case "holes":
        list(value as unknown[], (x) => optional(x, from));
        break;
      case "string":
        number(word(value as string));
        break;
      case "string?":
        number(value === undefined ? 0 : word(value as string) + 1);
        break;
      case "strings":
        list(value as string[], (x) => number(word(x)));
        break;
      case "boolean":
        number(value ? 1 : 0);
        break;
      case "key":
        key(value, from);
        break;
      case "value":
        literal(value);
        break;
      case "bindings":
        list(value as { pattern: unknown; init?: unknown }[], (b) => {
          optional(b.pattern, from);
          optional(b.init, from);
        });
        break;
      case "properties":
        list(value as { key: unknown; element: unknown }[], (p) => {
          key(p.key, from);
          optional(p.element, from);
        });
        break;
    }
  };
  const write = (node: AnyNode, from: number): void => {
    const row = FIELDS.get(node.kind);
    if (row === undefined) throw new Error(`encode: a node of kind ${node.kind}`);
    number(row.number + 1);
    number(node.start - from);
    number(node.end - node.start);
    for (const [name, type] of row.fields) field(type, node[name], node.start);
  };
  write(fn as unknown as AnyNode, 0);
  return out + JSON.stringify(words);
}

export function decode(text: string): FunctionNode {
  const split = text.indexOf("[");
  const words = JSON.parse(text.slice(split)) as (string | number | boolean | null)[];
  let at = 0;
  const number = (): number => {
    let n = 0;
    for (let scale = 1; ; scale *= 32) {
      const digit = VALUES[text[at++]];
      n += (digit & 31) * scale;
      if (digit < 32) return n;
    }
  };
  const literal = (): unknown => {
    switch (number()) {
      case LITERAL.undefined:
        return undefined;
      case LITERAL.bigint:
        return BigInt(words[number()] as string);
      case LITERAL.nan:
        return Number.NaN;
      case LITERAL.infinity:
        return Number.POSITIVE_INFINITY;
      default:
        return words[number()];
    }
  };
  const list = <T>(each: () => T): T[] => {
    const items = new Array<T>(number());
    for (let i = 0; i < items.length; i++) items[i] = each();
    return items;
  };
  const key = (from: number): unknown => read(from) ?? words[number()];
  const field = (type: FieldType, from: number): unknown => {
    switch (type) {
      case "node":
      case "node?":
        return read(from);
      case "nodes":
        return list(() => read(from));
      case "holes":
        return list(() => read(from) ?? null);
      case "string":
        return words[number()];
      case "string?": {
        const n = number();
        return n === 0 ? undefined : words[n - 1];
      }
      case "strings":
        return list(() => words[number()]);
      case "boolean":
        return number() === 1;
      case "key":
        return key(from);
      case "value":
        return literal();
      case "bindings":
        return list(() => {
          const pattern = read(from);
          const init = read(from);
          return init === undefined ? { pattern } : { pattern, init };
        });
      case "properties":
        return list(() => ({ key: key(from), element: read(from) }));
    }
  };
  const read = (from: number): AnyNode | undefined => {
    const kind = number();
    if (kind === 0) return undefined;
    const name = KINDS[kind - 1];
    const start = from + number();
    const node: Record<string, unknown> = { kind: name, start, end: start + number() };
    for (const [f, type] of FIELDS.get(name)?.fields ?? []) {
      const value = field(type, start);
      // a literal has its value also when that is undefined
      if (value !== undefined || type === "value") node[f] = value;
    }
    return node as AnyNode;
  };
  return read(0) as unknown as FunctionNode;
}
