/**
 * Random well-typed core programs. Every value carries a bound on its magnitude, so that nothing overflows and functions
 * stay in their domains; whatever a template needs and cannot find is made from what there is.
 */
import { fromValues, generate, type NDArray, roundTo } from "../../src/interpreter/array.js";
import { type Aval, aval, avalSame } from "../../src/ir/aval.js";
import { Builder } from "../../src/ir/builder.js";
import { type Dim, isStatic, symbol } from "../../src/ir/dim.js";
import { type DType, isFloat, isInt, isUnsignedInt, isWide, limits } from "../../src/ir/dtype.js";
import type { Atom, Program } from "../../src/ir/program.js";
import { INPUT } from "./fuzz/bounds.js";
import { TEMPLATES } from "./fuzz/templates.js";
import { Rng } from "./random.js";

export interface FuzzOptions {
  readonly seed: number;
  /** Equations at the top level; nested programs get a share. */
  readonly equations?: number;
  /** Float types that may occur. Derivative laws want only f64. */
  readonly floats?: readonly DType[];
  readonly ints?: readonly DType[];
  /** Some input sizes are the symbols n and m instead of numbers. */
  readonly symbolic?: boolean;
  /** Leaves out what has no reverse mode (while). */
  readonly reversible?: boolean;
  /** Leaves out what has kinks or jumps. */
  readonly smooth?: boolean;
  /** Leaves out what has no derivative, or one that is not its slope (stop_gradient); the derivatives' laws need it. */
  readonly differentiable?: boolean;
  /** Sizes that axes take; left out: three small ones. */
  readonly sizes?: readonly number[];
}

/** A value of the program under construction, with |elements| ≤ bound (infinite for integers that may wrap). */
export interface Value {
  readonly atom: Atom;
  readonly bound: number;
}

export class ProgramMaker {
  readonly b = new Builder();
  readonly pool: Value[] = [];
  constructor(
    readonly rng: Rng,
    readonly options: Required<FuzzOptions>,
    /** Sizes that axes take, so that operands often fit each other. */
    readonly sizes: readonly Dim[],
    readonly depth: number,
  ) {}

  input(a: Aval, bound: number): Value {
    return this.keep(this.b.input(a), bound);
  }
  keep(atom: Atom, bound: number): Value {
    const value = { atom, bound: Math.min(bound, this.naturalBound(atom.aval.dtype)) };
    this.pool.push(value);
    return value;
  }
  naturalBound(d: DType): number {
    if (d === "bool") return 1;
    return isInt(d) ? Number(limits(d).max) + 1 : Number.POSITIVE_INFINITY;
  }
  /** A random value that fits, recent ones more often; undefined when there is none. */
  find(fits: (v: Value) => boolean): Value | undefined {
    const found = this.pool.filter(fits);
    if (found.length === 0) return undefined;
    const recent = Math.floor(found.length * Math.sqrt(this.rng.uniform()));
    return found[recent];
  }
  float(fits: (v: Value) => boolean = () => true): Value | undefined {
    return this.find((v) => isFloat(v.atom.aval.dtype) && fits(v));
  }
  sameType(a: Value): Value | undefined {
    return this.find((v) => avalSame(v.atom.aval, a.atom.aval));
  }
  constant(a: Aval, x: number): Value {
    const value = isWide(a.dtype)
      ? BigInt(Math.trunc(x))
      : a.dtype === "bool"
        ? x !== 0
        : isInt(a.dtype)
          ? Math.trunc(x)
          : x;
    return { atom: this.b.full(a.shape, value, a.dtype), bound: Math.abs(x) };
  }
  /** `v` pressed into ±limit: tanh scaled for floats, remainder for integers. */
  squash(v: Value, limit: number): Value {
    if (v.bound <= limit) return v;
    const { dtype } = v.atom.aval;
    if (isFloat(dtype)) {
      const t = this.b.op("tanh", v.atom);
      return {
        atom: limit >= 1 ? t : this.b.mul(t, this.constant(v.atom.aval, limit).atom),
        bound: Math.min(1, limit),
      };
    }
    const m = Math.max(1, Math.floor(limit));
    return { atom: this.b.op("rem", v.atom, this.constant(v.atom.aval, m).atom), bound: m };
  }
  /** One random equation (or a few that belong together). */
  step(): void {
    for (let attempt = 0; attempt < 40; attempt++) {
      const template = this.rng.pick(TEMPLATES);
      if (template.kinked && this.options.smooth) continue;
      if (template.irreversible && this.options.reversible) continue;
      if (template.steps && this.options.differentiable) continue;
      if (template.nested && this.depth >= 2) continue;
      if (template.staticOnly && this.options.symbolic) continue;
      if (!this.rng.chance(template.weight)) continue;
      if (template.make(this)) return;
    }
  }
  /**
   * A program with these inputs and random contents. Its outputs: one of each wanted type within its bound, then up to
   * `extra` others.
   */
  nested(
    name: string,
    inputs: readonly Value[],
    wanted: readonly Value[],
    extra: number,
  ): { program: Program<"core">; bounds: number[] } {
    const inner = new ProgramMaker(this.rng, this.options, this.sizes, this.depth + 1);
    for (const v of inputs) inner.input(v.atom.aval, v.bound);
    const steps = this.rng.int(1, Math.max(2, Math.floor(this.options.equations / (3 + 2 * this.depth))));
    for (let i = 0; i < steps; i++) inner.step();
    const outputs = wanted.map((w) => {
      const candidates = inner.pool.filter((v) => avalSame(v.atom.aval, w.atom.aval));
      const chosen =
        candidates.length > 0
          ? candidates[candidates.length - 1 - Math.floor(this.rng.uniform() ** 2 * candidates.length)]
          : inner.constant(w.atom.aval, 1);
      return inner.squash(chosen, w.bound);
    });
    for (let i = 0; i < extra; i++) {
      const v = inner.find(() => true);
      if (v) outputs.push(v);
    }
    return {
      program: inner.b.finish(
        outputs.map((v) => v.atom),
        name,
      ),
      bounds: outputs.map((v) => v.bound),
    };
  }
}

