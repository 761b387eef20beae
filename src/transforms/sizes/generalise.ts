/** Of one function's traces at several sizes: the program over named sizes that they are cases of. */
import { abstractEval } from "../../ir/abstract-eval/index.js";
import { type Aval, aval, printAval } from "../../ir/aval.js";
import { type Dim, isStatic, type Shape } from "../../ir/dim.js";
import { joinEffects } from "../../ir/effects.js";
import { type AnyEqn, type Atom, avals, isVar, type Literal, literal, type Program, Var } from "../../ir/program.js";
import { nestedPrograms } from "../../ir/rewrite.js";
import { Fitter, type Sizes } from "./fit.js";
import { type Callback, type CallbackBox, isSizeParam, isUnusedParam, Mismatch, type Template } from "./template.js";

type Core = Program<"core">;

export interface Sample {
  readonly program: Core;
  readonly sizes: Sizes;
}
export type Generalised =
  | { readonly template: Template; readonly ambiguous: boolean; readonly apart: number }
  | { readonly template: undefined; readonly reason: string };

/**
 * The template of which the samples' programs are cases; `inputs` are the types of its last inputs, the arguments.
 * `ambiguous`: one more trace, at other sizes, would make it surer, at sizes above `apart`.
 */
export function generalise(names: readonly string[], samples: readonly Sample[], inputs: readonly Aval[]): Generalised {
  try {
    const g = new Generaliser(
      new Fitter(
        names,
        samples.map((s) => s.sizes),
        blocksOf(samples[samples.length - 1].program),
      ),
    );
    const program = g.program(
      samples.map((s) => s.program),
      inputs,
    );
    return {
      template: { program, holes: [...g.holes.values()], sized: g.sized, callbacks: g.callbacks },
      ambiguous: g.fitter.ambiguous,
      apart: g.fitter.apart,
    };
  } catch (e) {
    if (e instanceof Mismatch) return { template: undefined, reason: e.reason };
    throw e;
  }
}

/** Sizes of blocks in kernels. */
function blocksOf(p: Core, inKernel = false, found = new Set<number>()): readonly number[] {
  for (const e of p.eqns) {
    if (inKernel && e.prim === "iota") for (const d of e.params.shape) if (isStatic(d) && d > 1) found.add(d);
    for (const q of nestedPrograms(e)) blocksOf(q, inKernel || e.prim === "kernel_call", found);
  }
  return [...found].slice(0, 16);
}

class Generaliser {
  /** By dtype and values. */
  readonly holes = new Map<string, Literal>();
  /** Whole numbers in kernels that are sizes. */
  readonly sized = new Map<Literal, Dim>();
  #kernels = 0;
  readonly callbacks: CallbackBox = { current: [], numbers: new Map() };
  readonly #programs = new Map<Core, { readonly of: readonly Core[]; readonly types: string; readonly made: Core }[]>();
  constructor(readonly fitter: Fitter) {}

  /** `types`: those of the last inputs, where they are known. */
  program(ps: readonly Core[], types: readonly (Aval | undefined)[]): Core {
    const text = types.map((t) => (t ? printAval(t) : "?")).join();
    const before = this.#programs.get(ps[0])?.find((m) => m.types === text && m.of.every((p, i) => p === ps[i]));
    if (before) return before.made;
    const made = this.#program(ps, types);
    const list = this.#programs.get(ps[0]) ?? [];
    list.push({ of: ps, types: text, made });
    this.#programs.set(ps[0], list);
    return made;
  }

