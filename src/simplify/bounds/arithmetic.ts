/** Ranges and forms through elementwise primitives. What has no row is anything of its type. */
import type { Aval } from "../../ir/aval.js";
import { isFloat, isInt } from "../../ir/dtype.js";
import type { AnyEqn } from "../../ir/program.js";
import { staticSizes } from "../../ir/size.js";
import { combine, constant, type Form, formKey, lowest, proves, rangeUnder, sameForm, scale, shift } from "./form.js";
import {
  atLeastZero,
  bothOf,
  eitherOf,
  known,
  NOTHING,
  notOf,
  type Predicate,
  UNKNOWN,
  type Value,
  type Values,
  wholeLimits,
} from "./value.js";

type Rule = (v: Values, out: Aval, args: readonly Value[], eqn: AnyEqn) => Value | undefined;

const finite = (x: Value): boolean => Number.isFinite(x.lo) && Number.isFinite(x.hi);
const isConstant = (x: Value): boolean => x.form !== undefined && x.form.terms.length === 0;

const TINY = 1e-40;

/** Floats: the range, a little wider for what rounding may do. */
function floats(out: Aval, lo: number, hi: number): Value {
  if (out.dtype !== "f32" && out.dtype !== "f64") return UNKNOWN;
  const slack = out.dtype === "f32" ? 2 ** -22 : 2 ** -50;
  if (!Number.isFinite(lo) || !Number.isFinite(hi) || Math.max(-lo, hi) > 2 ** 100) return UNKNOWN;
  // rounding keeps signs
  const least = lo >= 0 ? Math.max(0, lo * (1 - slack) - TINY) : lo * (1 + slack) - TINY;
  const most = hi <= 0 ? Math.min(0, hi * (1 - slack) + TINY) : hi * (1 + slack) + TINY;
  return { lo: least, hi: most };
}
function corners(a: Value, b: Value, f: (x: number, y: number) => number): readonly [number, number] {
  const all = [f(a.lo, b.lo), f(a.lo, b.hi), f(a.hi, b.lo), f(a.hi, b.hi)];
  return [Math.min(...all), Math.max(...all)];
}

/** a + by·b */
function linear(v: Values, out: Aval, a: Value, b: Value, by: number): Value | undefined {
  if (a.form && b.form) {
    const form = combine(a.form, b.form, by);
    const sum = v.formed(out, form);
    if (sum.form === form) {
      const [lo, hi] = by > 0 ? [a.lo + b.lo, a.hi + b.hi] : [a.lo - b.hi, a.hi - b.lo];
      return { form, lo: Math.max(sum.lo, lo), hi: Math.min(sum.hi, hi) };
    }
  }
  if (!isFloat(out.dtype)) return undefined;
  return by > 0 ? floats(out, a.lo + b.lo, a.hi + b.hi) : floats(out, a.lo - b.hi, a.hi - b.lo);
}

function product(v: Values, out: Aval, a: Value, b: Value): Value | undefined {
  if (a.form && b.form) {
    const [x, k] = isConstant(b) ? [a.form, b.form.c] : [b.form, a.form.c];
    if (isConstant(a) || isConstant(b)) {
      const made = v.formed(out, scale(x, k));
      if (made.form) return made;
      return isFloat(out.dtype) ? undefined : made;
    }
  }
  if (!finite(a) || !finite(b)) return undefined;
  const [lo, hi] = corners(a, b, (x, y) => x * y);
  if (isFloat(out.dtype)) return floats(out, lo, hi);
  const [least, most] = wholeLimits(out.dtype);
  if (lo < least || hi > most) return undefined;
  const [fa, fb] = [a.form, b.form];
  return v.ranged(out, lo, hi, (value) => {
    const [x, y] = [fa && value(fa), fb && value(fb)];
    return x === undefined || y === undefined ? undefined : x * y;
  });
}

/** Down, of x / d for d > 0: a form where the division is exact in every lane. */
export function floorBy(v: Values, out: Aval, x: Form, d: number): Form {
  if (d === 1) return x;
  const whole = {
    c: Math.floor(x.c / d),
    terms: x.terms.filter((t) => t.c % d === 0).map((t) => ({ ...t, c: t.c / d })),
  };
  const rest = combine(x, scale(whole, d), -1);
  const low = Math.floor(lowest(rest) / d);
  if (low === Math.floor(-lowest(scale(rest, -1)) / d)) return shift(whole, low);
  return v.divided(out, x, d).quotient;
}
function remainderBy(v: Values, out: Aval, x: Form, d: number): Form {
  const whole = {
    c: Math.floor(x.c / d),
    terms: x.terms.filter((t) => t.c % d === 0).map((t) => ({ ...t, c: t.c / d })),
  };
  const rest = combine(x, scale(whole, d), -1);
  const low = Math.floor(lowest(rest) / d);
  if (low === Math.floor(-lowest(scale(rest, -1)) / d)) return shift(rest, -low * d);
  return v.divided(out, x, d).remainder;
}

