/** How values travel in and out of a program that was built ahead of time: arrays as typed arrays, in plain structures. */
import { fail } from "../../diagnostics/error.js";
import type { Dim } from "../../ir/dim.js";
import type { DType } from "../../ir/dtype.js";
import type { TreeDef } from "../../tree/index.js";

/** An array: where its elements lie in the memory of the program. */
export interface Leaf {
  readonly dtype: DType;
  readonly shape: readonly Dim[];
  /** Null where it depends on sizes that have names. */
  readonly address: number | null;
}
/** A structure whose leaves are positions in a list. */
export type Structure =
  | { readonly kind: "leaf"; readonly leaf: number }
  | { readonly kind: "null" | "undefined" }
  | { readonly kind: "list"; readonly items: readonly Structure[] }
  | { readonly kind: "object"; readonly keys: readonly string[]; readonly items: readonly Structure[] };

/** The structure with its leaves counted from 0, in their order. */
export function structureOf(def: TreeDef, what: string): Structure {
  let next = 0;
  const walk = (d: TreeDef): Structure => {
    switch (d.kind) {
      case "leaf":
        return { kind: "leaf", leaf: next++ };
      case "null":
      case "undefined":
        return { kind: d.kind };
      case "list":
        return { kind: "list", items: d.children.map(walk) };
      case "object":
        return { kind: "object", keys: d.keys.map(String), items: d.children.map(walk) };
      case "map":
      case "class":
      case "model":
      case "static":
        return fail("TW6002", `${what} holds a ${d.kind === "map" ? "Map" : (d.codec?.name ?? "class")}`, {
          help: "a program built ahead of time takes and gives arrays, lists and plain objects",
        });
    }
  };
  return walk(def);
}
