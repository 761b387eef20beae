/** Whether a trace is a case of a template: what makes it right to run the template's code at the trace's sizes. */
import { printAval } from "../../ir/aval.js";
import { type Dim, isStatic, type Shape, SymDim } from "../../ir/dim.js";
import { type AnyEqn, type Atom, isVar, type Literal, type Program, type Var } from "../../ir/program.js";
import { valueOf } from "../../ir/size.js";
import type { Sizes } from "./fit.js";
import { type Callback, isUnusedParam, Mismatch, type Template } from "./template.js";

type Core = Program<"core">;
type Scalar = Literal["value"];

export type Matched =
  | {
      /** Values of the template's holes, in their order. */
      readonly holes: readonly Scalar[];
      readonly callbacks: readonly Callback[];
      readonly reason?: undefined;
    }
  | { readonly holes: undefined; readonly reason: string };

export function match(template: Template, program: Core, sizes: Sizes): Matched {
  const m = new Matcher(template, sizes);
  try {
    m.program(template.program, program);
    return { holes: template.holes.map((h) => m.holes.get(h) ?? h.value), callbacks: m.callbacks };
  } catch (e) {
    if (e instanceof Mismatch) return { holes: undefined, reason: e.reason };
    throw e;
  }
}

class Matcher {
  readonly holes = new Map<Literal, Scalar>();
  readonly callbacks: Callback[] = [];
  readonly #holes: ReadonlySet<Literal>;
  readonly #values = new Map<SymDim, number>();
  readonly #done = new Map<Core, Core[]>();
  constructor(
    readonly template: Template,
    readonly sizes: Sizes,
  ) {
    this.#holes = new Set(template.holes);
  }

  program(t: Core, p: Core): void {
    const done = this.#done.get(t) ?? [];
    if (done.includes(p)) return;
    this.#done.set(t, [...done, p]);
    if (t.inputs.length !== p.inputs.length) throw new Mismatch("other arrays are closed over", undefined);
    const vars = new Map<Var, Var>();
    const define = (a: Var, b: Var, what: string, span: AnyEqn["span"]): void => {
      const same =
        a.aval.dtype === b.aval.dtype && !a.aval.weak === !b.aval.weak && this.#shape(a.aval.shape, b.aval.shape);
      if (!same) throw new Mismatch(`${what} is ${printAval(b.aval)}, expected was ${printAval(a.aval)},`, span);
      vars.set(a, b);
    };
    const use = (a: Atom, b: Atom, span: AnyEqn["span"]): void => {
      if (isVar(a) ? vars.get(a) !== b : isVar(b) || !this.#literal(a, b))
        throw new Mismatch("other values are used", span);
    };
    t.inputs.forEach((v, i) => {
      define(v, p.inputs[i], "an operand", undefined);
    });
    const length = Math.min(t.eqns.length, p.eqns.length);
    for (let i = 0; i < length; i++) {
      const [a, b] = [t.eqns[i], p.eqns[i]];
      const span = b.span ?? a.span;
      if (a.prim !== b.prim || a.inputs.length !== b.inputs.length)
        throw new Mismatch(`${b.prim} stands where ${a.prim} is at other sizes`, span);
      a.inputs.forEach((x, k) => {
        use(x, b.inputs[k], span);
      });
      this.#params(a, b, span);
      a.outputs.forEach((v, k) => {
        define(v, b.outputs[k], `the result of ${a.prim}`, span);
      });
    }
    const more = (t.eqns.length > length ? t : p).eqns[length];
    if (more) throw new Mismatch(`${more.prim} is done at some sizes only`, more.span);
    if (t.outputs.length !== p.outputs.length) throw new Mismatch("there are other results", undefined);
    t.outputs.forEach((x, i) => {
      use(x, p.outputs[i], undefined);
    });
  }

  #params(a: AnyEqn, b: AnyEqn, span: AnyEqn["span"]): void {
    const [p, q] = [a.params, b.params] as unknown as Readonly<Record<string, unknown>>[];
    if (Object.keys(p).length !== Object.keys(q).length) throw new Mismatch(`${a.prim} has other parameters`, span);
    for (const name of Object.keys(p)) {
      if (isUnusedParam(name)) continue;
      if (!this.#value(p[name], q[name])) throw new Mismatch(`${a.prim} has another ${name}`, span);
    }
  }

  #value(a: unknown, b: unknown): boolean {
    if (a === b || Object.is(a, b)) return true;
    if (a instanceof SymDim) return this.#size(a) === b;
    if (typeof a === "function" && typeof b === "function") return this.#callback(a as Callback, b as Callback);
    if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
    if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((x, i) => this.#value(x, b[i]));
    if ("phase" in a) {
      this.program(a as Core, b as Core);
      return true;
    }
    return Object.keys(a).every((k) =>
      this.#value((a as Record<string, unknown>)[k], (b as Record<string, unknown>)[k]),
    );
  }

  /** Of one callback in the template there may be several copies, all of them one function. */
  #callback(a: Callback, b: Callback): boolean {
    const number = this.template.callbacks.numbers.get(a);
    if (number === undefined) return false;
    this.callbacks[number] ??= b;
    return this.callbacks[number] === b;
  }

  #shape(a: Shape, b: Shape): boolean {
    return a.length === b.length && a.every((d, i) => (isStatic(d) ? d : this.#size(d)) === b[i]);
  }
  #size(d: SymDim): Dim {
    let n = this.#values.get(d);
    if (n === undefined) {
      n = valueOf(d, this.sizes);
      this.#values.set(d, n);
    }
    return n;
  }

  #literal(a: Literal, b: Literal): boolean {
    if (a.aval.dtype !== b.aval.dtype || !a.aval.weak !== !b.aval.weak) return false;
    const size = this.template.sized.get(a);
    if (size !== undefined) return valueOf(size, this.sizes) === b.value;
    if (!this.#holes.has(a)) return Object.is(a.value, b.value);
    // one hole may stand at several places, where the values were always equal
    if (!this.holes.has(a)) this.holes.set(a, b.value);
    return Object.is(this.holes.get(a), b.value);
  }
}
