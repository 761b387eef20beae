/**
 * Trees of values ("pytrees"): arrays, plain objects, Maps, models and registered classes, nested in any way. null and undefined are
 * empty nodes, part of the structure and without a leaf; everything else is a leaf. Nothing here knows of tensors.
 */
import { fail } from "../diagnostics/error.js";
import { type Parts, partsOf, rebuild } from "./containers.js";
import { atPlace, fixedNode, type ModelClass, needsNotes, type Place, placeBelow, placeOfChild } from "./models.js";
import { explainDifference, stepInto } from "./path.js";
import { equal, NULL, LEAF as LEAF_NODE, TreeDef, UNDEFINED } from "./treedef.js";
import type { Leaf, Mapped } from "./types.js";

export { type Class, type Registration, register } from "./containers.js";
export { matchLeaves } from "./match.js";
export { isModel, markModel, type ModelRules } from "./models.js";
export { equal, TreeDef } from "./treedef.js";
export { type HasMethods, LEAF, type Leaf, type Mapped, type Tree } from "./types.js";

export type IsLeaf = (x: unknown) => boolean;

/** Deeper than any tree that is meant, and shallower than the stack: an object that contains itself ends here. */
const MAX_DEPTH = 500;

/** The leaves of a tree, and the structure that `unflatten` needs to put them back. */
export function flatten(tree: unknown, isLeaf?: IsLeaf): { leaves: unknown[]; treedef: TreeDef } {
  const leaves: unknown[] = [];
  return { treedef: flattenInto(tree, leaves, isLeaf, 0, undefined), leaves };
}

function flattenInto(
  x: unknown,
  leaves: unknown[],
  isLeaf: IsLeaf | undefined,
  depth: number,
  place: Place | undefined,
): TreeDef {
  if (isLeaf?.(x)) {
    leaves.push(x);
    return LEAF_NODE;
  }
  const node = atPlace(x, partsOf(x), place);
  if (node instanceof TreeDef) {
    if (node === LEAF_NODE) leaves.push(x);
    return node;
  }
  if (depth > MAX_DEPTH) fail("TW1009", "the tree is nested without end: it seems to contain itself");
  const defs = new Array<TreeDef>(node.children.length);
  const below = placeBelow(x, node, place);
  for (let i = 0; i < defs.length; i++) {
    defs[i] = isFixed(node, i)
      ? fixedNode(node.children[i])
      : flattenInto(node.children[i], leaves, isLeaf, depth + 1, placeOfChild(below, i));
  }
  return new TreeDef(node.kind, defs, node.keys, node.order, node.codec, node.aux);
}

/** A field that its class names as part of the structure. */
function isFixed(node: Parts, i: number): boolean {
  return node.kind === "model" && (node.codec as ModelClass).fixed.has(node.keys[i] as string);
}

/** The tree of this structure with these leaves. */
export function unflatten(treedef: TreeDef, leaves: readonly unknown[]): unknown {
  if (leaves.length !== treedef.numLeaves) {
    fail("TW1009", `tree.unflatten: ${leaves.length} leaves for a structure that has ${treedef.numLeaves}: ${treedef}`);
  }
  return treedef === LEAF_NODE ? leaves[0] : build(treedef, leaves, 0, needsNotes(treedef, leaves));
}

/** The tree of a structure whose leaves begin at a place of the list. */
function build(node: TreeDef, leaves: readonly unknown[], at: number, noted: boolean): unknown {
  if (node === LEAF_NODE) return leaves[at];
  if (node === NULL) return null;
  if (node === UNDEFINED) return undefined;
  const children = new Array<unknown>(node.children.length);
  let next = at;
  for (let i = 0; i < children.length; i++) {
    const child = node.children[i];
    children[i] = build(child, leaves, next, noted);
    next += child.numLeaves;
  }
  return rebuild(node, children, noted);
}

/** The leaves in order. */
export function leaves(tree: unknown, isLeaf?: IsLeaf): unknown[] {
  return flatten(tree, isLeaf).leaves;
}

/** The structure alone. */
export function structure(tree: unknown, isLeaf?: IsLeaf): TreeDef {
  return flatten(tree, isLeaf).treedef;
}

/**
 * Applies a function to each leaf, and to the leaves at the same place of further trees of the same structure.
 *
 * @example
 * const next = tree.map((w, g) => w.sub(g.mul(0.1)), params, gradients);
 */
