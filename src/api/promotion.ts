/**
 * One program for many sizes. A function is traced at every new combination of sizes, as always; when its traces at two of them
 * are cases of one program over named sizes, that program is compiled, and each later trace that is a case of it, too, runs it.
 */
import type { Aval } from "../ir/aval.js";
import { aval } from "../ir/aval.js";
import { isStatic, symbol } from "../ir/dim.js";
import type { Literal, Program } from "../ir/program.js";
import { MOST_OF_SIZE, type NamedSize, outgrown, withSizes } from "../ir/size.js";
import { type Callback, generalise, match, type Sample, type Sizes, type Template } from "../transforms/sizes/index.js";
import type { Declared } from "./dynamic-option.js";

type Core = Program<"core">;

/** A trace of the function for arguments of these types. */
export interface Case {
  readonly program: Core;
  readonly inputs: readonly Aval[];
  /** A call had these sizes; others were made up to see what depends on them. */
  readonly seen: boolean;
}

/** A program over named sizes, and what it was made of. */
export interface Variant {
  readonly template: Template;
  /** Types of the arguments, over the names. */
  readonly inputs: readonly Aval[];
  readonly sizes: readonly NamedSize[];
  readonly cases: readonly Case[];
}

/** A case of a variant: what its run needs beside the arguments. */
export interface Fit {
  readonly values: readonly number[];
  readonly holes: readonly Literal["value"][];
  readonly callbacks: readonly Callback[];
}

/** Sizes below this are compiled for themselves: programs at 0 and 1 (broadcasting) are others. */
const LEAST = 2;
/** Cases that a variant is made of. */
const CASES = 4;
/** Variants, and attempts to make one, for arguments that differ in sizes alone. */
const VARIANTS = 8;
const ATTEMPTS = 12;

interface Candidate {
  readonly variant: Variant;
  readonly sizes: Sizes;
}

export type Retrace = (inputs: readonly Aval[]) => Core | undefined;

/** What is known of calls whose arguments differ in sizes alone. */
export class Family {
  /** Newest first. */
  readonly variants: Variant[] = [];
  readonly #statics: Case[] = [];
  #attempts = 0;
  /** Why it stays with a program for each size. */
  refusal: string | undefined;

