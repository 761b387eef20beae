/** The sizes that names in specs stand for, found by holding shapes against arrays. */
import { fail } from "../diagnostics/error.js";
import { type Dim, dimEqual, dimSub, isStatic, SymDim, substituteDim } from "../ir/dim.js";
import { parseDim } from "../ir/dim-parse.js";
import { describeValue } from "../tracer/leaf.js";
import type { ShapeSpec } from "../tracer/tensor.js";

interface Bound {
  readonly size: Dim;
  /** Where it was seen, as in "axis 0 of argument 1". */
  readonly from: string;
}
/** A size that cannot be told yet, since names in it are not known. */
interface Waiting {
  readonly text: string;
  readonly size: Dim;
  readonly from: string;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const ANY = "_";
const isVariadic = (d: number | string): boolean => typeof d === "string" && d.startsWith("...");

const parsed = new Map<string, Dim>();
/** The size that is written so; names with a dot, as in "this.in", are names too. */
function parse(text: string): Dim {
  let d = parsed.get(text);
  if (d === undefined) {
    d = parseDim(text.replaceAll(".", "_"));
    parsed.set(text, d);
  }
  return d;
}

export class Sizes {
  readonly #bound = new Map<string, Bound>();
  readonly #lists = new Map<string, { readonly sizes: readonly Dim[]; readonly from: string }>();
  #waiting: Waiting[] = [];

  constructor(sizes: Readonly<Record<string, number>> = {}) {
    for (const [name, size] of Object.entries(sizes)) this.#bound.set(name, { size, from: "given" });
  }

  /** The shape, when it can be read. */
  static checked(shape: readonly (number | string)[], label: string): ShapeSpec {
    for (const d of shape) {
      if (typeof d === "number") {
        if (Number.isInteger(d) && d >= 0) continue;
        fail("TW2011", `${label}: ${describeValue(d)} is not a size`, {
          help: "sizes are whole numbers from 0, or names",
        });
      }
      if (d === ANY) continue;
      if (d.startsWith("...")) {
        if (d.length > 3 && !NAME.test(d.slice(3))) {
          fail("TW2013", `${label}: ${JSON.stringify(d)} does not name axes`, { help: 'write "...batch"' });
        }
        continue;
      }
      parse(d.endsWith("|1") ? d.slice(0, -2) : d);
    }
    if (shape.filter(isVariadic).length > 1) {
      fail("TW2013", `${label}: [${shape.join(", ")}] has more than one name for any number of axes`, {
        help: 'one "...name" may stand in a shape',
      });
    }
    return [...shape];
  }

  /** What disagrees between a shape as written and the shape of an array. */
  unify(want: ShapeSpec, got: readonly Dim[], name: string): string | undefined {
    const at = want.findIndex(isVariadic);
    const fixed = at < 0 ? want.length : want.length - 1;
    if (at < 0 ? got.length !== fixed : got.length < fixed) {
      return `rank ${got.length} is not ${at < 0 ? "" : "at least "}${fixed}`;
    }
    const of = name === "" ? "" : ` of ${name}`;
    if (at >= 0) {
      const wrong = this.#list(want[at] as string, got.slice(at, got.length - fixed + at), of);
      if (wrong) return wrong;
    }
    for (const [i, d] of want.entries()) {
      if (i === at) continue;
      const axis = at >= 0 && i > at ? i + got.length - want.length : i;
      const wrong = this.#one(d, got[axis], axis, of);
      if (wrong) return wrong;
    }
    return this.#settle();
  }

  #list(text: string, sizes: readonly Dim[], of: string): string | undefined {
    const key = text.slice(3);
    if (key === "" || key === ANY) return undefined;
    const known = this.#lists.get(key);
    if (known === undefined) {
      this.#lists.set(key, { sizes, from: of });
      return undefined;
    }
    const same = known.sizes.length === sizes.length && known.sizes.every((d, i) => dimEqual(d, sizes[i]) !== false);
    return same ? undefined : `${text} is [${sizes.join(", ")}] here, but [${known.sizes.join(", ")}]${known.from}`;
  }