const at2 =
  (a: Form | undefined, b: Form | undefined, f: (x: number, y: number) => number) =>
  (value: (f: Form) => number | undefined): number | undefined => {
    const [x, y] = [a && value(a), b && value(b)];
    return x === undefined || y === undefined ? undefined : f(x, y);
  };

function quotient(v: Values, out: Aval, a: Value, b: Value): Value | undefined {
  if (isFloat(out.dtype)) {
    if (isConstant(b) && b.lo !== 0) {
      const by = b.lo;
      const [x, y] = [a.lo / by, a.hi / by];
      const f = floats(out, Math.min(x, y), Math.max(x, y));
      // floor(fl(x / d)) is floor(x / d) for whole numbers below 2^24
      const [least, most] = wholeLimits(out.dtype);
      const exact = a.form && by > 0 && Number.isInteger(by) && a.lo >= least + by && a.hi <= most - by;
      return exact && a.form ? { ...f, ratio: { form: a.form, by } } : f;
    }
    if (b.lo > 0 || b.hi < 0) return floats(out, ...corners(a, b, (x, y) => x / y));
    return undefined;
  }
  if (!a.form || !b.form || b.lo < 1) return undefined;
  if (isConstant(b) && a.lo >= 0) return v.formed(out, floorBy(v, out, a.form, b.lo));
  const [lo, hi] = corners(a, b, (x, y) => Math.trunc(x / y));
  return v.ranged(
    out,
    lo,
    hi,
    at2(a.form, b.form, (x, y) => Math.trunc(x / y)),
  );
}

function remainder(v: Values, out: Aval, a: Value, b: Value): Value | undefined {
  if (!a.form || !b.form || !(b.lo >= 1)) return undefined;
  if (isConstant(b) && a.lo >= 0) return v.formed(out, remainderBy(v, out, a.form, b.lo));
  const most = b.hi - 1;
  const lo = a.lo >= 0 ? 0 : Math.max(-most, a.lo);
  const hi = a.hi <= 0 ? 0 : Math.min(most, a.hi);
  if (isFloat(out.dtype)) return finite(a) && finite(b) ? { lo, hi } : undefined;
  const made = v.ranged(
    out,
    lo,
    hi,
    at2(a.form, b.form, (x, y) => x % y),
  );
  const atom = made.form?.terms[0]?.sym.atom;
  // r ≤ d - 1, and r ≤ x for x ≥ 0
  if (atom && made.form) {
    atom.facts.push(shift(combine(b.form, made.form, -1), -1));
    if (a.lo >= 0) atom.facts.push(combine(a.form, made.form, -1));
  }
  return made;
}

function extremum(v: Values, out: Aval, a: Value, b: Value, max: boolean): Value | undefined {
  const f = max ? Math.max : Math.min;
  if (isFloat(out.dtype)) {
    if (!finite(a) || !finite(b)) return undefined;
    if (!a.form || !b.form) return { lo: f(a.lo, b.lo), hi: f(a.hi, b.hi) };
  }
  if (!a.form || !b.form) return undefined;
  const [big, small] = max ? [a, b] : [b, a];
  if (big.form && small.form) {
    if (big.lo >= small.hi || lowest(combine(big.form, small.form, -1)) >= 0) return a;
    if (small.lo >= big.hi || lowest(combine(small.form, big.form, -1)) >= 0) return b;
  }
  const shape = staticSizes(out.shape);
  const key = `${max ? "max" : "min"}${shape.join()}|${formKey(a.form)}|${formKey(b.form)}`;
  const lo = f(a.lo, b.lo);
  const hi = f(a.hi, b.hi);
  const atom = v.atom(shape, lo, hi, at2(a.form, b.form, f), key);
  const form = v.whole(atom, shape);
  if (atom.facts.length === 0) {
    for (const x of [a.form, b.form]) atom.facts.push(max ? combine(form, x, -1) : combine(x, form, -1));
  }
  return { form, lo, hi };
}

