/** What is known of a value in a kernel: its range, its form, what its truth implies, and which reference it is. */
import type { Aval } from "../../ir/aval.js";
import { type DType, isFloat, isInt, limits } from "../../ir/dtype.js";
import type { Var } from "../../ir/program.js";
import { staticSizes } from "../../ir/size.js";
import {
  type AtomBase,
  type AxisMap,
  atomSym,
  combine,
  constant,
  type Form,
  highest,
  lowest,
  mapForm,
  scale,
  shift,
  symbol,
} from "./form.js";

/** A bool: forms that are ≥ 0 in every lane where it is true, and where it is false. */
export interface Predicate {
  readonly whenTrue: readonly Form[];
  readonly whenFalse: readonly Form[];
  /** True exactly where all of `whenTrue` are ≥ 0. */
  readonly exact: boolean;
  readonly known?: boolean | undefined;
}
export interface Value {
  /** Of integers, and of floats that are no NaN. */
  readonly form?: Form | undefined;
  readonly lo: number;
  readonly hi: number;
  /** A float: form / by, rounded once. */
  readonly ratio?: { readonly form: Form; readonly by: number } | undefined;
  readonly pred?: Predicate | undefined;
  /** For references: the input of the body that it was. */
  readonly origin?: Var | undefined;
}

export const UNKNOWN: Value = { lo: Number.NEGATIVE_INFINITY, hi: Number.POSITIVE_INFINITY };
export const NOTHING: Predicate = { whenTrue: [], whenFalse: [], exact: false };
export const known = (value: boolean): Predicate => ({
  whenTrue: value ? [] : [constant(-1)],
  whenFalse: value ? [constant(-1)] : [],
  exact: true,
  known: value,
});

/** Whole numbers up to here are exact in the dtype. */
export function wholeLimits(dtype: DType): readonly [number, number] {
  if (dtype === "f32") return [-(2 ** 24), 2 ** 24];
  if (dtype === "f64") return [-(2 ** 52), 2 ** 52];
  if (dtype === "f16") return [-2048, 2048];
  if (dtype === "bf16") return [-256, 256];
  const { min, max } = limits(dtype);
  return [Number(min), Number(max)];
}

export class Values {
  #atoms = 0;
  readonly #shared = new Map<string, AtomBase>();
  /** While the steps of a loop are looked for: results may be beyond their dtype. */
  unbounded = false;

  get count(): number {
    return this.#atoms;
  }
  /** A value of its own over a block of this shape. */
  atom(shape: readonly number[], lo: number, hi: number, at: AtomBase["at"] = undefined, key?: string): AtomBase {
    const known = key === undefined ? undefined : this.#shared.get(key);
    if (known) return known;
    const made: AtomBase = { id: this.#atoms++, lo, hi, facts: [], at };
    if (key !== undefined) this.#shared.set(key, made);
    return made;
  }
  /** The atom where it was made. */
  whole(atom: AtomBase, shape: readonly number[]): Form {
    return symbol(
      atomSym(
        atom,
        shape.map((n, i) => (n === 1 ? -1 : i)),
      ),
    );
  }
  /** An integer of which only the range is known. */
  ranged(a: Aval, lo: number, hi: number, at?: AtomBase["at"]): Value {
    const [least, most] = wholeLimits(a.dtype);
    const [low, high] = [Math.max(lo, least), Math.min(hi, most)];
    if (isFloat(a.dtype)) return { lo, hi };
    if (low === high) return { lo: low, hi: high, form: constant(low) };
    const shape = staticSizes(a.shape);
    return { lo: low, hi: high, form: this.whole(this.atom(shape, low, high, at), shape) };
  }
  /** Anything of this type. */
  unknown(a: Aval): Value {
    if (isInt(a.dtype)) return this.ranged(a, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
    return a.dtype === "bool" ? { ...UNKNOWN, pred: NOTHING } : UNKNOWN;
  }
  /** A form as a value of this type: anything, where it may be beyond the type. */
  formed(a: Aval, form: Form): Value {
    const [lo, hi] = [lowest(form), highest(form)];
    const [least, most] = wholeLimits(a.dtype);
    if (!this.unbounded && !(lo >= least && hi <= most)) return this.unknown(a);
    return { form, lo, hi };
  }
  /** Quotient (towards zero or down) and remainder by a positive number, as atoms that know of each other. */
  divided(a: Aval, x: Form, d: number): { readonly quotient: Form; readonly remainder: Form } {
    const shape = staticSizes(a.shape);
    const key = `${shape.join()}|${x.c}+${x.terms
      .map(({ sym, c }) => `${c}*${sym.key}`)
      .sort()
      .join("+")}/${d}`;
    const [lo, hi] = [lowest(x), highest(x)];
    const q = this.atom(
      shape,
      Math.floor(lo / d),
      Math.floor(hi / d),
      (value) => {
        const v = value(x);
        return v === undefined ? undefined : Math.floor(v / d);
      },
      `q${key}`,
    );
    const r = this.atom(
      shape,
      lo >= 0 && hi < d ? lo : 0,
      Math.min(d - 1, lo >= 0 ? hi : d - 1),
      (value) => {
        const v = value(x);
        return v === undefined ? undefined : v - d * Math.floor(v / d);
      },
      `r${key}`,
    );
    const [quotient, remainder] = [this.whole(q, shape), this.whole(r, shape)];
    if (q.facts.length === 0) {
      // 0 ≤ x - d·q ≤ d - 1, and x = d·q + r
      const rest = combine(x, quotient, -d);
      q.facts.push(rest, shift(scale(rest, -1), d - 1));
      const zero = combine(rest, remainder, -1);
      r.facts.push(zero, scale(zero, -1));
    }
    return { quotient, remainder };
  }
}

export function mapPredicate(p: Predicate, map: AxisMap): Predicate {
  const over = (list: readonly Form[]): readonly (Form | undefined)[] => list.map((f) => mapForm(f, map));
  const whenTrue = over(p.whenTrue);
  return {
    whenTrue: whenTrue.filter((f) => f !== undefined),
    whenFalse: over(p.whenFalse).filter((f) => f !== undefined),
    exact: p.exact && whenTrue.every((f) => f !== undefined),
    known: p.known,
  };
}
export function bothOf(a: Predicate, b: Predicate): Predicate {
  if (a.known === false || b.known === true) return a;
  if (b.known === false || a.known === true) return b;
  return { whenTrue: [...a.whenTrue, ...b.whenTrue], whenFalse: [], exact: a.exact && b.exact };
}
export function notOf(a: Predicate): Predicate {
  // exact: false where the single condition fails
  const exact = a.exact && a.whenTrue.length === 1 && a.whenFalse.length === 1;
  return {
    whenTrue: a.whenFalse,
    whenFalse: a.whenTrue,
    exact: exact || a.known !== undefined,
    known: a.known === undefined ? undefined : !a.known,
  };
}
export const eitherOf = (a: Predicate, b: Predicate): Predicate => notOf(bothOf(notOf(a), notOf(b)));
/** form ≥ 0 */
export function atLeastZero(form: Form): Predicate {
  if (lowest(form) >= 0) return known(true);
  if (highest(form) < 0) return known(false);
  return { whenTrue: [form], whenFalse: [shift(scale(form, -1), -1)], exact: true };
}
