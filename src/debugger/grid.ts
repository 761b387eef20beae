/** The programs of a grid: their ids, and the orders in which they may run. */

/** A position in row-major order as an index. */
export function indexOf(flat: number, sizes: readonly number[]): number[] {
  const index = new Array<number>(sizes.length);
  for (let a = sizes.length - 1; a >= 0; a--) {
    index[a] = flat % sizes[a];
    flat = Math.floor(flat / sizes[a]);
  }
  return index;
}

/** `3`, or `(1, 2)` of two axes. */
export function indexText(index: readonly number[]): string {
  return index.length === 1 ? String(index[0]) : `(${index.join(", ")})`;
}

export type Order = "forward" | "reverse" | { readonly shuffled: number };

/** Numbers of programs in the order in which they run. */
export function ordered(programs: readonly number[], order: Order): number[] {
  if (order === "forward") return [...programs];
  if (order === "reverse") return [...programs].reverse();
  const out = [...programs];
  let state = order.shuffled >>> 0;
  for (let i = out.length - 1; i > 0; i--) {
    // a linear congruential generator (Numerical Recipes): any order will do
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((state / 2 ** 32) * (i + 1));
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}
