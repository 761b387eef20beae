/**
 * Sizes of axes: a number, or an integer polynomial over named sizes (and floordiv, mod, max, min of such).
 * Equality and order are three-valued: true, false, or undefined when it depends on the names' values.
 * Names stand for integers ≥ 1.
 */
import { fail } from "../diagnostics/error.js";

/** What a polynomial is made of: a name, or an operation that is not a polynomial in its arguments. */
interface DimAtom {
  readonly kind: "name" | "floordiv" | "mod" | "max" | "min";
  readonly text: string;
  readonly args: readonly Dim[];
}
interface Factor {
  readonly atom: DimAtom;
  readonly power: number;
}
interface Term {
  readonly coef: number;
  /** Sorted by the atoms' text; none for the constant term. */
  readonly factors: readonly Factor[];
  /** Equal for equal factors. */
  readonly key: string;
}

/**
 * A polynomial with at least one atom, in canonical form: equal polynomials print equally. Made by `symbol` and the functions
 * below.
 */
export class SymDim {
  #text: string | undefined;
  constructor(readonly terms: readonly Term[]) {}
  toString(): string {
    this.#text ??= printTerms(this.terms);
    return this.#text;
  }
  toJSON(): string {
    return this.toString();
  }
}
export type Dim = number | SymDim;
export type Shape = readonly Dim[];

export const isStatic = (d: Dim): d is number => typeof d === "number";
export function isStaticShape(s: Shape): s is readonly number[] {
  return s.every(isStatic);
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const FUNCTIONS = new Set(["max", "min", "mod", "floordiv"]);

/** The size called `name`. */
export function symbol(name: string): SymDim {
  if (!NAME.test(name) || FUNCTIONS.has(name)) {
    fail("TW2013", `${JSON.stringify(name)} cannot be the name of a size`, {
      help: "use letters, digits and _, as in batch",
    });
  }
  return ofAtom({ kind: "name", text: name, args: [] });
}

export function dimAdd(a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return a + b;
  return fromTerms([...termsOf(a), ...termsOf(b)]);
}
export function dimSub(a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return fromTerms([...termsOf(a), ...termsOf(b).map((t) => ({ ...t, coef: -t.coef }))]);
}
export function dimMul(a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return a * b + 0;
  if (a === 1) return b;
  if (b === 1) return a;
  const terms: Term[] = [];
  for (const x of termsOf(a)) for (const y of termsOf(b)) terms.push(mulTerms(x, y));
  return fromTerms(terms);
}
/** ⌊a / b⌋. */
export function dimFloorDiv(a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return Math.floor(a / b) + 0;
  if (b === 1 || a === 0) return a;
  if (b === 0) fail("TW2013", `${String(a)}//0: division by zero`, { help: "sizes are divided by sizes ≥ 1" });
  return typeof b === "number" ? floorDivNumber(a as SymDim, b) : floorDivDim(a, b);
}
/** a - b⌊a / b⌋: has the sign of b. */
export function dimMod(a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return a - b * Math.floor(a / b) + 0;
  if (b === 1 || a === 0) return 0;
  if (b === 0) fail("TW2013", `${String(a)}%0: division by zero`, { help: "sizes are divided by sizes ≥ 1" });
  return typeof b === "number" ? modNumber(a as SymDim, b) : modDim(a, b);
}
export function dimMax(a: Dim, b: Dim): Dim {
  return typeof a === "number" && typeof b === "number" ? Math.max(a, b) : extremum("max", a, b);
}
export function dimMin(a: Dim, b: Dim): Dim {
  return typeof a === "number" && typeof b === "number" ? Math.min(a, b) : extremum("min", a, b);
}

/** true, false, or undefined when unknown. */
export function dimEqual(a: Dim, b: Dim): boolean | undefined {
  if (typeof a === "number" && typeof b === "number") return a === b;
  const d = expandMod(dimSub(a, b));
  if (typeof d === "number") return d === 0;
  // a sum of multiples of g is no number that g does not divide
  const g = d.terms.reduce((x, t) => (t.factors.length === 0 ? x : gcd(x, t.coef)), 0);
  if (constantOf(d) % g !== 0) return false;
  return lowerBound(d) > 0 || lowerBound(negate(d)) > 0 ? false : undefined;
}
/** a ≥ b: true, false, or undefined when unknown. */
export function dimAtLeast(a: Dim, b: Dim): boolean | undefined {
  if (typeof a === "number" && typeof b === "number") return a >= b;
  const d = dimSub(a, b);
  if (typeof d === "number") return d >= 0;
  if (lowerBound(d) >= 0) return true;
  return lowerBound(negate(d)) > 0 ? false : undefined;
}
export function dimProduct(s: Shape): Dim {
  let product: Dim = 1;
  for (const d of s) product = dimMul(product, d);
  return product;
}
/** Exactly the same canonical form (a cheap, two-valued test). */
export function dimSame(a: Dim, b: Dim): boolean {
  if (a === b) return true;
  return typeof a === "object" && typeof b === "object" && a.toString() === b.toString();
}
export function shapeSame(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!dimSame(a[i], b[i])) return false;
  return true;
}

