/**
 * One pass over a program, front to back: every equation is read through what was replaced so far, inlined when it is a
 * call, offered to the rules of its primitive, and merged with an equal earlier one. Rules emit through the same door, so
 * what they make is simplified too.
 */
import { type Aval, aval, avalSame } from "../ir/aval.js";
import type { Params, Prim } from "../ir/ops/index.js";
import { type AnyEqn, type Atom, type Eqn, isVar, literal, nameAtom, type Program, Var } from "../ir/program.js";
import { effectsOf } from "../ir/abstract-eval/index.js";
import { callee, makeEqn, mapPrograms, mapSame, substituteAll, withEqns, withInputs } from "../ir/rewrite.js";
import { eqnKey } from "./key.js";
import type { RewriteContext, Rewritten, Rule, Scalar } from "./rule.js";

type Core = Program<"core">;

/** Rules by the primitive that they look at. */
export type RuleIndex = ReadonlyMap<Prim, readonly Rule[]>;

export function indexRules(rules: Iterable<Rule>): RuleIndex {
  const index = new Map<Prim, Rule[]>();
  for (const rule of rules) {
    for (const prim of rule.on) {
      const list = index.get(prim);
      if (list) list.push(rule);
      else index.set(prim, [rule]);
    }
  }
  return index;
}

/** Rules that feed each other stop here; the next pass goes on. */
const MAX_DEPTH = 16;

export class Rewriter implements RewriteContext {
  readonly #eqns: AnyEqn[] = [];
  readonly #made = new Map<Var, AnyEqn>();
  readonly #replaced = new Map<Var, Atom>();
  readonly #merged = new Map<string, AnyEqn>();
  /** The program's results: their weakness is seen from outside. */
  #results: ReadonlySet<Atom> = new Set();
  #span: AnyEqn["span"];
  #depth = 0;

  /** `nested` simplifies programs in parameters. */
  constructor(
    readonly rules: RuleIndex,
    readonly nested: (p: Core) => Core,
  ) {}

  run(program: Core): Core {
    this.#results = new Set(program.outputs);
    for (const eqn of program.eqns) this.#visit(eqn, false);
    return withEqns(program, this.#eqns, substituteAll(program.outputs, this.#replaced));
  }

  emitAll<P extends Prim>(prim: P, inputs: readonly Atom[], params: Params<P>): readonly Atom[] {
    return this.#place(makeEqn(prim, inputs, params, this.#span), false);
  }
  emit<P extends Prim>(prim: P, inputs: readonly Atom[], params: Params<P>): Atom {
    return this.emitAll(prim, inputs, params)[0];
  }
  made<P extends Prim>(a: Atom, prim: P): Eqn<P> | undefined {
    const eqn = isVar(a) ? this.#made.get(a) : undefined;
    return eqn?.prim === prim ? (eqn as unknown as Eqn<P>) : undefined;
  }
  constant(a: Atom): Scalar | undefined {
    if (!isVar(a)) return a.value;
    const eqn = this.#made.get(a);
    if (eqn?.prim !== "broadcast_in_dim") return undefined;
    const [source] = eqn.inputs;
    return isVar(source) ? undefined : source.value;
  }
  splat(like: Aval, value: Scalar): Atom {
    const scalar = literal(value, aval([], like.dtype, like.weak));
    return like.shape.length === 0 ? scalar : this.emit("broadcast_in_dim", [scalar], { shape: like.shape, dims: [] });
  }
  inline(program: Core, args: readonly Atom[]): readonly Atom[] {
    program.inputs.forEach((v, i) => {
      this.#replaced.set(v, args[i]);
    });
    for (const eqn of program.eqns) this.#visit(eqn, true);
    return substituteAll(program.outputs, this.#replaced);
  }

  /** `copied`: the equation belongs to another program, its results need variables of their own. */
  #visit(eqn: AnyEqn, copied: boolean): void {
    const read = withInputs(eqn, substituteAll(eqn.inputs, this.#replaced));
    // a checkpoint in a backward pass is inlined when nothing is merged any more
    const waits = read.prim === "checkpoint" && read.params.prevent;
    const called = waits ? undefined : callee(read, read.inputs);
    this.#span = eqn.span;
    const results = called
      ? mapSame(this.inline(called.program, called.args), (a, i) => this.#fit(a, eqn.outputs[i]))
      : this.#place(this.#inside(read), copied);
    eqn.outputs.forEach((v, i) => {
      if (results[i] !== v) {
        this.#replaced.set(v, results[i]);
        nameAtom(results[i], v.name);
      } else this.#replaced.delete(v);
    });
  }

  #inside(eqn: AnyEqn): AnyEqn {
    const now = mapPrograms(eqn, this.nested);
    // a branch that is gone may have taken its effects along
    return now === eqn ? eqn : ({ ...now, effects: effectsOf(now.prim, now.params as never) } as AnyEqn);
  }

  #place(eqn: AnyEqn, copied: boolean): readonly Atom[] {
    const rewritten = this.#rewrite(eqn);
    if (rewritten) return rewritten;
    const key = eqnKey(eqn);
    const same = key === undefined ? undefined : this.#merged.get(key);
    if (same && this.#accepts(eqn, same.outputs)) return same.outputs;
    const placed = copied ? ({ ...eqn, outputs: eqn.outputs.map((v) => new Var(v.aval, v.name)) } as AnyEqn) : eqn;
    this.#eqns.push(placed);
    for (const v of placed.outputs) this.#made.set(v, placed);
    if (key !== undefined) this.#merged.set(key, placed);
    return placed.outputs;
  }

  #rewrite(eqn: AnyEqn): readonly Atom[] | undefined {
    const rules = this.rules.get(eqn.prim);
    if (!rules || this.#depth >= MAX_DEPTH) return undefined;
    this.#depth++;
    try {
      for (const rule of rules) {
        const results = listOf(rule.apply(this, eqn as unknown as Eqn<never>));
        if (results && this.#accepts(eqn, results)) return results;
      }
    } finally {
      this.#depth--;
    }
    return undefined;
  }

  /** Weakness inside of a program has no meaning any more, that of its results has. */
  #accepts(eqn: AnyEqn, results: readonly Atom[]): boolean {
    return eqn.outputs.every((v, i) => {
      const [is, should] = [results[i].aval, v.aval];
      return avalSame(is, should) && (!is.weak === !should.weak || !this.#results.has(v));
    });
  }
  /** `a` where `v` was; a result of the program that differs in weakness gets an equation that changes it. */
  #fit(a: Atom, v: Var): Atom {
    if (!a.aval.weak === !v.aval.weak || !this.#results.has(v)) return a;
    const eqn = makeEqn("convert_element_type", [a], { dtype: a.aval.dtype }, this.#span);
    this.#eqns.push({ ...eqn, outputs: [v] } as AnyEqn);
    return v;
  }
}

function listOf(r: Rewritten): readonly Atom[] | undefined {
  if (r === undefined) return undefined;
  return Array.isArray(r) ? (r as readonly Atom[]) : [r as Atom];
}