/** A random program. The same options give the same program. */
export function randomProgram(options: FuzzOptions): Program<"core"> {
  const all: Required<FuzzOptions> = {
    equations: 12,
    floats: ["f64"],
    ints: ["i32", "u32", "u8", "i64"],
    symbolic: false,
    reversible: false,
    smooth: false,
    differentiable: (options.floats ?? ["f64"]).length === 1,
    sizes: [],
    ...options,
  };
  const rng = new Rng(all.seed);
  const sizes: Dim[] = all.sizes.length > 0 ? [...all.sizes] : [rng.int(1, 4), rng.int(2, 5), rng.chance(0.1) ? 0 : 3];
  if (all.symbolic) sizes.push(symbol("n"), symbol("m"), symbol("n"));
  const maker = new ProgramMaker(rng, all, sizes, 0);
  const inputs = rng.int(1, 4);
  for (let i = 0; i < inputs; i++) {
    const dtype = i === 0 || rng.chance(0.6) ? rng.pick(all.floats) : rng.pick([...all.ints, "bool" as const]);
    const shape = Array.from({ length: rng.int(i === 0 ? 1 : 0, 3) }, () => rng.pick(sizes));
    maker.input(aval(shape, dtype), isFloat(dtype) ? INPUT : inputBound(dtype));
  }
  const equations = rng.int(2, all.equations);
  for (let i = 0; i < equations; i++) maker.step();
  const made = maker.pool.slice(inputs);
  const outputs = made.length === 0 ? [...maker.pool] : rng.shuffle(made).slice(0, rng.int(1, 4));
  // the last value depends on the most
  if (made.length > 0 && !outputs.includes(made[made.length - 1])) outputs.push(made[made.length - 1]);
  return maker.b.finish(
    outputs.map((v) => v.atom),
    "fuzz",
  );
}

function inputBound(d: DType): number {
  return d === "u32" ? 2 ** 32 : d === "bool" ? 1 : 6;
}

/** Operands for a program's inputs; symbols take the sizes given. */
export function randomInputs(
  program: Program<"core">,
  seed: number,
  sizes: (d: Dim) => number = staticSize,
): NDArray[] {
  const rng = new Rng(seed ^ 0x5eed);
  return program.inputs.map(({ aval: a }) => {
    const shape = a.shape.map(sizes);
    return generate(shape, a.dtype, () => {
      if (isFloat(a.dtype)) return roundTo(a.dtype, rng.uniform(-INPUT, INPUT));
      if (a.dtype === "key") return rng.u64();
      if (a.dtype === "u32") return rng.u32();
      const x = a.dtype === "bool" ? rng.int(0, 1) : rng.int(isUnsignedInt(a.dtype) ? 0 : -6, 6);
      return fromValues([], a.dtype, [x]).data[0];
    });
  });
}

function staticSize(d: Dim): number {
  if (!isStatic(d)) throw new Error(`the size ${d} is not a number`);
  return d;
}