/** `d` with sizes (or dims) for its names; names that `sizes` lacks stay. */
export function substituteDim(d: Dim, sizes: ReadonlyMap<string, Dim>): Dim {
  if (typeof d === "number") return d;
  let sum: Dim = 0;
  for (const t of d.terms) {
    let product: Dim = t.coef;
    for (const { atom, power } of t.factors) {
      const x = substituteAtom(atom, sizes);
      for (let i = 0; i < power; i++) product = dimMul(product, x);
    }
    sum = dimAdd(sum, product);
  }
  return sum;
}
function substituteAtom(atom: DimAtom, sizes: ReadonlyMap<string, Dim>): Dim {
  if (atom.kind === "name") return sizes.get(atom.text) ?? ofAtom(atom);
  return apply(
    atom.kind,
    atom.args.map((x) => substituteDim(x, sizes)),
  );
}

// Canonical form

function termsOf(d: Dim): readonly Term[] {
  if (d instanceof SymDim) return d.terms;
  if (typeof d !== "number") noSize(d);
  return d === 0 ? [] : [{ coef: d, factors: [], key: "" }];
}
/** From JavaScript anything may come. */
function noSize(d: unknown): never {
  return fail("TW2011", `${typeof d === "string" ? JSON.stringify(d) : String(d)} is not a size`, {
    help: "sizes and positions along an axis are whole numbers, or sizes of other arrays",
  });
}
function ofAtom(atom: DimAtom): SymDim {
  return new SymDim([{ coef: 1, factors: [{ atom, power: 1 }], key: atom.text }]);
}
const degree = (t: Term): number => t.factors.reduce((n, f) => n + f.power, 0);
const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Sums like terms; higher degrees stand first, the constant last. */
function fromTerms(all: readonly Term[]): Dim {
  const sums = new Map<string, Term>();
  for (const t of all) {
    const old = sums.get(t.key);
    sums.set(t.key, old ? { ...old, coef: old.coef + t.coef } : t);
  }
  const terms = [...sums.values()].filter((t) => t.coef !== 0);
  if (terms.length === 0) return 0;
  if (terms.length === 1 && terms[0].factors.length === 0) return terms[0].coef;
  return new SymDim(terms.sort((a, b) => degree(b) - degree(a) || compareText(a.key, b.key)));
}
function mulTerms(a: Term, b: Term): Term {
  const powers = new Map<string, Factor>();
  for (const f of [...a.factors, ...b.factors]) {
    const old = powers.get(f.atom.text);
    powers.set(f.atom.text, old ? { atom: f.atom, power: old.power + f.power } : f);
  }
  const factors = [...powers.values()].sort((x, y) => compareText(x.atom.text, y.atom.text));
  return { coef: a.coef * b.coef, factors, key: keyOf(factors) };
}
const keyOf = (factors: readonly Factor[]): string =>
  factors.map((f) => (f.power === 1 ? f.atom.text : `${f.atom.text}^${f.power}`)).join("*");

function scale(terms: readonly Term[], f: (coef: number) => number): Dim {
  return fromTerms(terms.map((t) => ({ ...t, coef: f(t.coef) })));
}
const negate = (d: Dim): Dim => dimSub(0, d);
function constantOf(d: SymDim): number {
  const last = d.terms[d.terms.length - 1];
  return last.factors.length === 0 ? last.coef : 0;
}
function gcd(a: number, b: number): number {
  let [x, y] = [Math.abs(a), Math.abs(b)];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}
