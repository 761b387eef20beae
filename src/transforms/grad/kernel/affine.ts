/** Indices as sums of multiples of variables: program ids, steps of loops and lanes of blocks. */
import { isStatic } from "../../../ir/dim.js";
import { isInt } from "../../../ir/dtype.js";
import { type AnyEqn, type Atom, isVar, type Program, type Var } from "../../../ir/program.js";

/** Runs over the integers from 0 to `extent` - 1; `grid`: the axis of the grid whose program id it is, else -1. */
export interface Variable {
  readonly extent: number;
  readonly grid: number;
}

/** constant + Σ terms + Σ lanes[d] · (position on axis d). */
export interface Affine {
  readonly constant: number;
  readonly terms: ReadonlyMap<Variable, number>;
  readonly lanes: readonly number[];
}

/** `forms` are all ≥ 0 where the mask holds; exact: and it holds where they are. */
export interface Conditions {
  readonly forms: readonly Affine[];
  readonly exact: boolean;
}

const EVERYWHERE: Conditions = { forms: [], exact: true };
const UNKNOWN: Conditions = { forms: [], exact: false };

export function combine(x: Affine, y: Affine, factor: number): Affine {
  const terms = new Map(x.terms);
  for (const [v, k] of y.terms) {
    const sum = (terms.get(v) ?? 0) + factor * k;
    if (sum === 0) terms.delete(v);
    else terms.set(v, sum);
  }
  return {
    constant: x.constant + factor * y.constant,
    terms,
    lanes: x.lanes.map((k, d) => k + factor * y.lanes[d]),
  };
}
const scaled = (x: Affine, factor: number): Affine =>
  combine({ constant: 0, terms: new Map(), lanes: x.lanes.map(() => 0) }, x, factor);
const isConstant = (x: Affine): boolean => x.terms.size === 0 && x.lanes.every((k) => k === 0);
const spread = (x: Affine, lanes: readonly number[]): Affine => ({ ...x, lanes });
const shifted = (x: Affine, by: number): Affine => ({ ...x, constant: x.constant + by });

/** Rank-preserving and -changing views of blocks: the form of what is seen through them. */
function through(eqn: AnyEqn, x: Affine): Affine | null {
  const from = eqn.inputs[0].aval.shape;
  const to = eqn.outputs[0].aval.shape;
  switch (eqn.prim) {
    case "broadcast_in_dim": {
      const lanes = to.map(() => 0);
      eqn.params.dims.forEach((d, i) => {
        if (from[i] === to[d]) lanes[d] = x.lanes[i];
      });
      return spread(x, lanes);
    }
    case "reshape": {
      // only axes of size 1 come or go
      const real = (shape: typeof from): number[] => shape.flatMap((d, i) => (d === 1 ? [] : [i]));
      const [a, b] = [real(from), real(to)];
      if (a.length !== b.length || a.some((d, i) => from[d] !== to[b[i]])) return null;
      const lanes = to.map(() => 0);
      b.forEach((d, i) => {
        lanes[d] = x.lanes[a[i]];
      });
      return spread(x, lanes);
    }
    case "transpose":
      return spread(
        x,
        eqn.params.perm.map((d) => x.lanes[d]),
      );
    case "slice": {
      const { start, strides } = eqn.params;
      if (!start.every(isStatic) || !strides.every(isStatic)) return null;
      const constant = start.reduce<number>((sum, s, d) => sum + Number(s) * x.lanes[d], x.constant);
      return {
        ...x,
        constant,
        lanes: x.lanes.map((k, d) => k * strides[d]),
      };
    }
    default:
      return null;
  }
}

/** Forms of the integers of a program and the programs in it, no variable of which is defined twice. */
export class Forms {
  readonly #made = new Map<Var, AnyEqn>();
  readonly #known = new Map<Var, Affine | null>();