export function map<T, R>(
  f: (leaf: Leaf<NoInfer<T>>, ...more: Leaf<NoInfer<T>>[]) => R,
  tree: T,
  ...rest: readonly unknown[]
): Mapped<T, R> {
  const first = flatten(tree);
  const others = rest.map((other, i) => {
    const flat = flatten(other);
    if (!equal(flat.treedef, first.treedef)) {
      fail("TW1009", `tree.map: ${explainDifference(first.treedef, flat.treedef, "tree 1", `tree ${i + 2}`)}`, {
        notes: [`tree 1: ${first.treedef}`, `tree ${i + 2}: ${flat.treedef}`],
      });
    }
    return flat.leaves;
  });
  const call = f as (...xs: unknown[]) => R;
  const results = first.leaves.map((x, i) => call(x, ...others.map((o) => o[i])));
  return unflatten(first.treedef, results) as Mapped<T, R>;
}

/** Leaves with their key paths, such as `params.layers[0].w`; `root` names the tree itself. */
export function flattenWithPath(
  tree: unknown,
  options: { root?: string; isLeaf?: IsLeaf } = {},
): { paths: string[]; leaves: unknown[]; treedef: TreeDef } {
  const flat = flatten(tree, options.isLeaf);
  return { paths: pathsOf(flat.treedef, options.root), ...flat };
}

/** The key path of each leaf of a structure. */
export function pathsOf(treedef: TreeDef, root = ""): string[] {
  const paths: string[] = [];
  const visit = (node: TreeDef, path: string): void => {
    if (node === LEAF_NODE) paths.push(path);
    for (let i = 0; i < node.children.length; i++) visit(node.children[i], stepInto(path, node, i));
  };
  visit(treedef, root);
  return paths;
}

export interface BroadcastOptions {
  /** null in the prefix is a value ("not mapped"), not an empty node. */
  nullIsLeaf?: boolean;
  /** What counts as a leaf of the tree (not of the prefix). */
  isLeaf?: IsLeaf;
  /** Names the prefix in errors, such as `vmap: inAxes`. */
  label?: string;
}

/**
 * Gives each leaf of a tree the value that a prefix of the tree has for it: a leaf of the prefix stands for everything below.
 * `broadcastPrefix([0, null], [{ a, b }, c])` is `[0, 0, null]`.
 */
export function broadcastPrefix(prefix: unknown, tree: unknown, options: BroadcastOptions = {}): unknown[] {
  const { nullIsLeaf = false, isLeaf, label = "the prefix" } = options;
  const out: unknown[] = [];
  const visit = (p: unknown, x: unknown, path: string, preAt: Place | undefined, at: Place | undefined): void => {
    const pre = p === null && nullIsLeaf ? LEAF_NODE : atPlace(p, partsOf(p), preAt);
    if (pre === LEAF_NODE) {
      for (let n = flattenInto(x, [], isLeaf, 0, at).numLeaves; n > 0; n--) out.push(p);
      return;
    }
    const full = isLeaf?.(x) ? LEAF_NODE : atPlace(x, partsOf(x), at);
    const where = path === "" ? "" : ` at ${path}`;
    const wrong: () => never = () =>
      fail("TW1009", `${label} is no prefix of the tree${where}: ${structure(p)} against ${structure(x, isLeaf)}`);
    if (pre instanceof TreeDef) {
      if (!(full instanceof TreeDef) || !equal(pre, full)) wrong();
      return;
    }
    if (full instanceof TreeDef || full.kind !== pre.kind || full.codec !== pre.codec) wrong();
    if (full.children.length !== pre.children.length || !full.keys.every((k, i) => Object.is(k, pre.keys[i]))) wrong();
    const preBelow = placeBelow(p, pre, preAt);
    const below = placeBelow(x, full, at);
    for (let i = 0; i < pre.children.length; i++) {
      if (isFixed(full, i)) continue;
      const next = stepInto(path, full, i);
      visit(pre.children[i], full.children[i], next, placeOfChild(preBelow, i), placeOfChild(below, i));
    }
  };
  visit(prefix, tree, "", undefined, undefined);
  return out;
}

/** Combines all leaves from left to right. */
export function reduce<T, A>(f: (acc: A, leaf: Leaf<NoInfer<T>>) => A, tree: T, initial: A): A {
  return leaves(tree).reduce<A>((acc, x) => f(acc, x as Leaf<T>), initial);
}
