/** Effects of equations. DCE, CSE and reordering respect them. */
export type Effect = "io:ordered" | "io:unordered" | `comm:${string}`;
export type Effects = readonly Effect[];
export const NO_EFFECTS: Effects = [];

export function joinEffects(...sets: readonly Effects[]): Effects {
  const all = new Set(sets.flat());
  return all.size === 0 ? NO_EFFECTS : [...all].sort();
}
