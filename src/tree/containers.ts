/** What counts as a container, and how each kind is taken apart and put together again. */
import { fail } from "../diagnostics/error.js";
import { instanceOf, type ModelClass, modelClass } from "./models.js";
import { type ClassCodec, LEAF, NULL, TreeDef, type TreeKind, UNDEFINED } from "./treedef.js";
import { range } from "../util/index.js";

const codecs = new WeakMap<object, ClassCodec>();

/** A class, seen only as something that has instances. */
export type Class<T> = abstract new (...args: never[]) => T;

/** How instances of a class become trees. */
export interface Registration<T> {
  flatten(object: T): readonly [children: readonly unknown[], aux: unknown];
  unflatten(aux: unknown, children: readonly unknown[]): T;
}

/**
 * Makes instances of a class containers: `flatten` gives the children, which may be trees themselves, and anything else that
 * rebuilding needs (compared by value where it is plain data). Subclasses are not included; register each.
 *
 * @example
 * tree.register(Point, { flatten: (p) => [[p.x, p.y], undefined], unflatten: (_, [x, y]) => new Point(x, y) });
 */
export function register<T>(cls: Class<T>, registration: Registration<T>): void {
  if (typeof cls !== "function" || typeof cls.prototype !== "object") {
    fail("TW1007", "tree.register: the first argument is not a class");
  }
  if (codecs.has(cls.prototype)) fail("TW1007", `tree.register: ${cls.name || "the class"} is registered already`);
  codecs.set(cls.prototype, {
    name: cls.name || "(anonymous class)",
    flatten: (object) => registration.flatten(object as T),
    unflatten: (aux, children) => registration.unflatten(aux, children),
  });
}

/** A node taken apart one level: the structure is complete once the children's structures are known. */
export interface Parts {
  readonly kind: TreeKind;
  readonly children: readonly unknown[];
  readonly keys: readonly unknown[];
  readonly order: readonly number[] | undefined;
  readonly codec: ClassCodec | ModelClass | undefined;
  readonly aux: unknown;
}

const NO_KEYS: readonly unknown[] = [];

/** The parts of a container; a TreeDef for what has none (a leaf, null, undefined). */
export function partsOf(x: unknown): Parts | TreeDef {
  if (x === null) return NULL;
  if (typeof x !== "object") return x === undefined ? UNDEFINED : LEAF;
  if (Array.isArray(x)) return parts("list", x, NO_KEYS, undefined);
  const proto: object | null = Object.getPrototypeOf(x);
  if (proto === Object.prototype || proto === null) return objectParts(x as Record<string, unknown>);
  const codec = codecs.get(proto);
  if (codec !== undefined) {
    const [children, aux] = codec.flatten(x);
    return { kind: "class", children, keys: NO_KEYS, order: undefined, codec, aux };
  }
  if (proto === Map.prototype) return mapParts(x as Map<unknown, unknown>);
  // the plain object of another realm (a vm context, an iframe): its prototype is a root too, and has the root's methods
  if (Object.getPrototypeOf(proto) === null && Object.hasOwn(proto, "isPrototypeOf")) {
    return objectParts(x as Record<string, unknown>);
  }
  const model = modelClass(proto);
  if (model !== undefined) return { ...objectParts(x as Record<string, unknown>), kind: "model", codec: model };
  return LEAF;
}

function parts(
  kind: TreeKind,
  children: readonly unknown[],
  keys: readonly unknown[],
  order: readonly number[] | undefined,
): Parts {
  return { kind, children, keys, order, codec: undefined, aux: undefined };
}

function objectParts(x: Record<string, unknown>): Parts {
  const own = Object.keys(x);
  const order = sortOrder(own);
  const keys = order === undefined ? own : own.slice().sort(compare);
  const children = new Array<unknown>(keys.length);
  for (let i = 0; i < keys.length; i++) children[i] = x[keys[i]];
  return parts("object", children, keys, order);
}

/** Maps are compared by sorted keys where those are all strings or all numbers, else in the order of insertion. */
function mapParts(x: Map<unknown, unknown>): Parts {
  const own = [...x.keys()];
  const sortable = own.every((k) => typeof k === "string") || own.every((k) => typeof k === "number");
  const order = sortable ? sortOrder(own as (string | number)[]) : undefined;
  const keys = order === undefined ? own : (own as (string | number)[]).slice().sort(compare);
  return parts(
    "map",
    keys.map((k) => x.get(k)),
    keys,
    order,
  );
}

function compare(a: string | number, b: string | number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** For each key as the object has it, its place in sorted order; undefined if it is sorted already (no work on rebuilding). */
function sortOrder(own: readonly (string | number)[]): number[] | undefined {
  let sorted = true;
  for (let i = 1; i < own.length; i++) {
    if (own[i - 1] > own[i]) {
      sorted = false;
      break;
    }
  }
  if (sorted) return undefined;
  const rank = range(own.length).sort((i, j) => compare(own[i], own[j]));
  const order = new Array<number>(own.length);
  rank.forEach((at, place) => {
    order[at] = place;
  });
  return order;
}

/** Puts a container together again; its keys stand in the order that the flattened one had. `noted`: leaves may be no arrays. */
export function rebuild(node: TreeDef, children: readonly unknown[], noted = false): unknown {
  switch (node.kind) {
    case "model":
      return instanceOf(node, children, noted);
    case "static":
      return node.aux;
    case "list":
      return children;
    case "class":
      return (node.codec as ClassCodec).unflatten(node.aux, children);
    case "object": {
      const out: Record<string, unknown> = {};
      for (let i = 0; i < children.length; i++) {
        const at = node.order === undefined ? i : node.order[i];
        const key = node.keys[at] as string;
        if (key === "__proto__") {
          // assignment would set the prototype instead of making a property
          Object.defineProperty(out, key, {
            value: children[at],
            enumerable: true,
            writable: true,
            configurable: true,
          });
        } else out[key] = children[at];
      }
      return out;
    }
    case "map": {
      const out = new Map<unknown, unknown>();
      for (let i = 0; i < children.length; i++) {
        const at = node.order === undefined ? i : node.order[i];
        out.set(node.keys[at], children[at]);
      }
      return out;
    }
    case "null":
      return null;
    default:
      return undefined;
  }
}
