/** The structure of a tree without its leaves: immutable, comparable, and printable as a key for caches. */
import { identity } from "../util/index.js";
import type { ModelClass } from "./models.js";

export type TreeKind = "leaf" | "null" | "undefined" | "list" | "object" | "map" | "class" | "model" | "static";

/** How a registered class takes itself apart: its children (trees), and what else it needs to be rebuilt. */
export interface ClassCodec<T = unknown> {
  readonly name: string;
  flatten(object: T): readonly [children: readonly unknown[], aux: unknown];
  unflatten(aux: unknown, children: readonly unknown[]): T;
}

const NO_CHILDREN: readonly TreeDef[] = [];
const NO_KEYS: readonly unknown[] = [];

/** The structure of a tree without its leaves. */
export class TreeDef {
  readonly numLeaves: number;
  /** Models among its nodes. */
  readonly numModels: number;
  #key: string | undefined;

  /**
   * @param keys of an object, a map or a model, in canonical order (that of `children`)
   * @param order the keys as the object had them, where that differs: only for rebuilding, never for comparing
   * @param aux of a class: what else it needs; of a static node: the value
   */
  constructor(
    readonly kind: TreeKind,
    readonly children: readonly TreeDef[] = NO_CHILDREN,
    readonly keys: readonly unknown[] = NO_KEYS,
    readonly order: readonly number[] | undefined = undefined,
    readonly codec: ClassCodec | ModelClass | undefined = undefined,
    readonly aux: unknown = undefined,
  ) {
    let n = kind === "leaf" ? 1 : 0;
    let models = kind === "model" ? 1 : 0;
    for (let i = 0; i < children.length; i++) {
      n += children[i].numLeaves;
      models += children[i].numModels;
    }
    this.numLeaves = n;
    this.numModels = models;
  }

  /** A string that is the same for equal structures and for no others in this program. */
  get key(): string {
    this.#key ??= keyOf(this);
    return this.#key;
  }

  /** As a person reads it: `{w: *, layers: [*, *]}`, where `*` is a leaf. */
  toString(): string {
    switch (this.kind) {
      case "leaf":
        return "*";
      case "null":
      case "undefined":
        return this.kind;
      case "list":
        return `[${this.children.join(", ")}]`;
      case "object":
        return `{${this.#entries((k) => printKey(String(k)))}}`;
      case "map":
        return `Map{${this.#entries((k) => (typeof k === "string" ? printKey(k) : String(k)))}}`;
      case "class":
        return `${this.codec?.name}${this.aux === undefined ? "" : `<${printAux(this.aux)}>`}(${this.children.join(", ")})`;
      case "model":
        return `${this.codec?.name}{${this.#entries((k) => printKey(String(k)))}}`;
      case "static":
        return printAux(this.aux);
    }
  }

  #entries(print: (key: unknown) => string): string {
    return this.children.map((child, i) => `${print(this.keys[i])}: ${child}`).join(", ");
  }
}

export const LEAF = new TreeDef("leaf");
export const NULL = new TreeDef("null");
export const UNDEFINED = new TreeDef("undefined");

/** True if two trees have the same structure. */
export function equal(a: TreeDef, b: TreeDef): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind || a.numLeaves !== b.numLeaves || a.children.length !== b.children.length) return false;
  if (a.codec !== b.codec) return false;
  for (let i = 0; i < a.keys.length; i++) if (!Object.is(a.keys[i], b.keys[i])) return false;
  for (let i = 0; i < a.children.length; i++) if (!equal(a.children[i], b.children[i])) return false;
  return a.aux === b.aux || auxKey(a.aux) === auxKey(b.aux);
}

export function printKey(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
}

function printAux(aux: unknown): string {
  if (typeof aux === "function") return aux.name ? `[function ${aux.name}]` : "[a function]";
  if (typeof aux === "object" && aux !== null && !isData(aux)) return `[${aux.constructor?.name || "an object"}]`;
  const text = typeof aux === "object" || typeof aux === "string" ? (JSON.stringify(aux) ?? String(aux)) : String(aux);
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}

function keyOf(t: TreeDef): string {
  switch (t.kind) {
    case "leaf":
      return "*";
    case "null":
      return "n";
    case "undefined":
      return "u";
    case "list":
      return `[${t.children.map((c) => c.key).join(",")}]`;
    case "object":
      return `{${t.children.map((c, i) => JSON.stringify(t.keys[i]) + c.key).join(",")}}`;
    case "map":
      return `M{${t.children.map((c, i) => auxKey(t.keys[i]) + c.key).join(",")}}`;
    case "model":
      return `O${identity(t.codec as ModelClass)}{${t.children.map((c, i) => JSON.stringify(t.keys[i]) + c.key).join(",")}}`;
    case "static":
      return `=${auxKey(t.aux)}`;
    case "class":
      return `C${identity(t.codec as ClassCodec)}<${auxKey(t.aux)}>(${t.children.map((c) => c.key).join(",")})`;
  }
}

/** A key by value for what is written as data, and by identity for everything else (functions, class instances, symbols). */
function auxKey(x: unknown): string {
  switch (typeof x) {
    case "string":
      return JSON.stringify(x);
    case "number":
      return Object.is(x, -0) ? "-0" : String(x);
    case "bigint":
      return `${x}n`;
    case "boolean":
    case "undefined":
      return String(x);
    case "symbol":
      return `@${identity(x)}`;
    default:
      break;
  }
  if (x === null) return "null";
  if (Array.isArray(x)) return `[${x.map(auxKey).join(",")}]`;
  if (isData(x as object)) {
    const fields = x as Record<string, unknown>;
    const names = Object.keys(fields).sort();
    return `{${names.map((k) => `${JSON.stringify(k)}:${auxKey(fields[k])}`).join(",")}}`;
  }
  return `#${identity(x as object)}`;
}

function isData(x: object): boolean {
  const proto = Object.getPrototypeOf(x);
  return proto === Object.prototype || proto === null || Array.isArray(x);
}
