/**
 * Names of arguments, for programs that are printed as source. Finding them takes time that a trace otherwise doesn't, so this
 * is on only while such a program is traced.
 */
import type * as tree from "../tree/index.js";

export interface Named {
  /** What the function is traced for, and what it is called. */
  readonly kind: string;
  readonly name: string;
  readonly inTree: tree.TreeDef;
  readonly names: readonly string[];
}
let seen: Named[] | undefined;

/** Runs a trace that names variables; `seen` are the parameters of all functions traced in it. */
export function withNames<R>(trace: () => R): { result: R; seen: readonly Named[] } {
  const before = seen;
  const mine: Named[] = [];
  seen = mine;
  try {
    return { result: trace(), seen: mine };
  } finally {
    seen = before;
  }
}
export function isNaming(): boolean {
  return seen !== undefined;
}
export function noteNames(named: Named): void {
  seen?.push(named);
}

const constants = new WeakMap<object, string>();
/** While names are wanted: the variable outside of the function that holds an array. */
export function noteConstant(cell: object, name: string): void {
  if (seen && !constants.has(cell)) constants.set(cell, name);
}
export function constantName(cell: unknown): string | undefined {
  return seen && typeof cell === "object" && cell !== null ? constants.get(cell) : undefined;
}
