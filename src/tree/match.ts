/** The hot path of repeated calls: a tree is compared with a structure that is known, without building its own. */
import { LEAF, NULL, type TreeDef, UNDEFINED } from "./treedef.js";

/**
 * Writes the leaves of `x` to `leaves` from place `at` on if it has the structure `treedef`, and gives the place after the last;
 * -1 if it has not. `isLeaf` knows the objects that are leaves for sure. A "no" may be wrong (Maps, registered classes and objects
 * of other realms are not looked into): `flatten` then decides.
 */
export function matchLeaves(
  treedef: TreeDef,
  x: unknown,
  isLeaf: (x: object) => boolean,
  leaves: unknown[],
  at: number,
): number {
  if (typeof x !== "object" || x === null) {
    if (treedef === LEAF) {
      if (x === undefined || x === null) return -1;
      leaves[at] = x;
      return at + 1;
    }
    return (x === null ? treedef === NULL : x === undefined && treedef === UNDEFINED) ? at : -1;
  }
  if (treedef === LEAF) {
    if (!isLeaf(x)) return -1;
    leaves[at] = x;
    return at + 1;
  }
  const { children, keys } = treedef;
  let next = at;
  if (treedef.kind === "list") {
    if (!Array.isArray(x) || x.length !== children.length) return -1;
    for (let i = 0; i < children.length; i++) {
      next = matchLeaves(children[i], x[i], isLeaf, leaves, next);
      if (next < 0) return -1;
    }
    return next;
  }
  if (treedef.kind !== "object" || Object.getPrototypeOf(x) !== Object.prototype) return -1;
  let count = 0;
  for (const _ in x) count++;
  if (count !== keys.length) return -1;
  const fields = x as Record<string, unknown>;
  for (let i = 0; i < keys.length; i++) {
    const value = fields[keys[i] as string];
    // a missing key reads as undefined
    if (value === undefined && !Object.hasOwn(fields, keys[i] as string)) return -1;
    next = matchLeaves(children[i], value, isLeaf, leaves, next);
    if (next < 0) return -1;
  }
  return next;
}
