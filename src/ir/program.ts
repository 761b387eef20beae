import type { SpanRef } from "../diagnostics/span.js";
import type { Aval } from "./aval.js";
import type { Effects } from "./effects.js";
import type { Params, Prim } from "./ops/index.js";

/** The level of a program. Each lowering takes one phase and gives the next, so a wrong order does not compile. */
export type Phase = "core" | "plan" | "tile" | "loop";

/** A value that an equation or an input defines, once. */
export class Var {
  static #next = 0;
  readonly kind = "var";
  /** Unique in this process; printing renames to a, b, c… */
  readonly id: number = Var.#next++;
  constructor(
    readonly aval: Aval,
    /** What the user called it, when known. For people only: no key and no comparison of programs looks at it. */
    public name?: string,
  ) {}
}

/** A scalar known when the program is built. Arrays are never literals: they are hoisted to inputs. */
export interface Literal {
  readonly kind: "literal";
  readonly value: number | bigint | boolean;
  readonly aval: Aval;
}

export type Atom = Var | Literal;

export interface Eqn<P extends Prim = Prim> {
  readonly prim: P;
  readonly inputs: readonly Atom[];
  readonly params: Params<P>;
  readonly outputs: readonly Var[];
  readonly effects: Effects;
  readonly span: SpanRef | undefined;
}

/** An equation of any primitive, discriminated by `prim`, so that a switch narrows `params`. */
export type AnyEqn = { [P in Prim]: Eqn<P> }[Prim];

/** A function in A-normal form. Closed: everything that it uses is an input, an equation's output or a literal. */
export interface CoreProgram {
  readonly phase: "core";
  readonly name: string;
  readonly inputs: readonly Var[];
  readonly eqns: readonly AnyEqn[];
  readonly outputs: readonly Atom[];
  readonly effects: Effects;
}

/** Filled by the files that define the lower levels (`plan.ts`, `tile.ts`, `loop.ts`) through declaration merging. */
export interface Phases {
  core: CoreProgram;
}
export type Program<P extends Phase = "core"> = P extends keyof Phases ? Phases[P] : never;

export function literal(value: number | bigint | boolean, aval: Aval): Literal {
  return { kind: "literal", value, aval };
}
export function isVar(a: Atom): a is Var {
  return a.kind === "var";
}
/** Names a value; the first name that it gets stays. */
export function nameAtom(a: Atom, name: string | undefined): void {
  if (name !== undefined && a.kind === "var" && a.name === undefined) a.name = name;
}
export function avals(atoms: readonly Atom[]): Aval[] {
  return atoms.map((a) => a.aval);
}
