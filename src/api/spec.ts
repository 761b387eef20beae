/** `spec`: what arrays a function takes, said once: for tsc, for the check when it runs, and for tools that read it. */
import { fail } from "../diagnostics/error.js";
import { type Aval, printAval } from "../ir/aval.js";
import { type DType, isDType } from "../ir/dtype.js";
import { describeValue, leafAval, ShapeDtype } from "../tracer/leaf.js";
import type { Num } from "../tracer/num.js";
import type { ShapeSpec, Tensor } from "../tracer/tensor.js";
import * as tree from "../tree/index.js";
import { explainDifference } from "../tree/path.js";
import { Sizes } from "./spec-sizes.js";

/** One array of a spec: its shape, and its dtype where one is asked for. */
export class ArraySpec {
  constructor(
    readonly shape: ShapeSpec,
    readonly dtype: DType | undefined,
  ) {}
  toString(): string {
    return `${this.dtype ?? ""}[${this.shape.join()}]`;
  }
}

declare const DECLARED: unique symbol;

/** What `spec` gives. `T` is the type of the values that it describes. */
export class Spec<T> {
  declare readonly [DECLARED]?: T;
  /** The declaration as data: a tree with an `ArraySpec` for each array. */
  readonly tree: unknown;

  /** @internal */
  constructor(declaration: unknown) {
    this.tree = declaration;
  }
  /**
   * The value, when its structure, shapes and dtypes are what the spec says and each name stands for one size.
   * @throws TW2015
   */
  check(value: unknown, name = "the value"): T {
    checkSpecs("", [[this, value, name]]);
    return value as T;
  }
  /** Whether `check` accepts the value. */
  matches(value: unknown): boolean {
    return findings([[this, value, "the value"]], new Sizes()).length === 0;
  }
  /** The sizes that the names stand for in a value. */
  sizes(value: unknown): Record<string, number> {
    const sizes = new Sizes();
    report("", findings([[this, value, "the value"]], sizes));
    return sizes.known();
  }
  /**
   * Shapes and dtypes without values for `evalShape` and `makeProgram`, each name with the size that is given here; f32 where no
   * dtype is asked for.
   * @example makeProgram(loss)(P.like(), X.like({ batch: 32 }))
   */
  like(sizes: Readonly<Record<string, number>> = {}): Like<T> {
    const known = new Sizes(sizes);
    return tree.map(
      (leaf: unknown) => new ShapeDtype(known.shapeOf((leaf as ArraySpec).shape), (leaf as ArraySpec).dtype ?? "f32"),
      this.tree,
    ) as Like<T>;
  }
  toString(): string {
    return print(this.tree);
  }
}
type Like<T> = tree.Mapped<T, ShapeDtype>;

/** What can stand in a declaration: a shape, another spec, or a tree of these. */
export type Declaration =
  | ShapeSpec
  // biome-ignore lint/suspicious/noExplicitAny: a spec of anything
  | Spec<any>
  | null
  | readonly Declaration[]
  | { readonly [key: string]: Declaration };

/** The type of the values that a declaration describes. */
export type Declared<D> =
  D extends Spec<infer T>
    ? T
    : D extends ShapeSpec
      ? // biome-ignore lint/suspicious/noExplicitAny: a shape alone asks for no dtype
        Tensor<Mutable<D>, any>
      : D extends object
        ? { -readonly [K in keyof D]: Declared<D[K]> }
        : D;
/** Parameters by their specs. */
export type DeclaredArgs<P extends readonly unknown[]> = { -readonly [K in keyof P]: Declared<P[K]> };
type Mutable<S extends ShapeSpec> = { -readonly [K in keyof S]: S[K] };

/** `T` with a `Num` in the place of each tensor: the parameter of a staged function. */
export type AsNums<T> =
  T extends Tensor<infer S, infer D> ? Num<S, D> : T extends object ? { [K in keyof T]: AsNums<T[K]> } : T;

/**
 * Arrays by their shapes: a list of numbers and names for one array, with a dtype if one is asked for, and any tree of such.
 * In a shape `"n"` is any size, the same wherever it is named; `"2*n"`, `"n+1"`, `"h//2"` are computed; `"...b"` is any number
 * of axes, `"n|1"` the size n or 1, and `"_"` any size.
 *
 * @example
 * const Params = spec({ w: ["in", "out"], b: ["out"] });
 * const Labels = spec(["batch"], "i32");
 * type Params = spec.infer<typeof Params>; // { w: Tensor<["in", "out"]>; b: Tensor<["out"]> }
 * const predict = jit((p, x) => np.dot(x, p.w).add(p.b), { args: [Params, ["batch", "in"]] });
 */
