/** The hot path of repeated calls: a tree is compared with a structure that is known, without building its own. */
import { LEAF, NULL, type TreeDef, UNDEFINED } from "./treedef.js";

/**
 * Appends the leaves of `x` if it has the structure `treedef`, and says whether it has. `isLeaf` knows the objects that are
 * leaves for sure. A "no" may be wrong (Maps, registered classes and objects of other realms are not looked into), and leaves
 * behind what was appended: `flatten` then decides.
 */
export function matchLeaves(treedef: TreeDef, x: unknown, isLeaf: (x: object) => boolean, leaves: unknown[]): boolean {
  if (typeof x !== "object" || x === null) {
    if (treedef === LEAF) {
      if (x === undefined || x === null) return false;
      leaves.push(x);
      return true;
    }
    return x === null ? treedef === NULL : x === undefined && treedef === UNDEFINED;
  }
  if (treedef === LEAF) {
    if (!isLeaf(x)) return false;
    leaves.push(x);
    return true;
  }
  const { children, keys } = treedef;
  if (treedef.kind === "list") {
    if (!Array.isArray(x) || x.length !== children.length) return false;
    for (let i = 0; i < children.length; i++) if (!matchLeaves(children[i], x[i], isLeaf, leaves)) return false;
    return true;
  }
  if (treedef.kind !== "object" || Object.getPrototypeOf(x) !== Object.prototype) return false;
  let count = 0;
  for (const _ in x) count++;
  if (count !== keys.length) return false;
  const fields = x as Record<string, unknown>;
  for (let i = 0; i < keys.length; i++) {
    const value = fields[keys[i] as string];
    // a missing key reads as undefined
    if (value === undefined && !Object.hasOwn(fields, keys[i] as string)) return false;
    if (!matchLeaves(children[i], value, isLeaf, leaves)) return false;
  }
  return true;
}
