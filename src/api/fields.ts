/** The fields of an object and of what it holds, as they were when a method of it was compiled. */
import { Tensor } from "../tracer/tensor.js";

/** Objects, names and values, side by side. */
export interface Fields {
  readonly objects: readonly object[];
  readonly names: readonly string[];
  readonly values: readonly unknown[];
  /** Of each object the number of fields: new ones change what a method does, too. */
  readonly counts: ReadonlyMap<object, number>;
}

/** More than the layers of a large model, and less than a data set that an object happens to hold. */
const MOST = 20000;

/** Own fields of `root`, and of the objects and lists in them. */
export function fieldsOf(root: object): Fields {
  const objects: object[] = [];
  const names: string[] = [];
  const values: unknown[] = [];
  const counts = new Map<object, number>();
  const open: object[] = [root];
  for (let object = open.shift(); object !== undefined && values.length < MOST; object = open.shift()) {
    if (counts.has(object)) continue;
    const own = Object.keys(object);
    counts.set(object, own.length);
    for (const name of own) {
      const value = (object as Record<string, unknown>)[name];
      objects.push(object);
      names.push(name);
      values.push(value);
      if (typeof value === "object" && value !== null && !(value instanceof Tensor) && !ArrayBuffer.isView(value))
        open.push(value);
    }
  }
  return { objects, names, values, counts };
}

/** The name of a field that is another one now. */
export function changeOf({ objects, names, values, counts }: Fields): string | undefined {
  for (let i = 0; i < objects.length; i++)
    if (!Object.is((objects[i] as Record<string, unknown>)[names[i]], values[i])) return names[i];
  for (const [object, count] of counts) {
    const own = Object.keys(object);
    if (own.length !== count) return own[own.length - 1];
  }
  return undefined;
}
