/** The hot path of repeated calls: a tree is compared with a structure that is known, without building its own. */
import { isNoted, type ModelClass } from "./models.js";
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
  inModel = false,
): number {
  if (typeof x !== "object" || x === null) {
    if (treedef === LEAF) {
      if (x === undefined || x === null || inModel) return -1;
      leaves[at] = x;
      return at + 1;
    }
    if (treedef.kind === "static") return Object.is(treedef.aux, x) ? at : -1;
    return (x === null ? treedef === NULL : x === undefined && treedef === UNDEFINED) ? at : -1;
  }
  if (treedef === LEAF) {
    if (!isLeaf(x)) return -1;
    leaves[at] = x;
    return at + 1;
  }
  if (treedef.kind === "static") return treedef.aux === x ? at : -1;
  const { children, keys } = treedef;
  let next = at;
  if (treedef.kind === "list") {
    if (!Array.isArray(x) || x.length !== children.length) return -1;
    for (let i = 0; i < children.length; i++) {
      next = matchLeaves(children[i], x[i], isLeaf, leaves, next, inModel);
      if (next < 0) return -1;
    }
    return next;
  }
  const isModel = treedef.kind === "model";
  if (!isModel && treedef.kind !== "object") return -1;
  if (Object.getPrototypeOf(x) !== (isModel ? (treedef.codec as ModelClass).prototype : Object.prototype)) return -1;
  if (isModel && isNoted(x)) return -1;
  const inside = inModel || isModel;
  let count = 0;
  // (enumerable fields of a prototype are rare, and then flatten decides)
  for (const _ in x) count++;
  if (count !== keys.length) return -1;
  const fields = x as Record<string, unknown>;
  for (let i = 0; i < keys.length; i++) {
    const value = fields[keys[i] as string];
    // a missing key reads as undefined
    if (value === undefined && !Object.hasOwn(fields, keys[i] as string)) return -1;
    next = matchLeaves(children[i], value, isLeaf, leaves, next, inside);
    if (next < 0) return -1;
  }
  return next;
}
