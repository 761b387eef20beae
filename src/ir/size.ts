/**
 * Sizes that a compiled program learns when it runs. While it is traced and compiled they are names with a least value,
 * which its caller guards, and a hint, which heuristics go by and nothing else.
 */
import { internal } from "../diagnostics/error.js";
import { type Dim, dimEqual, leastOf, substituteDim, withBounds } from "./dim.js";

/** What a size with a name is at most, so that indices near it are 32-bit integers. */
export const MOST_OF_SIZE = 2 ** 28;

export interface NamedSize {
  readonly name: string;
  readonly atLeast: number;
  /** The size at hand, ≥ `atLeast`. */
  readonly hint: number;
}

let hints: ReadonlyMap<string, number> = new Map();

/** Runs `body` with what is known of these names: dims made and compared in it use the least values. */
export function withSizes<R>(sizes: readonly NamedSize[], body: () => R): R {
  if (sizes.length === 0) return body();
  const outer = hints;
  hints = new Map(sizes.map((s) => [s.name, s.hint]));
  try {
    return withBounds(new Map(sizes.map((s) => [s.name, s.atLeast])), body);
  } finally {
    hints = outer;
  }
}

/** The value that heuristics take `d` for. */
export function hintOf(d: Dim): number {
  if (typeof d === "number") return d;
  const value = substituteDim(d, hints);
  return typeof value === "number" ? value : Math.max(1, leastOf(d));
}

/** Code for sizes so many times as large is compiled anew: it is cut into other pieces. */
const LARGER = 16;
/** From this value on, what was compiled for the hint is compiled once more, with the size at hand for a hint. */
export function outgrown(hint: number): number {
  return LARGER * Math.max(hint, LARGER);
}
/** The greatest value that `d` is likely to have. */
export function mostLikely(d: Dim): number {
  if (typeof d === "number") return d;
  const value = substituteDim(d, new Map([...hints].map(([name, hint]) => [name, outgrown(hint) - 1])));
  return typeof value === "number" ? Math.max(value, hintOf(d)) : hintOf(d);
}

/** `d` at these values of its names. */
export function valueOf(d: Dim, values: ReadonlyMap<string, number>): number {
  const value = substituteDim(d, values);
  return typeof value === "number" ? value : internal(`the size ${String(d)} has names without values`);
}

/**
 * Thrown while a program with named sizes is compiled when something in it needs numbers: the program is to be compiled for
 * the sizes at hand instead.
 */
export class NeedsStaticSize extends Error {
  /** The primitive, when it is known. */
  prim: string | undefined;
  constructor(readonly what: string) {
    super(what);
    this.name = "NeedsStaticSize";
  }
  /** For people: why this program is compiled anew for each size. */
  get reason(): string {
    return this.prim === undefined ? this.what : `${this.prim}: ${this.what}`;
  }
}
/** Names the primitive that `body` compiles, should it need numbers. */
export function naming<R>(prim: string, body: () => R): R {
  try {
    return body();
  } catch (e) {
    if (e instanceof NeedsStaticSize) e.prim ??= prim;
    throw e;
  }
}
export function needsStatic(what: string): never {
  throw new NeedsStaticSize(what);
}
/** Both are one size: what cannot be told of named ones needs numbers. */
export function checkSame(a: Dim, b: Dim, what: string): void {
  const same = dimEqual(a, b);
  if (same === true) return;
  if (same === undefined) needsStatic(`${what}: ${String(a)} and ${String(b)} may differ`);
  internal(`${what}: ${String(a)} and ${String(b)} differ`);
}
/** The dims as numbers, for what cannot be compiled otherwise. */
export function staticSizes(dims: readonly Dim[]): readonly number[] {
  for (const d of dims)
    if (typeof d !== "number") needsStatic(`a size of [${dims.map(String).join(", ")}] must be known`);
  return dims as readonly number[];
}