  /** Says what a variable is: an input of a program. */
  define(v: Var, form: Affine | null): void {
    this.#known.set(v, form);
  }
  /** Takes in the equations of a program; `of` a loop, also what its inputs are. */
  enter(program: Program<"core">): void {
    for (const eqn of program.eqns) for (const v of eqn.outputs) this.#made.set(v, eqn);
  }
  /** Enters the body of a loop: consts, rows of what depends on the step affinely, and counters among its carries. */
  enterScan(eqn: Extract<AnyEqn, { prim: "scan" }>): void {
    const { body, numConsts, numCarry, length, reverse } = eqn.params;
    const step: Variable = { extent: isStatic(length) ? length : Number.POSITIVE_INFINITY, grid: -1 };
    this.enter(body);
    body.inputs.forEach((v, i) => {
      const whole = this.form(eqn.inputs[i]);
      if (i < numConsts) this.define(v, whole);
      else if (i >= numConsts + numCarry && whole !== null) {
        const [k, ...lanes] = whole.lanes;
        const terms = new Map(whole.terms);
        if (k !== 0) terms.set(step, k);
        this.define(v, { constant: whole.constant, terms, lanes });
      } else this.define(v, null);
    });
    for (let i = 0; i < numCarry; i++) {
      const v = body.inputs[numConsts + i];
      const first = this.form(eqn.inputs[numConsts + i]);
      if (first === null || !isInt(v.aval.dtype)) continue;
      const by = this.#step(v, body.outputs[i]);
      if (by === null) continue;
      const terms = new Map(first.terms);
      if (by !== 0) terms.set(step, reverse ? -by : by);
      const constant = first.constant + (reverse && by !== 0 ? by * (step.extent - 1) : 0);
      if (Number.isFinite(constant)) this.define(v, { constant, terms, lanes: first.lanes });
    }
  }

  /** What a step of a loop adds to a counter among its carries. */
  #step(carry: Var, next: Atom): number | null {
    if (next === carry) return 0;
    const eqn = isVar(next) ? this.#made.get(next) : undefined;
    if (eqn?.prim !== "add" && eqn?.prim !== "sub") return null;
    const [x, y] = eqn.inputs;
    const by = x === carry ? this.form(y) : y === carry && eqn.prim === "add" ? this.form(x) : null;
    if (by === null || !isConstant(by)) return null;
    return eqn.prim === "add" ? by.constant : -by.constant;
  }

  form(a: Atom): Affine | null {
    if (!isVar(a)) {
      if (typeof a.value === "boolean" || !isInt(a.aval.dtype)) return null;
      return { constant: Number(a.value), terms: new Map(), lanes: [] };
    }
    const before = this.#known.get(a);
    if (before !== undefined) return before;
    const eqn = this.#made.get(a);
    const form = eqn && isInt(a.aval.dtype) ? this.#of(eqn) : null;
    this.#known.set(a, form);
    return form;
  }

  #of(eqn: AnyEqn): Affine | null {
    switch (eqn.prim) {
      case "iota": {
        const { shape, axis } = eqn.params;
        return { constant: 0, terms: new Map(), lanes: shape.map((_, d) => (d === axis ? 1 : 0)) };
      }
      case "add":
      case "sub": {
        const [x, y] = eqn.inputs.map((a) => this.form(a));
        return x && y && combine(x, y, eqn.prim === "add" ? 1 : -1);
      }
      case "neg": {
        const x = this.form(eqn.inputs[0]);
        return x && scaled(x, -1);
      }
      case "mul": {
        const [x, y] = eqn.inputs.map((a) => this.form(a));
        if (!x || !y) return null;
        return isConstant(y) ? scaled(x, y.constant) : isConstant(x) ? scaled(y, x.constant) : null;
      }
      case "convert_element_type": {
        const [x] = eqn.inputs;
        return isInt(x.aval.dtype) ? this.form(x) : null;
      }
      default: {
        if (eqn.inputs.length === 0) return null;
        const x = VIEWS.has(eqn.prim) ? this.form(eqn.inputs[0]) : null;
        return x && through(eqn, x);
      }
    }
  }

  conditions(a: Atom): Conditions {
    if (!isVar(a)) return a.value === true ? EVERYWHERE : UNKNOWN;
    const eqn = this.#made.get(a);
    if (!eqn) return UNKNOWN;
    const compare = (large: Atom, small: Atom, strict: boolean): Conditions => {
      const [x, y] = [this.form(large), this.form(small)];
      return x && y ? { forms: [shifted(combine(x, y, -1), strict ? -1 : 0)], exact: true } : UNKNOWN;
    };
    const [x, y] = eqn.inputs;
    switch (eqn.prim) {
      case "lt":
        return compare(y, x, true);
      case "le":
        return compare(y, x, false);
      case "gt":
        return compare(x, y, true);
      case "ge":
        return compare(x, y, false);
      case "and": {
        const [p, q] = [this.conditions(x), this.conditions(y)];
        return { forms: [...p.forms, ...q.forms], exact: p.exact && q.exact };
      }
      default: {
        if (!VIEWS.has(eqn.prim)) return UNKNOWN;
        const inner = this.conditions(x);
        const forms = inner.forms.map((f) => through(eqn, f));
        const known = forms.filter((f) => f !== null);
        return { forms: known, exact: inner.exact && known.length === forms.length };
      }
    }
  }
}
const VIEWS: ReadonlySet<string> = new Set(["broadcast_in_dim", "reshape", "transpose", "slice"]);
