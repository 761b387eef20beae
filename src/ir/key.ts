/** Keys: texts that are equal for what means the same, so that it is merged, or compiled once. Functions count by identity. */
import { type Aval, printAval } from "./aval.js";
import { SymDim } from "./dim.js";
import type { Atom, Program, Var } from "./program.js";
import { identity } from "../util/index.js";

type Core = Program<"core">;

const avalKeys = new WeakMap<Aval, string>();
/** Avals live as long as their arrays and programs, so their text is made once. */
export function avalKey(a: Aval): string {
  let key = avalKeys.get(a);
  if (key === undefined) {
    key = printAval(a);
    avalKeys.set(a, key);
  }
  return key;
}

/** Parameters of an equation; `programs` says when two programs among them are the same. */
export function paramsKey(params: object, programs: (p: Core) => string): string {
  let key = "";
  for (const name of Object.keys(params).sort()) {
    key += `${name}=${valueKey((params as Record<string, unknown>)[name], programs)},`;
  }
  return key;
}

function valueKey(v: unknown, programs: (p: Core) => string): string {
  if (typeof v === "number") return scalarKey(v);
  if (typeof v === "string") return JSON.stringify(v);
  if (typeof v === "function") return `@${identity(v)}`;
  if (typeof v !== "object" || v === null) return String(v);
  if (Array.isArray(v)) return `[${v.map((x) => valueKey(x, programs)).join()}]`;
  if (v instanceof SymDim) return v.toString();
  if ("phase" in v) return programs(v as Core);
  // a program that is traced when it is needed
  if ("get" in v && typeof v.get === "function") return `@${identity(v)}`;
  return `{${paramsKey(v, programs)}}`;
}

function scalarKey(x: number | bigint | boolean): string {
  return Object.is(x, -0) ? "-0" : String(x);
}

const identityKeys = new WeakMap<object, string>();
/** Programs are the same when they are one object: cheap, and enough within one program. */
export function identityKey(params: object): string {
  let key = identityKeys.get(params);
  if (key === undefined) {
    key = paramsKey(params, (p) => `@${identity(p)}`);
    identityKeys.set(params, key);
  }
  return key;
}

const programKeys = new WeakMap<Core, string>();
/** What a program does, whatever its variables and it are called. */
export function programKey(program: Core): string {
  let key = programKeys.get(program);
  if (key === undefined) {
    const numbers = new Map<Var, number>();
    const define = (v: Var): string => {
      numbers.set(v, numbers.size);
      return avalKey(v.aval);
    };
    const use = (a: Atom): string => (a.kind === "var" ? `v${numbers.get(a)}` : literalKey(a));
    key = `(${program.inputs.map(define).join()}){`;
    for (const { prim, params, inputs, outputs } of program.eqns) {
      key += `${prim}[${paramsKey(params, programKey)}]${inputs.map(use).join()}>${outputs.map(define).join()};`;
    }
    key += `}${program.outputs.map(use).join()}`;
    programKeys.set(program, key);
  }
  return key;
}

/** A variable by its identity, a literal by its type and value. */
export function atomKey(a: Atom): string {
  return a.kind === "var" ? String(a.id) : literalKey(a);
}
function literalKey({ value, aval }: Extract<Atom, { kind: "literal" }>): string {
  return `${avalKey(aval)}:${scalarKey(value)}`;
}