function compare(prim: string, a: Value, b: Value): Predicate {
  if (!a.form || !b.form) return NOTHING;
  const less = combine(b.form, a.form, -1); // b - a
  const more = scale(less, -1);
  switch (prim) {
    case "lt":
      return a.hi < b.lo ? known(true) : a.lo >= b.hi ? known(false) : atLeastZero(shift(less, -1));
    case "le":
      return a.hi <= b.lo ? known(true) : a.lo > b.hi ? known(false) : atLeastZero(less);
    case "gt":
      return compare("lt", b, a);
    case "ge":
      return compare("le", b, a);
    case "eq": {
      const [p, q] = [compare("le", a, b), compare("le", b, a)];
      if (p.known === false || q.known === false) return known(false);
      if (p.known && q.known) return known(true);
      return { whenTrue: [less, more], whenFalse: [], exact: true };
    }
    default:
      return notOf(compare("eq", a, b));
  }
}
const truth = (x: Value): Predicate => x.pred ?? NOTHING;
const bool = (pred: Predicate): Value => ({ ...UNKNOWN, pred });

const comparison: Rule = (_v, _out, [a, b], eqn) => {
  if (eqn.inputs[0].aval.dtype !== "bool") return bool(compare(eqn.prim, a, b));
  const [p, q] = [truth(a), truth(b)];
  if (eqn.prim !== "eq" && eqn.prim !== "ne") return bool(NOTHING);
  const same = eqn.prim === "eq";
  if (p.known !== undefined) return bool(p.known === same ? q : notOf(q));
  if (q.known !== undefined) return bool(q.known === same ? p : notOf(p));
  return bool(NOTHING);
};

function rounded(v: Values, out: Aval, a: Value, up: boolean): Value | undefined {
  if (a.form) return a;
  const f = up ? Math.ceil : Math.floor;
  const range = { lo: f(a.lo), hi: f(a.hi) };
  if (a.ratio) {
    const { form, by } = a.ratio;
    const q = up ? scale(floorBy(v, out, scale(form, -1), by), -1) : floorBy(v, out, form, by);
    return v.formed(out, q);
  }
  return finite(a) ? range : undefined;
}