  #program(ps: readonly Core[], types: readonly (Aval | undefined)[]): Core {
    const newest = ps[ps.length - 1];
    if (ps.some((p) => p.inputs.length !== newest.inputs.length))
      throw new Mismatch("other arrays are closed over", undefined);
    const numbers = ps.map((p) => new Map(p.inputs.map((v, i) => [v, i])));
    const vars: Var[] = newest.inputs.map((v, i) => {
      const cases = ps.map((p) => p.inputs[i].aval);
      const known = types[i - newest.inputs.length + types.length];
      if (known === undefined) return new Var(this.#aval(cases, "an array that is closed over", undefined), v.name);
      // of its own type it is only the shape that others tell
      const type = aval(known.shape, v.aval.dtype, v.aval.weak);
      this.#checkType(type, cases, "an operand", undefined);
      return new Var(type, v.name);
    });
    const atom = (atoms: readonly Atom[], span: AnyEqn["span"]): Atom => {
      const [first] = atoms;
      if (!isVar(first)) return this.#literal(atoms, span);
      const number = numbers[0].get(first);
      if (number === undefined || atoms.some((a, k) => !isVar(a) || numbers[k].get(a) !== number))
        throw new Mismatch("other values are used", span);
      return vars[number];
    };
    const eqns: AnyEqn[] = [];
    const length = Math.min(...ps.map((p) => p.eqns.length));
    for (let i = 0; i < length; i++) {
      const all = ps.map((p) => p.eqns[i]);
      const eqn = this.#eqn(all, atom);
      eqns.push(eqn);
      all.forEach((e, k) => {
        e.outputs.forEach((v, j) => numbers[k].set(v, vars.length + j));
      });
      vars.push(...eqn.outputs);
    }
    const longest = ps.find((p) => p.eqns.length > length);
    if (longest)
      throw new Mismatch(`${longest.eqns[length].prim} is done at some sizes only`, longest.eqns[length].span);
    if (ps.some((p) => p.outputs.length !== newest.outputs.length))
      throw new Mismatch("there are other results", undefined);
    return {
      phase: "core",
      name: newest.name,
      inputs: vars.slice(0, newest.inputs.length),
      eqns,
      outputs: newest.outputs.map((_, i) =>
        atom(
          ps.map((p) => p.outputs[i]),
          undefined,
        ),
      ),
      effects: joinEffects(...eqns.map((e) => e.effects)),
    };
  }

  #eqn(eqns: readonly AnyEqn[], atom: (atoms: readonly Atom[], span: AnyEqn["span"]) => Atom): AnyEqn {
    const newest = eqns[eqns.length - 1];
    const { prim, span } = newest;
    const other = eqns.find((e) => e.prim !== prim || e.inputs.length !== newest.inputs.length);
    if (other) throw new Mismatch(`${prim} stands where ${other.prim} is at another size`, span);
    const inputs = newest.inputs.map((_, i) =>
      atom(
        eqns.map((e) => e.inputs[i]),
        span,
      ),
    );
    const params = this.#params(eqns, avals(inputs));
    const { outputs, effects } = abstractEval(prim, avals(inputs), params as never, span);
    outputs.forEach((a, i) => {
      this.#checkType(
        a,
        eqns.map((e) => e.outputs[i].aval),
        prim,
        span,
      );
    });
    return { prim, inputs, params, outputs: outputs.map((a) => new Var(a)), effects, span } as unknown as AnyEqn;
  }

  #checkType(type: Aval, cases: readonly Aval[], prim: string, span: AnyEqn["span"]): void {
    const values = type.shape.map((d) => (isStatic(d) ? undefined : this.fitter.valuesOf(d)));
    const same = cases.every(
      (c, k) =>
        c.dtype === type.dtype &&
        c.shape.length === type.shape.length &&
        c.shape.every((d, i) => d === (values[i]?.[k] ?? type.shape[i])),
    );
    if (!same) throw new Mismatch(`the shape of ${prim} follows no simple formula`, span);
    for (const d of type.shape) this.fitter.note(d);
  }

  #params(eqns: readonly AnyEqn[], operands: readonly Aval[]): object {
    const { prim, params, span } = eqns[eqns.length - 1];
    const out: Record<string, unknown> = {};
    for (const name of Object.keys(params)) {
      const all = eqns.map((e) => (e.params as unknown as Record<string, unknown>)[name]);
      const where = { prim, name, span, size: isSizeParam(prim, name), types: nestedTypes(eqns[0], name, operands) };
      out[name] = isUnusedParam(name) ? all[all.length - 1] : this.#param(all, where);
    }
    return out;
  }

  #param(all: readonly unknown[], where: ParamPlace): unknown {
    const newest = all[all.length - 1];
    if (typeof newest === "number" && where.size) return this.#size(all as readonly number[], where);
    if (typeof newest === "function") return this.#callback(all as readonly Callback[]);
    if (typeof newest !== "object" || newest === null) {
      if (all.some((v) => !Object.is(v, newest)))
        throw new Mismatch(`${where.prim} has another ${where.name}`, where.span);
      return newest;
    }
    if (Array.isArray(newest)) {
      if (all.some((v) => !Array.isArray(v) || v.length !== newest.length))
        throw new Mismatch(`${where.prim} has another ${where.name}`, where.span);
      return newest.map((_, i) =>
        this.#param(
          all.map((v) => (v as readonly unknown[])[i]),
          where,
        ),
      );
    }
    if ("phase" in newest) {
      const isKernel = where.prim === "kernel_call";
      if (isKernel) this.#kernels++;
      try {
        return this.program(all as readonly Core[], where.types ?? []);
      } finally {
        if (isKernel) this.#kernels--;
      }
    }
    return Object.fromEntries(
      Object.keys(newest).map((k) => [
        k,
        this.#param(
          all.map((v) => (v as Record<string, unknown>)[k]),
          where,
        ),
      ]),
    );
  }

  #size(values: readonly number[], where: ParamPlace): Dim {
    const d = this.fitter.fit(values);
    if (d === undefined)
      throw new Mismatch(
        `${where.name} of ${where.prim} was ${values.join(", ")}, which follows no simple formula`,
        where.span,
      );
    return d;
  }

  /** Called through the box, with the function of the trace at hand. */
  #callback(all: readonly Callback[]): Callback {
    if (all.every((f) => f === all[0])) return all[0];
    const box = this.callbacks;
    const number = box.numbers.size;
    const callback: Callback = (...args) => box.current[number](...args);
    box.numbers.set(callback, number);
    box.current = [...box.current, all[all.length - 1]];
    return callback;
  }

  #aval(cases: readonly Aval[], what: string, span: AnyEqn["span"]): Aval {
    const [first] = cases;
    if (cases.some((a) => a.dtype !== first.dtype || a.shape.length !== first.shape.length || !a.weak !== !first.weak))
      throw new Mismatch(`the type of ${what} changes`, span);
    const shape: Shape = first.shape.map((_, i) => {
      const d = this.fitter.fit(cases.map((a) => a.shape[i] as number));
      if (d === undefined) throw new Mismatch(`the shape of ${what} follows no simple formula`, span);
      this.fitter.note(d);
      return d;
    });
    return aval(shape, first.dtype, first.weak === true);
  }

  #literal(atoms: readonly Atom[], span: AnyEqn["span"]): Atom {
    const literals = atoms.filter((a): a is Literal => !isVar(a));
    const newest = literals[literals.length - 1];
    const { dtype, weak } = newest.aval;
    if (literals.length !== atoms.length || literals.some((l) => l.aval.dtype !== dtype || !l.aval.weak !== !weak))
      throw new Mismatch("other values are used", span);
    if (literals.every((l) => Object.is(l.value, newest.value))) return newest;
    const key = `${printAval(newest.aval)}:${literals.map((l) => (Object.is(l.value, -0) ? "-0" : String(l.value))).join()}`;
    if (this.#kernels > 0 && dtype === "i32") {
      // what a kernel does at the ends of arrays follows their sizes
      const size = this.fitter.fit(literals.map((l) => Number(l.value)));
      if (size !== undefined && !isStatic(size)) {
        const known = literal(newest.value, newest.aval);
        this.sized.set(known, size);
        return known;
      }
    }
    let hole = this.holes.get(key);
    if (!hole) {
      hole = literal(newest.value, newest.aval);
      this.holes.set(key, hole);
    }
    return hole;
  }
}