/** The only atom of `d`, when `d` is nothing else. */
function soleAtom(d: Dim): DimAtom | undefined {
  const terms = typeof d === "number" ? [] : termsOf(d);
  if (terms.length !== 1) return undefined;
  const [{ coef, factors }] = terms;
  return coef === 1 && factors.length === 1 && factors[0].power === 1 ? factors[0].atom : undefined;
}
function infix(kind: "floordiv" | "mod", a: Dim, b: Dim): SymDim {
  const text = `${printOperand(a)}${kind === "floordiv" ? "//" : "%"}${printOperand(b)}`;
  return ofAtom({ kind, text, args: [a, b] });
}
function apply(kind: Exclude<DimAtom["kind"], "name">, args: readonly Dim[]): Dim {
  switch (kind) {
    case "floordiv":
      return dimFloorDiv(args[0], args[1]);
    case "mod":
      return dimMod(args[0], args[1]);
    case "max":
      return args.reduce(dimMax);
    case "min":
      return args.reduce(dimMin);
  }
}
const within = (d: Dim, low: number, high: number): boolean => lowerBound(d) >= low && lowerBound(negate(d)) >= -high;

/** Multiples of k leave the quotient: every coefficient c = k⌊c/k⌋ + (c mod k). */
function floorDivNumber(a: SymDim, k: number): Dim {
  if (k < 0) return dimFloorDiv(negate(a), -k);
  const whole = scale(a.terms, (c) => Math.floor(c / k));
  const rest = scale(a.terms, (c) => c - k * Math.floor(c / k));
  if (typeof rest === "number" || within(rest, 0, k - 1)) return whole;
  // ⌊(g r + c) / k⌋ = ⌊(r + ⌊c/g⌋) / (k/g)⌋ where g divides k
  const g = rest.terms.reduce((x, t) => (t.factors.length === 0 ? x : gcd(x, t.coef)), k);
  const reduced = scale(rest.terms, (c) => Math.floor(c / g));
  if (g === k) return dimAdd(whole, reduced);
  if (g > 1) return dimAdd(whole, dimFloorDiv(reduced, k / g));
  // ⌊(⌊x/b⌋ + c) / k⌋ = ⌊(x + b c) / (b k)⌋
  const c = constantOf(rest);
  const inner = soleAtom(dimSub(rest, c));
  if (inner?.kind === "floordiv" && typeof inner.args[1] === "number") {
    const b = inner.args[1];
    return dimAdd(whole, dimFloorDiv(dimAdd(inner.args[0], b * c), b * k));
  }
  return dimAdd(whole, infix("floordiv", rest, k));
}
function modNumber(a: SymDim, k: number): Dim {
  if (k < 0) return negate(dimMod(negate(a), -k));
  const rest = scale(a.terms, (c) => c - k * Math.floor(c / k));
  if (typeof rest === "number" || within(rest, 0, k - 1)) return rest;
  const g = rest.terms.reduce((x, t) => gcd(x, t.coef), k);
  if (g > 1)
    return dimMul(
      g,
      dimMod(
        scale(rest.terms, (c) => c / g),
        k / g,
      ),
    );
  const inner = soleAtom(rest);
  if (inner?.kind === "mod" && typeof inner.args[1] === "number" && inner.args[1] % k === 0)
    return dimMod(inner.args[0], k);
  return infix("mod", rest, k);
}

/** a = q b + r with what polynomial division can take out. */
function divide(a: Dim, b: SymDim): { quotient: Dim; rest: Dim } {
  let quotient: Dim = 0;
  if (b.terms.length === 1) {
    const rest: Term[] = [];
    for (const t of termsOf(a)) {
      const q = divideTerm(t, b.terms[0]);
      if (q) quotient = dimAdd(quotient, fromTerms([q]));
      else rest.push(t);
    }
    return { quotient, rest: fromTerms(rest) };
  }
  // long division by the leading term; only an exact quotient is of use
  let left = a;
  for (let step = 0; step < 64 && typeof left === "object"; step++) {
    const q = divideTerm(left.terms[0], b.terms[0]);
    if (!q) break;
    const part = fromTerms([q]);
    quotient = dimAdd(quotient, part);
    left = dimSub(left, dimMul(part, b));
  }
  return left === 0 ? { quotient, rest: 0 } : { quotient: 0, rest: a };
}
function divideTerm(a: Term, b: Term): Term | undefined {
  if (a.coef % b.coef !== 0) return undefined;
  const powers = new Map(a.factors.map((f) => [f.atom.text, f]));
  for (const f of b.factors) {
    const power = (powers.get(f.atom.text)?.power ?? 0) - f.power;
    if (power < 0) return undefined;
    if (power === 0) powers.delete(f.atom.text);
    else powers.set(f.atom.text, { atom: f.atom, power });
  }
  const factors = [...powers.values()];
  return { coef: a.coef / b.coef, factors, key: keyOf(factors) };
}
function floorDivDim(a: Dim, b: SymDim): Dim {
  const { quotient, rest } = divide(a, b);
  if (rest === 0 || below(rest, b)) return quotient;
  // one b more than there is: n·m - 1 = n (m - 1) + (n - 1)
  if (below(dimAdd(rest, b), b)) return dimSub(quotient, 1);
  return dimAdd(quotient, infix("floordiv", rest, b));
}
function modDim(a: Dim, b: SymDim): Dim {
  const { rest } = divide(a, b);
  if (rest === 0 || below(rest, b)) return rest;
  const more = dimAdd(rest, b);
  return below(more, b) ? more : infix("mod", rest, b);
}
/** 0 ≤ a < b for certain. */
const below = (a: Dim, b: Dim): boolean => dimAtLeast(a, 0) === true && dimAtLeast(dimSub(b, 1), a) === true;

