/** The known and the unknown program while an equation after the other goes to one of them. */
import { internal } from "../../../diagnostics/error.js";
import { Builder } from "../../../ir/builder.js";
import { byteSize } from "../../../ir/dtype.js";
import { familyOf } from "../../../ir/ops/families.js";
import { type AnyEqn, type Atom, isVar, nameAtom, type Program, Var } from "../../../ir/program.js";
import { substitute } from "../../../ir/rewrite.js";
import { prune } from "../../../simplify/index.js";
import { strong } from "../emit.js";
import { keep } from "../programs.js";
import { cheapResiduals, DEPTH, isLight } from "./residuals.js";
import type { Halves, PartialEval, PartialEvalOptions, PartialEvalResult } from "./rule.js";

type Core = Program<"core">;

export class Split implements Halves {
  readonly known = new Builder();
  readonly unknown = new Builder();
  /** What known variables became in the known program; those that are not here kept their names. */
  readonly #known = new Map<Var, Atom>();
  /** What unknown variables became in the unknown program. */
  readonly #unknown = new Map<Var, Atom>();
  /** The equation of the known program that defines a variable. */
  readonly #made = new Map<Var, AnyEqn>();
  #indexed = 0;
  /** Variables of the known program that depend on no input. */
  readonly #constant = new Set<Var>();
  /** Variables of the known program and what they are in the unknown one. */
  readonly #carried = new Map<Var, Atom>();
  readonly #residuals: { readonly known: Var; readonly input: Var }[] = [];

  constructor(
    readonly program: Core,
    unknown: readonly boolean[],
    readonly partialEval: PartialEval,
  ) {
    program.inputs.forEach((v, i) => {
      if (unknown[i]) this.#unknown.set(v, v);
      else this.known.inputs.push(v);
    });
    this.unknown.inputs.push(...keep(program.inputs, unknown));
  }

  isUnknown(a: Atom): boolean {
    return isVar(a) && this.#unknown.has(a);
  }
  readKnown(a: Atom): Atom {
    return isVar(a) ? (this.#known.get(a) ?? a) : a;
  }
  readUnknown(a: Atom): Atom {
    if (!isVar(a)) return a;
    return this.#unknown.get(a) ?? this.residual(this.readKnown(a));
  }
  bindKnown(v: Var, atom: Atom): void {
    if (v === atom) return;
    this.#known.set(v, atom);
    nameAtom(atom, v.name);
  }
  bindUnknown(v: Var, atom: Atom): void {
    this.#unknown.set(v, atom);
    nameAtom(atom, v.name);
  }

  /** An equation all of whose operands are known. */
  keepKnown(eqn: AnyEqn): void {
    this.known.eqns.push(substitute(eqn, this.#known));
  }

  residual(known: Atom): Atom {
    if (!isVar(known)) return known;
    const before = this.#carried.get(known);
    if (before) return before;
    this.#index();
    const made = this.#made.get(known);
    if (made && (this.#constant.has(known) || this.#spreads(made, known))) {
      const inputs = made.inputs.map((a) => this.residual(a));
      const outputs = made.outputs.map((v) => new Var(v.aval, v.name));
      this.unknown.eqns.push({ ...made, inputs, outputs } as AnyEqn);
      made.outputs.forEach((v, i) => this.#carried.set(v, outputs[i]));
      return this.#carried.get(known) ?? internal("a constant that is not among its equation's results");
    }
    const input = new Var(strong(known.aval), known.name);
    this.#carried.set(known, input);
    this.#residuals.push({ known, input });
    return input;
  }

  /** The result takes more memory than what it is made of and says no more: that is the better residual. */
  #spreads(eqn: AnyEqn, result: Var): boolean {
    if (eqn.prim === "broadcast_in_dim") return true;
    return this.#bytes(result, DEPTH) < byteSize(result.aval.dtype);
  }
  /** Bytes for each element to keep so that elementwise equations, few of them, make the value again. */
  #bytes(a: Atom, depth: number): number {
    if (!isVar(a) || this.#constant.has(a)) return 0;
    const own = byteSize(a.aval.dtype);
    const eqn = this.#made.get(a);
    if (depth === 0 || own === 1 || !eqn || familyOf(eqn.prim) !== "elementwise" || !isLight(eqn)) return own;
    return Math.min(
      own,
      eqn.inputs.reduce((sum, x) => sum + this.#bytes(x, depth - 1), 0),
    );
  }

  #index(): void {
    const { eqns } = this.known;
    for (; this.#indexed < eqns.length; this.#indexed++) {
      const eqn = eqns[this.#indexed];
      const constant = isCheap(eqn) && eqn.inputs.every((a) => !isVar(a) || this.#constant.has(a));
      for (const v of eqn.outputs) {
        this.#made.set(v, eqn);
        if (constant) this.#constant.add(v);
      }
    }
  }

  finish({ instantiate, free }: PartialEvalOptions): PartialEvalResult {
    const { program } = this;
    const unknownOut = program.outputs.map((a, i) => this.isUnknown(a) || instantiate?.[i] === true);
    const outputs = program.outputs.filter((_, i) => unknownOut[i]).map((a) => this.readUnknown(a));
    this.#index();
    // what no unknown output needs is dropped first: it must not ask for residuals
    const body = prune(
      this.unknown.finish(outputs, program.name),
      outputs.map(() => true),
    ).program;
    const read = new Set<Atom>(body.outputs);
    for (const eqn of body.eqns) for (const a of eqn.inputs) read.add(a);
    const wanted = this.#residuals.filter((r) => read.has(r.input));
    const freeVars = new Set<Atom>(this.known.inputs.filter((_, i) => free?.[i] ?? true));
    const { residuals, prefix } = cheapResiduals(wanted, this.known.eqns, this.#made, freeVars);
    const unknown: Core = {
      ...body,
      inputs: [...residuals.map((r) => r.input), ...this.unknown.inputs],
      eqns: prefix.length === 0 ? body.eqns : [...prefix, ...body.eqns],
    };
    const knownOutputs = [
      ...program.outputs.filter((_, i) => !unknownOut[i]).map((a) => this.readKnown(a)),
      ...residuals.map((r) => r.known),
    ];
    const known = this.known.finish(knownOutputs, program.name);
    return {
      known: prune(
        known,
        knownOutputs.map(() => true),
      ).program,
      unknown,
      unknownOut,
      residuals: residuals.map((r) => r.input.aval),
    };
  }
}

/** Worth doing again rather than keeping, when the operands are at hand. */
function isCheap(eqn: AnyEqn): boolean {
  if (eqn.effects.length > 0) return false;
  const family = familyOf(eqn.prim);
  return family === "elementwise" || family === "movement";
}