interface ParamPlace {
  readonly prim: string;
  readonly name: string;
  readonly span: AnyEqn["span"];
  /** Whether it may be a formula over sizes. */
  readonly size: boolean;
  /** Types of the inputs of the program that it is. */
  readonly types: readonly (Aval | undefined)[] | undefined;
}

/** What the program in a parameter takes, where its operands say so. */
function nestedTypes(eqn: AnyEqn, name: string, operands: readonly Aval[]): readonly (Aval | undefined)[] | undefined {
  switch (eqn.prim) {
    case "call":
    case "checkpoint":
    case "custom_jvp_call":
    case "custom_vjp_call":
      return operands;
    case "cond":
      return operands.slice(1);
    case "while": {
      const { condConsts, bodyConsts } = eqn.params;
      return name === "cond"
        ? [...operands.slice(0, condConsts), ...operands.slice(condConsts + bodyConsts)]
        : operands.slice(condConsts);
    }
    case "kernel_call": {
      const { inits, grid } = eqn.params;
      const reads = operands.length - inits.filter((x) => x).length;
      let next = reads;
      return [
        ...operands.slice(0, reads),
        ...grid.map(() => aval([], "i32")),
        ...inits.map((given) => (given ? operands[next++] : undefined)),
      ];
    }
    case "scan": {
      const whole = eqn.params.numConsts + eqn.params.numCarry;
      return operands.map((a, i) => (i < whole ? a : aval(a.shape.slice(1), a.dtype)));
    }
    default:
      return undefined;
  }
}
