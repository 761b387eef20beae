/** Key paths into trees, and where two structures part. */
import { equal, printKey, type TreeDef } from "./treedef.js";

/** The path of a node's i-th child. */
export function stepInto(path: string, node: { kind: string; keys: readonly unknown[] }, i: number): string {
  if (node.kind !== "object" && node.kind !== "model") {
    const key = node.kind === "map" ? node.keys[i] : i;
    return `${path}[${typeof key === "string" ? JSON.stringify(key) : String(key)}]`;
  }
  const key = node.keys[i] as string;
  if (printKey(key) !== key) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}

/** Says where two structures differ first, and how. */
export function explainDifference(a: TreeDef, b: TreeDef, nameA: string, nameB: string): string {
  let path = "";
  for (;;) {
    const at = path === "" ? "at the root" : `at ${path}`;
    const keyless = a.kind !== b.kind || a.codec !== b.codec;
    if (keyless) return `the trees differ ${at}: ${nameA} has ${a}, ${nameB} has ${b}`;
    const extra = a.keys.filter((k) => !b.keys.includes(k));
    const missing = b.keys.filter((k) => !a.keys.includes(k));
    if (extra.length > 0) return `the trees differ ${at}: only ${nameA} has the key ${String(extra[0])}`;
    if (missing.length > 0) return `the trees differ ${at}: only ${nameB} has the key ${String(missing[0])}`;
    if (a.children.length !== b.children.length) {
      return `the trees differ ${at}: ${nameA} has ${a.children.length} items, ${nameB} has ${b.children.length}`;
    }
    const i = a.children.findIndex((child, n) => !equal(child, b.children[n]));
    const isFunctions = typeof a.aux === "function" && typeof b.aux === "function";
    if (i < 0 && a.kind === "static" && isFunctions)
      return `the trees differ ${at}: ${nameA} and ${nameB} have different functions there; one that is made once, outside of the class, is the same in all`;
    if (i < 0) return `the trees differ ${at}: ${nameA} has ${a}, ${nameB} has ${b}`;
    path = stepInto(path, a, i);
    a = a.children[i];
    b = b.children[i];
  }
}
