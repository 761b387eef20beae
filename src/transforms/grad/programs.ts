/** Small edits of whole programs: choosing outputs, permuting inputs, dropping what is not used. */
import { type AnyEqn, type Atom, type Program, type Var } from "../../ir/program.js";
import { joinEffects } from "../../ir/effects.js";

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

/** Drops equations without effects that no output needs; inputs stay. */
export function removeDead(p: Core): Core {
  const live = new Set<Atom>(p.outputs);
  const kept: AnyEqn[] = [];
  for (let i = p.eqns.length - 1; i >= 0; i--) {
    const eqn = p.eqns[i];
    if (eqn.effects.length === 0 && !eqn.outputs.some((v) => live.has(v))) continue;
    for (const a of eqn.inputs) live.add(a);
    kept.push(eqn);
  }
  if (kept.length === p.eqns.length) return p;
  kept.reverse();
  return { ...p, eqns: kept, effects: joinEffects(...kept.map((e) => e.effects)) };
}

/** For each input, whether an equation or an output reads it. */
export function usedInputs(p: Core): boolean[] {
  const read = new Set<Atom>(p.outputs);
  for (const eqn of p.eqns) for (const a of eqn.inputs) read.add(a);
  return p.inputs.map((v) => read.has(v));
}

/** True when running the program does nothing: no results and no effects. */
export function isEmpty(p: Core): boolean {
  return p.outputs.length === 0 && p.effects.length === 0;
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