function extremum(kind: "max" | "min", a: Dim, b: Dim): Dim {
  const parts = [a, b].flatMap((d) => {
    const atom = soleAtom(d);
    return atom?.kind === kind ? atom.args : [d];
  });
  const beats = kind === "max" ? dimAtLeast : (x: Dim, y: Dim) => dimAtLeast(y, x);
  const kept: Dim[] = [];
  for (const x of parts) {
    if (kept.some((y) => beats(y, x) === true)) continue;
    const left = kept.filter((y) => beats(x, y) !== true);
    kept.length = 0;
    kept.push(...left, x);
  }
  if (kept.length === 1) return kept[0];
  // numbers last, as people write it: max(n-1,0)
  kept.sort(
    (x, y) => Number(typeof x === "number") - Number(typeof y === "number") || compareText(String(x), String(y)),
  );
  return ofAtom({ kind, text: `${kind}(${kept.map(String).join(",")})`, args: kept });
}

/** p % q as p - q (p // q), so that quotients and remainders cancel. */
function expandMod(d: Dim): Dim {
  if (typeof d === "number" || !d.terms.some((t) => t.factors.some((f) => f.atom.kind === "mod"))) return d;
  let sum: Dim = 0;
  for (const t of d.terms) {
    let product: Dim = t.coef;
    for (const { atom, power } of t.factors) {
      const [p, q] = atom.args;
      const x = atom.kind === "mod" ? dimSub(p, dimMul(q, dimFloorDiv(p, q))) : ofAtom(atom);
      for (let i = 0; i < power; i++) product = dimMul(product, x);
    }
    sum = dimAdd(sum, product);
  }
  return sum;
}

// Bounds

/** Names that are known to stand for more than 1. */
let bounds: ReadonlyMap<string, number> = new Map();

/** Runs `body` with these least values of names. */
export function withBounds<R>(least: ReadonlyMap<string, number>, body: () => R): R {
  const outer = bounds;
  try {
    bounds = least;
    return body();
  } finally {
    bounds = outer;
  }
}
/** Runs `body` with this least value of one name, and what is known of the others. */
export function withLeast<R>(name: string, least: number, body: () => R): R {
  return withBounds(new Map([...bounds, [name, least]]), body);
}
/** The names in `d`. */
export function namesOf(d: Dim): readonly string[] {
  if (typeof d === "number") return [];
  const names = d.terms.flatMap((t) =>
    t.factors.flatMap(({ atom }) => (atom.kind === "name" ? [atom.text] : atom.args.flatMap(namesOf))),
  );
  return [...new Set(names)];
}
/** A number that `d` is never below; -Infinity when none was found. */
export const leastOf = (d: Dim): number => lowerBound(d);

