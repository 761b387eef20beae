/** Equal text for equal equations: primitive, parameters and operands. Programs and functions count by identity. */
import { SymDim } from "../ir/dim.js";
import type { Prim } from "../ir/ops/index.js";
import type { AnyEqn, Atom } from "../ir/program.js";

const COMMUTATIVE: ReadonlySet<Prim> = new Set<Prim>(["add", "mul", "and", "or", "xor", "eq", "ne"]);

const ids = new WeakMap<object, number>();
let next = 0;
function identity(x: object): string {
  let id = ids.get(x);
  if (id === undefined) {
    id = next++;
    ids.set(x, id);
  }
  return `@${id}`;
}

const paramKeys = new WeakMap<object, string>();
export function paramsKey(params: object): string {
  let key = paramKeys.get(params);
  if (key === undefined) {
    key = Object.keys(params)
      .sort()
      .map((k) => `${k}=${valueKey((params as Record<string, unknown>)[k])}`)
      .join();
    paramKeys.set(params, key);
  }
  return key;
}

function valueKey(v: unknown): string {
  if (typeof v === "number") return numberKey(v);
  if (typeof v === "string") return JSON.stringify(v);
  if (typeof v === "function") return identity(v);
  if (typeof v !== "object" || v === null) return String(v);
  if (Array.isArray(v)) return `[${v.map(valueKey).join()}]`;
  if (v instanceof SymDim) return v.toString();
  if ("phase" in v || ("get" in v && typeof v.get === "function")) return identity(v);
  return `{${paramsKey(v)}}`;
}

const numberKey = (x: number): string => (Object.is(x, -0) ? "-0" : String(x));

function atomKey(a: Atom): string {
  if (a.kind === "var") return String(a.id);
  return `${a.aval.dtype}${a.aval.weak ? "~" : ""}:${typeof a.value === "number" ? numberKey(a.value) : String(a.value)}`;
}

/** Undefined for what must not be merged: effects, barriers, and recomputation that stands in a backward pass. */
export function eqnKey(eqn: AnyEqn): string | undefined {
  if (eqn.effects.length > 0 || eqn.prim === "optimization_barrier") return undefined;
  if (eqn.prim === "checkpoint" && eqn.params.prevent) return undefined;
  const { inputs } = eqn;
  if (inputs.length === 2 && COMMUTATIVE.has(eqn.prim)) {
    const [a, b] = [atomKey(inputs[0]), atomKey(inputs[1])];
    return a < b ? `${eqn.prim}|${a},${b}` : `${eqn.prim}|${b},${a}`;
  }
  let key = `${eqn.prim}[${paramsKey(eqn.params)}]`;
  for (const a of inputs) key += `|${atomKey(a)}`;
  return key;
}
