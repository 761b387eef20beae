/** What a loader computes at the sizes of a call. */
import { fail } from "../../diagnostics/error.js";
import { type Dim, dimMul, dimSame, namesOf, symbol } from "../../ir/dim.js";
import type { DType } from "../../ir/dtype.js";
import { formulaOf } from "./formula.js";
import type { Variant } from "./lower.js";
import type { SizedScalar } from "./named.js";
import type { Leaf } from "./structure.js";

/** Expressions are over the variables of the names. */
export interface SizedParts {
  readonly names: readonly string[];
  /** No size may be less than that of its name. */
  readonly least: readonly number[];
  /** How names are told from the lengths of arguments, one after the other. */
  readonly solve: readonly { readonly leaf: number; readonly divisor: string; readonly name: string }[];
  /** Of each module: bytes of the blocks in its arena, when they are needed, and the words behind its pointers. */
  readonly modules: readonly {
    readonly blocks: readonly string[];
    readonly lives: readonly (readonly [number, number])[];
    readonly words: readonly string[];
  }[];
  readonly scalars: readonly { readonly array: string; readonly address: number; readonly value: string }[];
}

export function modulePart({ plan, words }: Variant): SizedParts["modules"][number] {
  const blocks = plan.sized?.blocks ?? [{ bytes: plan.arenaBytes, start: 0, end: 0 }];
  return {
    blocks: blocks.map((b) => formulaOf(b.bytes)),
    lives: blocks.map((b) => [b.start, b.end]),
    words: words.list.flatMap((w) =>
      typeof w === "function" || typeof w === "string" ? [] : [typeof w === "number" ? `offsets[${w}]` : formulaOf(w)],
    ),
  };
}

/** Each name from the length of an argument in which all others are known. */
export function solveNames(label: string, names: readonly string[], inputs: readonly Leaf[]): SizedParts["solve"] {
  const known = new Set<string>();
  const found: { leaf: number; divisor: string; name: string }[] = [];
  for (let again = true; again; ) {
    again = false;
    inputs.forEach(({ shape }, leaf) => {
      const unknown = shape.filter((d) => namesOf(d).some((n) => !known.has(n)));
      if (unknown.length !== 1) return;
      const [name] = namesOf(unknown[0]);
      if (!dimSame(unknown[0], symbol(name))) return;
      const divisor = shape.filter((d) => d !== unknown[0]).reduce<Dim>(dimMul, 1);
      if (divisor === 0) return;
      known.add(name);
      found.push({ leaf, divisor: formulaOf(divisor), name });
      again = true;
    });
  }
  const left = names.filter((n) => !known.has(n));
  if (left.length > 0)
    fail("TW6002", `${label}: ${left.join(" and ")} cannot be told from the lengths of its arguments`, {
      help: "arrays come as their elements alone: give all sizes but one of some argument as numbers or as sizes of others",
    });
  return found;
}

export function scalarValue({ aval, size, inverse }: SizedScalar): string {
  const value = inverse ? `1 / ${formulaOf(size)}` : formulaOf(size);
  return (["i64", "u64"] as DType[]).includes(aval.dtype) ? `BigInt(${value})` : value;
}
