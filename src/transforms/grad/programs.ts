/** Small edits of whole programs: choosing outputs, permuting inputs, dropping what is not used. */
import type { Atom, Program, Var } from "../../ir/program.js";

type Core = Program<"core">;

export function keep<T>(items: readonly T[], mask: readonly boolean[]): T[] {
  return items.filter((_, i) => mask[i]);
}
export function drop<T>(items: readonly T[], mask: readonly boolean[]): T[] {
  return items.filter((_, i) => !mask[i]);
}
/** Cuts a list into runs of the given lengths; what remains is the last run. */
export function split<T>(items: readonly T[], ...counts: readonly number[]): T[][] {
  const runs: T[][] = [];
  let at = 0;
  for (const n of counts) {
    runs.push(items.slice(at, at + n));
    at += n;
  }
  runs.push(items.slice(at));
  return runs;
}
export const not = (mask: readonly boolean[]): boolean[] => mask.map((m) => !m);
export const count = (mask: readonly boolean[]): number => mask.filter((m) => m).length;
export const fill = <T>(n: number, value: T): T[] => Array.from({ length: n }, () => value);

/** The same program with other inputs (a permutation, or more of them) and outputs. */
export function withSignature(p: Core, inputs: readonly Var[], outputs: readonly Atom[], name = p.name): Core {
  return { ...p, inputs, outputs, name };
}

/** Memoises a function of a program and a few flags; programs never change, so it holds as long as the program lives. */
export function memoize<R>(): (program: Core, key: string, make: () => R) => R {
  const cache = new WeakMap<Core, Map<string, R>>();
  return (program, key, make) => {
    let own = cache.get(program);
    if (!own) {
      own = new Map();
      cache.set(program, own);
    }
    let result = own.get(key);
    if (result === undefined) {
      result = make();
      own.set(key, result);
    }
    return result;
  };
}
export const flags = (mask: readonly boolean[]): string => mask.map((m) => (m ? "1" : "0")).join("");