export const RULES: Readonly<Record<string, Rule>> = {
  neg: (v, out, [a]) => (a.form ? v.formed(out, scale(a.form, -1)) : floats(out, -a.hi, -a.lo)),
  add: (v, out, [a, b]) => linear(v, out, a, b, 1),
  sub: (v, out, [a, b]) => linear(v, out, a, b, -1),
  mul: (v, out, [a, b]) => product(v, out, a, b),
  div: (v, out, [a, b]) => quotient(v, out, a, b),
  rem: (v, out, [a, b]) => remainder(v, out, a, b),
  max: (v, out, [a, b]) => extremum(v, out, a, b, true),
  min: (v, out, [a, b]) => extremum(v, out, a, b, false),
  clamp: (v, out, [lo, x, hi]) => {
    const raised = extremum(v, out, x, lo, true);
    return raised && extremum(v, out, raised, hi, false);
  },
  abs: (v, out, [a]) => {
    if (a.lo >= 0) return a;
    const lo = a.hi < 0 ? -a.hi : 0;
    const hi = Math.max(-a.lo, a.hi);
    if (!Number.isFinite(hi) || (!isFloat(out.dtype) && hi > wholeLimits(out.dtype)[1])) return undefined;
    const { form } = a;
    return isFloat(out.dtype)
      ? { lo, hi }
      : v.ranged(
          out,
          lo,
          hi,
          at2(form, form, (x) => Math.abs(x)),
        );
  },
  sign: (v, out) => (isInt(out.dtype) ? v.ranged(out, -1, 1) : undefined),
  floor: (v, out, [a]) => rounded(v, out, a, false),
  ceil: (v, out, [a]) => rounded(v, out, a, true),
  round: (_v, _out, [a]) => (a.form ? a : finite(a) ? { lo: Math.floor(a.lo), hi: Math.ceil(a.hi) } : undefined),
  stop_gradient: (_v, _out, [a]) => a,
  convert_element_type: (v, out, [a], eqn) => {
    const from = eqn.inputs[0].aval.dtype;
    if (from === "bool") {
      const { known: one } = truth(a);
      const [lo, hi] = [Number(one === true), Number(one !== false)];
      return isInt(out.dtype) ? v.ranged(out, lo, hi) : isFloat(out.dtype) ? { lo, hi } : undefined;
    }
    if (out.dtype === "bool") return undefined;
    const [least, most] = wholeLimits(out.dtype);
    if (a.form) {
      if ((a.lo >= least && a.hi <= most) || (v.unbounded && (isInt(from) || isFloat(from)))) return a;
      return isFloat(out.dtype) ? floats(out, a.lo, a.hi) : undefined;
    }
    if (isFloat(out.dtype)) return floats(out, a.lo, a.hi);
    return finite(a) && a.lo > least && a.hi < most ? v.ranged(out, Math.trunc(a.lo), Math.trunc(a.hi)) : undefined;
  },
  select: (v, out, [p, a, b]) => {
    const t = truth(p);
    if (t.known !== undefined) return t.known ? a : b;
    if (out.dtype === "bool") {
      const [x, y] = [truth(a), truth(b)];
      return bool(eitherOf(bothOf(t, x), bothOf(notOf(t), y)));
    }
    if (a.form && b.form && sameForm(a.form, b.form)) return a;
    const [alo, ahi] = a.form ? rangeUnder(a.form, t.whenTrue) : [a.lo, a.hi];
    const [blo, bhi] = b.form ? rangeUnder(b.form, t.whenFalse) : [b.lo, b.hi];
    const lo = Math.min(Math.max(alo, a.lo), Math.max(blo, b.lo));
    const hi = Math.max(Math.min(ahi, a.hi), Math.min(bhi, b.hi));
    if (isFloat(out.dtype)) return Number.isFinite(lo) && Number.isFinite(hi) ? { lo, hi } : undefined;
    const [fa, fb] = [a.form, b.form];
    return v.ranged(out, lo, hi, (value) => {
      if (!t.exact || !fa || !fb) return undefined;
      let holds = true;
      for (const f of t.whenTrue) {
        const n = value(f);
        if (n === undefined) return undefined;
        if (n < 0) holds = false;
      }
      return value(holds ? fa : fb);
    });
  },
  and: (v, out, [a, b]) => {
    if (out.dtype === "bool") return bool(bothOf(truth(a), truth(b)));
    for (const [m, x] of [
      [b, a],
      [a, b],
    ]) {
      if (!isConstant(m) || m.lo < 0) continue;
      const size = m.lo + 1;
      if (x.form && x.lo >= 0 && (size & m.lo) === 0) return v.formed(out, remainderBy(v, out, x.form, size));
      return v.ranged(out, 0, m.lo);
    }
    if (a.lo >= 0 || b.lo >= 0) return v.ranged(out, 0, Math.min(a.lo >= 0 ? a.hi : b.hi, b.lo >= 0 ? b.hi : a.hi));
    return undefined;
  },
  or: (v, out, [a, b]) => {
    if (out.dtype === "bool") return bool(eitherOf(truth(a), truth(b)));
    return a.lo >= 0 && b.lo >= 0 ? v.ranged(out, Math.max(a.lo, b.lo), below2(Math.max(a.hi, b.hi))) : undefined;
  },
  xor: (v, out, [a, b]) => {
    if (out.dtype === "bool") {
      const [p, q] = [truth(a), truth(b)];
      if (p.known !== undefined) return bool(p.known ? notOf(q) : q);
      if (q.known !== undefined) return bool(q.known ? notOf(p) : p);
      return bool(NOTHING);
    }
    return a.lo >= 0 && b.lo >= 0 ? v.ranged(out, 0, below2(Math.max(a.hi, b.hi))) : undefined;
  },
  not: (v, out, [a]) => {
    if (out.dtype === "bool") return bool(notOf(truth(a)));
    return a.form && out.dtype === "i32" ? v.formed(out, shift(scale(a.form, -1), -1)) : undefined;
  },
  shift_left: (v, out, [a, b]) =>
    isConstant(b) && b.lo >= 0 && b.lo < 31
      ? product(v, out, a, { ...b, lo: 2 ** b.lo, hi: 2 ** b.lo, form: constant(2 ** b.lo) })
      : undefined,
  shift_right_arithmetic: (v, out, [a, b]) => shifted(v, out, a, b),
  shift_right_logical: (v, out, [a, b]) => (a.lo >= 0 ? shifted(v, out, a, b) : undefined),
  integer_pow: (v, out, [a], eqn) =>
    eqn.prim === "integer_pow" && eqn.params.y === 2 ? product(v, out, a, a) : undefined,
  eq: comparison,
  ne: comparison,
  lt: comparison,
  le: comparison,
  gt: comparison,
  ge: comparison,
};

function shifted(v: Values, out: Aval, a: Value, b: Value): Value | undefined {
  return a.form && isConstant(b) && b.lo >= 0 && b.lo < 31
    ? v.formed(out, floorBy(v, out, a.form, 2 ** b.lo))
    : undefined;
}
/** The greatest number of as many bits. */
const below2 = (n: number): number => (n < 1 ? 0 : 2 ** (Math.floor(Math.log2(n)) + 1) - 1);

/** Is 0 ≤ form < extent, lane by lane, where the facts hold? */
export function withinExtent(x: Value, extent: number, facts: readonly Form[]): { low: boolean; high: boolean } {
  const { form } = x;
  if (!form) return { low: x.lo >= 0, high: x.hi < extent };
  return {
    low: x.lo >= 0 || proves(form, facts),
    high: x.hi < extent || proves(shift(scale(form, -1), extent - 1), facts),
  };
}
