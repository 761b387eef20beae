/** Numbers for objects and symbols, so that keys in text can tell them apart. */
const objects = new WeakMap<object, number>();
// a registered symbol cannot be a key of a WeakMap
const symbols = new Map<symbol, number>();
let next = 0;

/** The same number for the same object, function or symbol, in this process. */
export function identity(x: object | symbol): number {
  let id = typeof x === "symbol" ? symbols.get(x) : objects.get(x);
  if (id === undefined) {
    id = next++;
    if (typeof x === "symbol") symbols.set(x, id);
    else objects.set(x, id);
  }
  return id;
}
