/** How error messages call a value that is not what it should be. */
export function describeValue(x: unknown): string {
  if (x === null) return "null";
  if (x === undefined) return "undefined";
  if (x instanceof Promise) return "a Promise";
  if (typeof x === "function") return `the function ${x.name || "(anonymous)"}`;
  if (typeof x === "object") return `an instance of ${x.constructor?.name ?? "Object"}`;
  return `a ${typeof x} (${String(x)})`;
}