  #one(want: number | string, got: Dim, axis: number, of: string): string | undefined {
    if (want === ANY) return undefined;
    if (typeof want === "number") {
      return dimEqual(want, got) === false ? `axis ${axis} is ${String(got)}, not ${want}` : undefined;
    }
    const broadcast = want.endsWith("|1");
    if (broadcast && got === 1) return undefined;
    const text = broadcast ? want.slice(0, -2) : want;
    const d = parse(text);
    const from = `axis ${axis}${of}`;
    if (NAME.test(text) && !this.#bound.has(text)) {
      this.#bound.set(text, { size: got, from });
      return undefined;
    }
    const known = substituteDim(d, this.#map());
    if (!isStatic(known) && isStatic(got)) {
      this.#waiting.push({ text, size: got, from });
      return undefined;
    }
    if (dimEqual(known, got) !== false) return undefined;
    const seen = this.#bound.get(text);
    const why = seen && seen.from !== "given" ? ` (${seen.from})` : "";
    return `axis ${axis} is ${String(got)}, but ${text} is ${String(known)}${why}`;
  }

  /** Solves what waits for one name, as "2*n" does, and holds what is known by now against what was seen. */
  #settle(): string | undefined {
    for (let changed = true; changed; ) {
      changed = false;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const w of waiting) {
        const d = substituteDim(parse(w.text), this.#map());
        if (isStatic(d)) {
          if (dimEqual(d, w.size) === false) return `${w.from} is ${String(w.size)}, but ${w.text} is ${d}`;
          continue;
        }
        const solved = solve(d, w.size);
        if (solved === undefined) this.#waiting.push(w);
        else if (solved.size === undefined) return `${w.from} is ${String(w.size)}, which ${w.text} cannot be`;
        else {
          this.#bound.set(solved.name, { size: solved.size, from: w.from });
          changed = true;
        }
      }
    }
    return undefined;
  }

  /** Sizes in which more than one name stayed unknown say nothing. */
  unsolved(): string[] {
    const wrong = this.#settle();
    return wrong === undefined ? [] : [wrong];
  }

  /** The sizes that are known as numbers. */
  known(): Record<string, number> {
    return Object.fromEntries(
      [...this.#bound].flatMap(([name, { size }]) => (isStatic(size) ? [[name, size] as const] : [])),
    );
  }

  /** The sizes of a shape whose names are all known. */
  shapeOf(shape: ShapeSpec): number[] {
    return shape.map((d) => {
      if (typeof d === "number") return d;
      const known = isVariadic(d) || d === ANY ? undefined : substituteDim(parse(d.replace(/\|1$/, "")), this.#map());
      if (known !== undefined && isStatic(known)) return known;
      return fail("TW2014", `spec: the size of ${d} in [${shape.join(", ")}] is not known`, {
        help: "give the sizes of the names: like({ batch: 32 })",
      });
    });
  }

  #map(): ReadonlyMap<string, Dim> {
    return new Map([...this.#bound].map(([name, { size }]) => [name.replaceAll(".", "_"), size]));
  }
}

/** The name for which a·name + b has this size: undefined where there is no such form, without a size where none fits. */
function solve(d: Dim, size: Dim): { readonly name: string; readonly size: number | undefined } | undefined {
  const rest = dimSub(d, size);
  if (!(rest instanceof SymDim)) return undefined;
  let constant = 0;
  let slope = 0;
  let name = "";
  for (const { coef, factors } of rest.terms) {
    if (factors.length === 0) constant = coef;
    else if (factors.length > 1 || name !== "" || factors[0].power !== 1 || factors[0].atom.kind !== "name")
      return undefined;
    else {
      name = factors[0].atom.text;
      slope = coef;
    }
  }
  const value = -constant / slope;
  return { name, size: Number.isInteger(value) && value >= 0 ? value : undefined };
}