  addStatic(c: Case): void {
    this.#statics.unshift(c);
    if (this.#statics.length > CASES) this.#statics.pop();
  }

  /** Variants that take arguments of these types, with the values of their names; what was compiled for such sizes first. */
  candidates(inputs: readonly Aval[]): readonly Candidate[] {
    const found = this.variants.flatMap((variant): Candidate[] => {
      const sizes = solve(variant.inputs, inputs);
      return sizes ? [{ variant, sizes }] : [];
    });
    const distance = ({ variant, sizes }: Candidate): number =>
      variant.sizes.reduce((sum, s) => sum + Math.abs(Math.log((sizes.get(s.name) ?? s.hint) / s.hint)), 0);
    return found.length > 1 ? found.sort((a, b) => distance(a) - distance(b)) : found;
  }

  /** The variant with these sizes at hand, where those it was compiled for are so much smaller that other code is better. */
  retune({ variant, sizes }: Candidate): Variant | undefined {
    const small = variant.sizes.some((s) => (sizes.get(s.name) ?? 0) >= outgrown(s.hint));
    if (!small || this.variants.length >= VARIANTS) return undefined;
    const tuned = { ...variant, sizes: variant.sizes.map((s) => ({ ...s, hint: sizes.get(s.name) ?? s.hint })) };
    this.variants.unshift(tuned);
    return tuned;
  }

  /**
   * A variant of which the new case and some before are cases; undefined, with a reason if there is something to tell, when
   * there is none.
   */
  promote(
    added: Case,
    declared: Declared | undefined,
    retrace: Retrace,
  ): { readonly variant: Variant | undefined; readonly reason: string } {
    const isNamed = declared?.some((names) => names.some((n) => n !== undefined && n !== false)) === true;
    const groups = this.#groups(added, declared);
    // what is declared is dynamic from the first call on
    if (isNamed) groups.push([]);
    let reason = "";
    for (const group of groups) {
      if (this.refusal !== undefined || this.#attempts >= ATTEMPTS)
        return { variant: undefined, reason: this.refusal ?? "" };
      this.#attempts++;
      const made = makeVariant([...group, added], declared, retrace);
      if (made.variant) {
        this.variants.unshift(made.variant);
        if (this.variants.length > VARIANTS) this.variants.pop();
        return { variant: made.variant, reason: "" };
      }
      reason ||= made.reason;
    }
    return { variant: undefined, reason };
  }

  /** Cases to make a variant of, together with a new one: those of a variant, then single ones. */
  #groups(added: Case, declared: Declared | undefined): Case[][] {
    const usable = (c: Case): boolean =>
      c.inputs.every((a, i) =>
        a.shape.every((d, k) => {
          const e = added.inputs[i].shape[k];
          return d === e || (Number(d) >= LEAST && Number(e) >= LEAST && declared?.[i][k] !== false);
        }),
      );
    const groups = [...this.variants.map((v) => v.cases), ...this.#statics.map((c) => [c])];
    return groups.map((g) => g.filter(usable).slice(-CASES + 1)).filter((g) => g.length > 0);
  }

  /** Takes a variant back that does not compile. */
  refuse(variant: Variant, reason: string): void {
    this.variants.splice(this.variants.indexOf(variant), 1);
    this.refusal = reason;
  }
}

/** The values of the names with which `types` are `inputs`; undefined when there are none. */
function solve(types: readonly Aval[], inputs: readonly Aval[]): Sizes | undefined {
  const sizes = new Map<string, number>();
  for (let i = 0; i < types.length; i++) {
    const { shape } = types[i];
    for (let k = 0; k < shape.length; k++) {
      const d = shape[k];
      const n = inputs[i].shape[k] as number;
      if (isStatic(d)) {
        if (d !== n) return undefined;
        continue;
      }
      const name = String(d);
      const known = sizes.get(name);
      if (known === undefined ? n < LEAST || n > MOST_OF_SIZE : known !== n) return undefined;
      sizes.set(name, n);
    }
  }
  return sizes;
}

/** Names for sizes that have none. */
const NAMES = ["n", "m", "k", "p", "q", "r", "s", "t"];

function makeVariant(
  given: readonly Case[],
  declared: Declared | undefined,
  retrace: Retrace,
): { readonly variant: Variant | undefined; readonly reason: string } {
  const newest = given[given.length - 1];
  let cases = given;
  let names = nameAxes(cases, declared);
  if (names.sizes.length === 0) return { variant: undefined, reason: "" };
  let made: ReturnType<typeof generalise> | undefined;
  let used = { names, cases };
  // traces at sizes that nobody asked for: where one trace is all there is, or formulas need telling apart
  for (let round = 0; round < 3; round++) {
    if (cases.length > 1) {
      const next = attempt(names, cases);
      // what sizes that nobody asked for do differently is no matter
      if (made?.template && !next.template) break;
      made = next;
      used = { names, cases };
      if (!made.template || !made.ambiguous || round === 2) break;
    }
    const more = invent(names.inputs, newest.inputs, round, made?.template ? made.apart : 0, retrace);
    if (!more) continue;
    cases = [more, ...cases];
    names = nameAxes(cases, declared);
  }
  if (!made) return { variant: undefined, reason: "the function does not take other sizes" };
  if (!made.template) return { variant: undefined, reason: made.reason };
  return {
    variant: { template: made.template, inputs: used.names.inputs, sizes: used.names.sizes, cases: used.cases },
    reason: "",
  };
}

interface Named {
  readonly inputs: readonly Aval[];
  readonly sizes: readonly NamedSize[];
}

/** One name for axes that were always equal, and different somewhere; declared names first. */
function nameAxes(cases: readonly Case[], declared: Declared | undefined): Named {
  const newest = cases[cases.length - 1];
  const byValues = new Map<string, string>();
  const sizes = new Map<string, NamedSize>();
  const taken = new Set(declared?.flat().filter((n) => typeof n === "string"));
  const fresh = (): string => {
    const name = NAMES.find((n) => !taken.has(n)) ?? `n${taken.size}`;
    taken.add(name);
    return name;
  };
  const inputs = newest.inputs.map((a, i) => {
    const shape = a.shape.map((d, k) => {
      const values = cases.map((c) => c.inputs[i].shape[k] as number);
      const said = declared?.[i][k];
      const hint = d as number;
      if (values.some((v) => v < LEAST)) return d;
      if ((said === undefined || said === false) && values.every((v) => v === d)) return d;
      const key = typeof said === "string" ? `=${said}` : values.join();
      let name = byValues.get(key);
      if (name === undefined) {
        name = typeof said === "string" ? said : fresh();
        byValues.set(key, name);
        sizes.set(name, { name, atLeast: LEAST, hint });
      }
      return symbol(name);
    });
    return shape.every(isStatic) ? a : aval(shape, a.dtype, a.weak === true);
  });
  return { inputs, sizes: [...sizes.values()] };
}

function attempt({ inputs, sizes }: Named, cases: readonly Case[]): ReturnType<typeof generalise> {
  const samples = cases.map((c): Sample => ({ program: c.program, sizes: solve(inputs, c.inputs) ?? new Map() }));
  return withSizes(sizes, () =>
    generalise(
      sizes.map((s) => s.name),
      samples,
      inputs,
    ),
  );
}

/** Factors of the sizes at hand, so that what divides them divides the others, too. */
const FACTORS = [
  [2, 3, 5, 7],
  [3, 5, 2, 11],
  [5, 2, 3, 13],
];

/**
 * A trace at multiples of the sizes at hand: each size by its own factor, or all by one where they depend on each other; so many times
 * that they are above `apart`.
 */
function invent(
  types: readonly Aval[],
  inputs: readonly Aval[],
  round: number,
  apart: number,
  retrace: Retrace,
): Case | undefined {
  const at = solve(types, inputs);
  if (!at) return undefined;
  const factors = FACTORS[round];
  for (const alike of [false, true]) {
    const by = [...at.values()].map((n, i) => n * factors[alike ? 0 : i % factors.length]);
    const times = Math.max(1, ...by.map((n) => Math.ceil((apart + 1) / n)));
    const sizes = new Map([...at.keys()].map((name, i) => [name, times * by[i]]));
    const other = types.map((a) =>
      a.shape.every(isStatic)
        ? a
        : aval(
            a.shape.map((d) => (isStatic(d) ? d : (sizes.get(String(d)) as number))),
            a.dtype,
            a.weak === true,
          ),
    );
    const program = retrace(other);
    if (program) return { program, inputs: other, seen: false };
    if (at.size === 1) break;
  }
  return undefined;
}

/** Whether a trace is a case of the variant, and what its run needs. */
export function fitCase(variant: Variant, sizes: Sizes, program: Core): Fit | string {
  const m = match(variant.template, program, sizes);
  if (!m.holes) return m.reason;
  return { values: variant.sizes.map((s) => sizes.get(s.name) ?? s.hint), holes: m.holes, callbacks: m.callbacks };
}
