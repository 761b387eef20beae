/** Indices as sums of multiples of variables: program ids, steps of loops and lanes of blocks. */
import { isStatic } from "../../../ir/dim.js";
import { isInt } from "../../../ir/dtype.js";
import { type AnyEqn, type Atom, isVar, type Program, type Var } from "../../../ir/program.js";

/** Runs over the integers from 0 to `extent` - 1; `grid`: the axis of the grid whose program id it is, else -1. */
export interface Variable {
  readonly extent: number;
  readonly grid: number;
  /** It was divided: by · high + low, where low < by. */
  parts?: Parts;
  /** It was taken together with others for the digits of one number. */
  digitOf?: { readonly digits: readonly Variable[]; readonly number: Variable };
}
interface Parts {
  readonly by: number;
  readonly high: Variable;
  readonly low: Variable;
}
/** Whether a difference in the variable is one in some variable that `apart` holds. */
export function isApart(v: Variable, apart: ReadonlySet<Variable>): boolean {
  if (apart.has(v)) return true;
  if (v.parts) return isApart(v.parts.high, apart) && isApart(v.parts.low, apart);
  return v.digitOf !== undefined && isApart(v.digitOf.number, apart);
}
/** Its parts take all values together, and stand for it alone; where a divisor leaves a remainder, the last are not all there. */
export function isWhole({ parts, extent, digitOf }: Variable): boolean {
  if (digitOf) return false;
  return !parts || (extent % parts.by === 0 && isWhole(parts.high) && isWhole(parts.low));
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
/** Variables that were divided replaced by their parts. */
export function inParts(x: Affine): Affine {
  const terms = new Map<Variable, number>();
  const add = (v: Variable, k: number): void => {
    if (v.parts) {
      add(v.parts.high, k * v.parts.by);
      add(v.parts.low, k);
      return;
    }
    const sum = (terms.get(v) ?? 0) + k;
    if (sum === 0) terms.delete(v);
    else terms.set(v, sum);
  };
  for (const [v, k] of x.terms) add(v, k);
  return { ...x, terms };
}

interface Bounds {
  readonly low: number;
  readonly high: number;
}
function boundsOf(x: Affine, shape: Shape): Bounds {
  let [low, high] = [x.constant, x.constant];
  const add = (k: number, extent: number): void => {
    if (k < 0) low += k * (extent - 1);
    else if (k > 0) high += k * (extent - 1);
  };
  for (const [v, k] of inParts(x).terms) add(k, v.extent);
  x.lanes.forEach((k, d) => {
    const n = shape[d];
    add(k, isStatic(n) ? n : Number.POSITIVE_INFINITY);
  });
  return { low, high };
}
type Shape = Atom["aval"]["shape"];

/**
 * The quotient and the rest of a form that is not negative: what `by` divides, and beside it what stays in 0 … by - 1. A variable of
 * which both hold something is divided itself: p = by · high + low. Null where it is none of this.
 */
function divided(whole: Affine, by: number, shape: Shape): Division | null {
  if (!Number.isInteger(by) || by <= 0 || boundsOf(whole, shape).low < 0) return null;
  const x = inParts(whole);
  const found = dividedTerms(x, by, shape);
  if (found) return found;
  const one = asNumber(x);
  return one && dividedTerms(inParts(one), by, shape);
}

/** Program ids that are the digits of a number, such as row · columns + column, as one variable. */
function asNumber(x: Affine): Affine | null {
  const digits: Variable[] = [];
  let size = 1;
  for (const [v, k] of [...x.terms].sort(([, p], [, q]) => p - q)) {
    if (k !== size || v.grid < 0 || !Number.isFinite(v.extent)) continue;
    digits.push(v);
    size *= v.extent;
  }
  if (digits.length < 2) return null;
  const [{ digitOf }] = digits;
  const same = digitOf?.digits.length === digits.length && digits.every((v, i) => v === digitOf.digits[i]);
  if (!same && digits.some((v) => v.digitOf)) return null;
  const number = digitOf?.number ?? { extent: size, grid: digits[0].grid };
  for (const v of digits) v.digitOf ??= { digits, number };
  const terms = new Map([...x.terms].filter(([v]) => !digits.includes(v)));
  return { ...x, terms: terms.set(number, 1) };
}

interface Division {
  readonly quotient: Affine;
  readonly rest: Affine;
}
function dividedTerms(x: Affine, by: number, shape: Shape): Division | null {
  const constant = ((x.constant % by) + by) % by;
  const fits = (k: number, extent: number): boolean => k > 0 && by % k === 0 && Number.isFinite(extent);
  const own = [...x.terms].filter(([, k]) => k % by !== 0);
  let [low, high] = [constant, constant];
  for (const [v, k] of own) {
    const most = k * ((fits(k, v.extent) ? Math.min(v.extent, by / k) : v.extent) - 1);
    low += Math.min(most, 0);
    high += Math.max(most, 0);
  }
  const lanes = x.lanes.map((k) => (k % by === 0 ? 0 : k));
  const ofLanes = boundsOf({ constant: 0, terms: new Map(), lanes }, shape);
  if (low + ofLanes.low < 0 || high + ofLanes.high >= by) return null;
  for (const [v, k] of own) {
    const size = by / k;
    if (!fits(k, v.extent) || v.extent <= size) continue;
    const { grid } = v;
    v.parts = { by: size, high: { extent: Math.ceil(v.extent / size), grid }, low: { extent: size, grid } };
  }
  const parts = inParts(x);
  const rest = { constant, terms: new Map([...parts.terms].filter(([, k]) => k % by !== 0)), lanes };
  const { constant: c, terms: t, lanes: l } = combine(parts, rest, -1);
  const quotient = {
    constant: c / by,
    terms: new Map([...t].map(([v, k]) => [v, k / by])),
    lanes: l.map((k) => k / by),
  };
  return { quotient, rest };
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
      case "div":
      case "rem": {
        const [x, y] = eqn.inputs.map((a) => this.form(a));
        const found = x && y && isConstant(y) ? divided(x, y.constant, eqn.inputs[0].aval.shape) : null;
        return found && (eqn.prim === "div" ? found.quotient : found.rest);
      }
      case "min":
      case "max": {
        const [x, y] = eqn.inputs.map((a) => this.form(a));
        if (!x || !y) return null;
        const { low, high } = boundsOf(combine(x, y, -1), eqn.outputs[0].aval.shape);
        return high <= 0 ? (eqn.prim === "min" ? x : y) : low >= 0 ? (eqn.prim === "min" ? y : x) : null;
      }
      case "select": {
        const [which, x, y] = eqn.inputs;
        const holds = this.#holds(which);
        return holds === null ? null : this.form(holds ? x : y);
      }
      case "convert_element_type": {
        const [x] = eqn.inputs;
        if (isInt(x.aval.dtype)) return this.form(x);
        const holds = x.aval.dtype === "bool" ? this.#holds(x) : null;
        return holds === null ? null : { constant: Number(holds), terms: new Map(), lanes: x.aval.shape.map(() => 0) };
      }
      default: {
        if (eqn.inputs.length === 0) return null;
        const x = VIEWS.has(eqn.prim) ? this.form(eqn.inputs[0]) : null;
        return x && through(eqn, x);
      }
    }
  }

  /** Whether a condition holds everywhere, or nowhere: such as that a remainder is negative, of what is not. */
  #holds(a: Atom): boolean | null {
    if (!isVar(a)) return typeof a.value === "boolean" ? a.value : null;
    const eqn = this.#made.get(a);
    if (!eqn) return null;
    const [x, y] = eqn.inputs;
    switch (eqn.prim) {
      case "and": {
        const [p, q] = [this.#holds(x), this.#holds(y)];
        return p === false || q === false ? false : p && q;
      }
      case "eq":
        return this.#same(x, y);
      case "ne":
        return this.#not(this.#same(x, y));
      case "lt":
        return this.#less(x, y);
      case "ge":
        return this.#not(this.#less(x, y));
      case "gt":
        return this.#less(y, x);
      case "le":
        return this.#not(this.#less(y, x));
      default:
        return VIEWS.has(eqn.prim) ? this.#holds(x) : null;
    }
  }
  #same(x: Atom, y: Atom): boolean | null {
    if (x.aval.dtype === "bool") {
      const [p, q] = [this.#holds(x), this.#holds(y)];
      return p === null || q === null ? null : p === q;
    }
    const { low, high } = this.#difference(x, y);
    return low > 0 || high < 0 ? false : low === 0 && high === 0 ? true : null;
  }
  /** What x - y can be. */
  #difference(x: Atom, y: Atom): Bounds {
    const [p, q] = [this.form(x), this.form(y)];
    if (p && q) return boundsOf(combine(p, q, -1), x.aval.shape);
    return { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  }
  /** Whether x < y. */
  #less(x: Atom, y: Atom): boolean | null {
    const { low, high } = this.#difference(x, y);
    return high < 0 ? true : low >= 0 ? false : null;
  }
  #not(holds: boolean | null): boolean | null {
    return holds === null ? null : !holds;
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