export function spec<const S extends ShapeSpec, D extends DType>(shape: S, dtype: D): Spec<Tensor<Mutable<S>, D>>;
export function spec<const D extends Declaration>(declaration: D): Spec<Declared<D>>;
export function spec(declaration: unknown, dtype?: DType): unknown {
  return new Spec(read(declaration, dtype, ""));
}
export namespace spec {
  /** The type of the values that a spec describes. */
  export type infer<S> = S extends Spec<infer T> ? T : never;
  /** The same for a parameter of staged code: `Num` for each array. */
  export type staged<S> = S extends Spec<infer T> ? AsNums<T> : never;
}

/** The tree of a declaration. */
function read(d: unknown, dtype: DType | undefined, path: string): unknown {
  const at = path === "" ? "spec" : `spec: ${path.replace(/^\./, "")}`;
  if (dtype !== undefined && !isDType(dtype)) {
    fail("TW2005", `${at}: ${describeValue(dtype)} is not a dtype`, { help: 'such as "f32", "i32" or "bool"' });
  }
  if (d instanceof Spec) return d.tree;
  if (d === null) return null;
  if (Array.isArray(d)) {
    if (d.every((x) => typeof x === "number" || typeof x === "string"))
      return new ArraySpec(Sizes.checked(d, at), dtype);
    return d.map((x, i) => read(x, undefined, `${path}[${i}]`));
  }
  if (d instanceof Map) return new Map([...d].map(([k, x]) => [k, read(x, undefined, `${path}.${String(k)}`)]));
  if (typeof d === "object" && d !== undefined && Object.getPrototypeOf(d) === Object.prototype) {
    return Object.fromEntries(Object.entries(d as object).map(([k, x]) => [k, read(x, undefined, `${path}.${k}`)]));
  }
  return fail("TW1007", `${at} is ${describeValue(d)}, which describes no arrays`, {
    help: 'a shape is a list of numbers and names, as in spec({ w: ["in", "out"], b: ["out"] })',
  });
}

/** A spec, a value, and how errors call the value. */
type Pair = readonly [spec: { readonly tree: unknown }, value: unknown, name: string];

/** Checks values against specs whose names are shared. @throws TW2015 */
export function checkSpecs(label: string, pairs: readonly Pair[]): void {
  report(label, findings(pairs, new Sizes()));
}

/** The specs of the arguments, as `jit(f, { args })` is given them. */
export function argumentSpecs(label: string, args: unknown): readonly (Spec<unknown> | undefined)[] | undefined {
  if (args === undefined) return undefined;
  if (!Array.isArray(args)) {
    fail("TW1007", `${label}: args is ${describeValue(args)}`, {
      help: "give a list with a spec for each argument, or null for one that is not checked",
    });
  }
  return args.map((d) => (d === null || d === undefined ? undefined : new Spec(read(d, undefined, ""))));
}

function report(label: string, found: readonly string[]): void {
  if (found.length === 0) return;
  const [first, ...rest] = found;
  fail("TW2015", `${label}${first}`, rest.length > 0 ? { notes: rest } : {});
}

/** All that disagrees. */
function findings(pairs: readonly Pair[], sizes: Sizes): string[] {
  const found: string[] = [];
  for (const [s, value, name] of pairs) {
    const want = tree.flattenWithPath(s.tree);
    const given = tree.flatten(value);
    if (!tree.equal(want.treedef, given.treedef)) {
      const why = explainDifference(want.treedef, given.treedef, "the spec", "the value");
      found.push(`${name} has another structure than its spec: ${why}`);
      continue;
    }
    want.leaves.forEach((leaf, i) => {
      const path = want.paths[i];
      const full = `${name}${path === "" || path.startsWith("[") ? "" : "."}${path}`;
      const aval = leafAval(given.leaves[i], () => full);
      const why = disagreement(leaf as ArraySpec, aval, sizes, full);
      if (why) found.push(`${full} is ${printAval(aval)}, its spec says ${String(leaf)}: ${why}`);
    });
  }
  return [...found, ...sizes.unsolved()];
}

function disagreement(want: ArraySpec, got: Aval, sizes: Sizes, name: string): string | undefined {
  if (want.dtype !== undefined && got.dtype !== want.dtype && !got.weak) return `${got.dtype} is not ${want.dtype}`;
  return sizes.unify(want.shape, got.shape, name);
}

function print(x: unknown): string {
  if (Array.isArray(x)) return `[${x.map(print).join(", ")}]`;
  if (x instanceof ArraySpec || x === null) return String(x);
  const entries = x instanceof Map ? [...x] : Object.entries(x as object);
  return `{ ${entries.map(([k, v]) => `${String(k)}: ${print(v)}`).join(", ")} }`;
}