let greatest = Number.POSITIVE_INFINITY;
/** Least and greatest value of `d` where no name stands for more than `most`, as far as is found. */
export function boundsOf(d: Dim, most: number): readonly [number, number] {
  const outer = greatest;
  try {
    greatest = most;
    return [lowerBound(d), -lowerBound(negate(d))];
  } finally {
    greatest = outer;
  }
}
function lowerBound(d: Dim, depth = 4): number {
  if (typeof d === "number") return d;
  let best = boundShifted(d);
  if (depth === 0) return best;
  const isFound = best > Number.NEGATIVE_INFINITY;
  for (const t of d.terms) {
    if (t.factors.length !== 1 || t.factors[0].power !== 1 || t.factors[0].atom.kind === "name") continue;
    const { atom } = t.factors[0];
    const others = dimSub(d, fromTerms([t]));
    // ⌊p/k⌋ lies in [(p-k+1)/k, p/k]: k·d without the quotient
    if (!isFound && atom.kind === "floordiv" && typeof atom.args[1] === "number") {
      const k = atom.args[1];
      const linear = dimMul(t.coef, t.coef > 0 ? dimSub(atom.args[0], k - 1) : atom.args[0]);
      const bound = lowerBound(dimAdd(dimMul(others, k), linear), depth - 1);
      if (bound > Number.NEGATIVE_INFINITY) return Math.ceil(bound / k);
    }
    // an extremum is one of its arguments, and beyond each of them on its side
    if (atom.kind === "max" || atom.kind === "min") {
      const bounds = atom.args.map((x) => lowerBound(dimAdd(others, dimMul(t.coef, x)), depth - 1));
      best = Math.max(best, ((atom.kind === "max") === t.coef > 0 ? Math.max : Math.min)(...bounds));
    }
  }
  return best;
}

/** With every atom written as its least value plus something ≥ 0, so that n·m - n = (n'+1)·m' is seen to be ≥ 0. */
function boundShifted(d: SymDim): number {
  const highs = new Map<string, number>();
  let sum: Dim = 0;
  for (const t of d.terms) {
    let product: Dim = t.coef;
    for (const { atom, power } of t.factors) {
      const { low, high } = rangeOf(atom);
      if (low === Number.NEGATIVE_INFINITY) return low;
      highs.set(atom.text, high - low);
      const x = dimAdd(ofAtom({ kind: "name", text: atom.text, args: [] }), low);
      for (let i = 0; i < power; i++) product = dimMul(product, x);
    }
    sum = dimAdd(sum, product);
  }
  let bound = 0;
  for (const t of termsOf(sum)) {
    if (t.factors.length === 0) bound += t.coef;
    else if (t.coef < 0) bound += t.coef * t.factors.reduce((x, f) => x * (highs.get(f.atom.text) ?? 0) ** f.power, 1);
  }
  return bound;
}

function rangeOf(atom: DimAtom): { low: number; high: number } {
  const low = (d: Dim): number => lowerBound(d, 1);
  const high = (d: Dim): number => -lowerBound(negate(d), 1);
  switch (atom.kind) {
    case "name":
      return { low: bounds.get(atom.text) ?? 1, high: greatest };
    case "max":
      return { low: Math.max(...atom.args.map(low)), high: Math.max(...atom.args.map(high)) };
    case "min":
      return { low: Math.min(...atom.args.map(low)), high: Math.min(...atom.args.map(high)) };
    case "mod": {
      const [, q] = atom.args;
      return low(q) >= 1
        ? { low: 0, high: high(q) - 1 }
        : { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
    }
    case "floordiv": {
      const [p, q] = atom.args;
      if (!(low(q) >= 1)) return { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
      const [lp, hp] = [low(p), high(p)];
      // dividing by more brings the quotient nearer to 0, or to -1 from below
      const least =
        lp >= 0 ? (high(q) === Number.POSITIVE_INFINITY ? 0 : Math.floor(lp / high(q))) : Math.floor(lp / low(q));
      const most =
        hp >= 0 ? Math.floor(hp / low(q)) : high(q) === Number.POSITIVE_INFINITY ? -1 : Math.floor(hp / high(q));
      return { low: least, high: most };
    }
  }
}

// Text

function printOperand(d: Dim): string {
  const atom = soleAtom(d);
  if (typeof d === "number" ? d >= 0 : atom && atom.kind !== "floordiv" && atom.kind !== "mod") return String(d);
  return `(${String(d)})`;
}
function printTerms(terms: readonly Term[]): string {
  return terms.map((t, i) => printTerm(t, i === 0)).join("");
}
function printTerm(t: Term, first: boolean): string {
  const sign = t.coef < 0 ? "-" : first ? "" : "+";
  const coef = Math.abs(t.coef);
  if (t.factors.length === 0) return `${sign}${coef}`;
  const alone = coef === 1 && sign !== "-" && t.factors.length === 1 && t.factors[0].power === 1;
  const factors = t.factors.map(({ atom, power }) => {
    const text = !alone && (atom.kind === "floordiv" || atom.kind === "mod") ? `(${atom.text})` : atom.text;
    return power === 1 ? text : `${text}^${power}`;
  });
  return sign + (coef === 1 ? factors : [String(coef), ...factors]).join("*");
}
