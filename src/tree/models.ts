/**
 * Instances of model classes as trees. Their fields are children by name. What is no array (numbers, strings, functions, objects of
 * other classes) is not a leaf but part of the structure, at any depth below the model.
 */
import type { Parts } from "./containers.js";
import { LEAF, TreeDef } from "./treedef.js";

/** What decides whether a value inside of a model is a leaf: given by the layer that knows arrays. */
export interface ModelRules {
  isArray(x: unknown): boolean;
  /** False for values of the structure; throws for those that a model cannot hold. `owner` names its class. */
  isLeaf(x: unknown, owner: string): boolean;
}

interface Mark {
  readonly rules: ModelRules;
  /** Fields that belong to the structure as they are, whatever they hold. */
  readonly fixed: readonly string[];
}

/** The same in every copy of the package, so that a model of another copy is one here, whose arrays say where they come from. */
const MODEL = Symbol.for("tilework.model");

/** One class of models: a marked one, or a subclass of one. */
export interface ModelClass {
  readonly name: string;
  readonly prototype: object;
  readonly rules: ModelRules;
  readonly fixed: ReadonlySet<string>;
}

const classes = new WeakMap<object, ModelClass>();

/** Makes the instances of a class, and of its subclasses, models. */
export function markModel(prototype: object, mark: Mark): void {
  Object.defineProperty(prototype, MODEL, { value: mark, configurable: true });
  classes.delete(prototype);
}

/** The class of models with this prototype. */
export function modelClass(prototype: object): ModelClass | undefined {
  const known = classes.get(prototype);
  if (known) return known;
  const mark = (prototype as { [MODEL]?: Mark })[MODEL];
  if (mark === undefined) return undefined;
  const fixed = new Set<string>();
  for (let p: object | null = prototype; p !== null; p = Object.getPrototypeOf(p))
    if (Object.hasOwn(p, MODEL)) for (const name of (p as { [MODEL]: Mark })[MODEL].fixed) fixed.add(name);
  const made = { name: prototype.constructor.name || "(anonymous class)", prototype, rules: mark.rules, fixed };
  classes.set(prototype, made);
  return made;
}

/** Whether a value is an instance of a model class. */
export function isModel(x: unknown): x is object {
  return typeof x === "object" && x !== null && MODEL in x;
}

/** Where a value is flattened: inside of a model. */
export interface Place {
  readonly model: ModelClass;
  /** What the model had here when it was put together from leaves that are no arrays. */
  readonly was: TreeDef | undefined;
}

/** Models whose leaves are other things than arrays, as `tree.map(() => 0, model)` gives them: their structure says where. */
const notes = new WeakMap<object, TreeDef>();

export function isNoted(model: object): boolean {
  return notes.has(model);
}

/** Whether leaves would be taken for parts of the structure of this tree's models. */
export function needsNotes(treedef: TreeDef, leaves: readonly unknown[]): boolean {
  if (treedef.numModels === 0) return false;
  const rules = firstModel(treedef)?.rules;
  return leaves.some((x) => !rules?.isArray(x));
}
function firstModel(t: TreeDef): ModelClass | undefined {
  if (t.kind === "model") return t.codec as ModelClass;
  for (const child of t.children) if (child.numModels > 0) return firstModel(child);
  return undefined;
}

/** A leaf that belongs to the structure becomes a node of it. */
export function atPlace(x: unknown, node: Parts | TreeDef, place: Place | undefined): Parts | TreeDef {
  if (node !== LEAF || place === undefined || place.was === LEAF) return node;
  return place.model.rules.isLeaf(x, place.model.name) ? LEAF : fixedNode(x);
}
export function fixedNode(x: unknown): TreeDef {
  return new TreeDef("static", undefined, undefined, undefined, undefined, x);
}

/** The place of the children of a node. */
export function placeBelow(x: unknown, node: Parts, place: Place | undefined): Place | undefined {
  if (node.kind === "model") return { model: node.codec as ModelClass, was: notes.get(x as object) };
  if (place === undefined || place.was === LEAF) return undefined;
  const { was } = place;
  const isSame =
    was !== undefined &&
    was.kind === node.kind &&
    was.children.length === node.children.length &&
    was.keys.every((k, i) => Object.is(k, node.keys[i]));
  return isSame ? place : { model: place.model, was: undefined };
}
export function placeOfChild(below: Place | undefined, i: number): Place | undefined {
  return below?.was === undefined ? below : { model: below.model, was: below.was.children[i] };
}

/** An instance with these fields, in the order of `keys`, made without running the constructor. */
export function instanceOf(node: TreeDef, children: readonly unknown[], noted: boolean): object {
  const out: Record<string, unknown> = Object.create((node.codec as ModelClass).prototype);
  for (let i = 0; i < children.length; i++) {
    const at = node.order === undefined ? i : node.order[i];
    const key = node.keys[at] as string;
    if (key in out) {
      // an accessor of the class would be called instead
      Object.defineProperty(out, key, { value: children[at], enumerable: true, writable: true, configurable: true });
    } else out[key] = children[at];
  }
  if (noted) notes.set(out, node);
  return out;
}
