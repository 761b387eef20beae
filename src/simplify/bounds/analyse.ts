/**
 * Which indices of a kernel's loads, stores and atomics are within their arrays, for every program of the grid and whatever the data.
 * One walk over the body: forms and ranges of integers, what masks and branches imply, counters of loops. Bodies of loops are walked
 * once more to find the steps of what they carry.
 */
import type { Aval } from "../../ir/aval.js";
import { isFloat, isInt } from "../../ir/dtype.js";
import type { KernelOps } from "../../ir/ops/index.js";
import { type AnyEqn, type Atom, isVar, type Program, type Var } from "../../ir/program.js";
import { callee } from "../../ir/rewrite.js";
import { staticSizes } from "../../ir/size.js";
import { RULES, withinExtent } from "./arithmetic.js";
import {
  combine,
  constant,
  type Form,
  laneSym,
  mapForm,
  rangeUnder,
  sameForm,
  scalarSym,
  scale,
  type Sym,
  symbol,
} from "./form.js";
import { movementOf } from "./movement.js";
import {
  known,
  mapPredicate,
  NOTHING,
  notOf,
  type Predicate,
  UNKNOWN,
  type Value,
  Values,
  wholeLimits,
} from "./value.js";

type Core = Program<"core">;
export type AccessEqn = Extract<AnyEqn, { prim: "load" | "store" | "atomic" | "atomic_cas" }>;

/** Whether an axis of an access is known to be within. */
export interface Side {
  readonly low: boolean;
  readonly high: boolean;
}
/** An access as it was met on one way through the body. */
export interface Access {
  readonly eqn: AccessEqn;
  /** Of the reference. */
  readonly shape: readonly number[];
  /** Of the block. */
  readonly block: readonly number[];
  readonly index: readonly Value[];
  readonly mask: Predicate | undefined;
  readonly sides: readonly Side[];
  /** The reference, when it is the body's own input and no scratch. */
  readonly origin: Var | undefined;
  readonly context: Context;
}
export interface Context {
  /** Forms over program ids and steps of loops that are ≥ 0 here. */
  readonly facts: readonly Form[];
  /** Every program gets here for which the facts hold. */
  readonly certain: boolean;
}

type Env = Map<Var, Value>;

const DEEPEST = 3;

export function isAccess(eqn: AnyEqn): eqn is AccessEqn {
  return eqn.prim === "load" || eqn.prim === "store" || eqn.prim === "atomic" || eqn.prim === "atomic_cas";
}
/** Where the index of an access begins among its operands. */
export function indexAt(eqn: AccessEqn): number {
  return eqn.prim === "load" ? 1 : eqn.prim === "atomic_cas" ? 3 : 2;
}

export const programSym = (axis: number, size: number): Sym => scalarSym(`p${axis}`, 0, size - 1);

/** Walks a kernel's body and tells `visit` of every access. */
export function analyseKernel(
  { body, grid, inits }: Pick<KernelOps["kernel_call"], "body" | "grid" | "inits">,
  visit: (access: Access) => void,
): void {
  const sizes = staticSizes(grid);
  if (sizes.includes(0)) return;
  const walker = new Walker(visit);
  const first = body.inputs.length - inits.length - sizes.length;
  const inputs = body.inputs.map((v, i): Value => {
    const axis = i - first;
    if (axis >= 0 && axis < sizes.length) {
      const form = sizes[axis] === 1 ? constant(0) : symbol(programSym(axis, sizes[axis]));
      return { form, lo: 0, hi: sizes[axis] - 1 };
    }
    if (v.aval.shape.length === 0) return { ...walker.values.unknown(v.aval), origin: v };
    return { ...UNKNOWN, origin: v };
  });
  walker.program(body, inputs, { facts: [], certain: true }, 0);
}

class Walker {
  readonly values = new Values();
  #steps = 0;
  #silent = 0;

  constructor(readonly visit: (access: Access) => void) {}

  program(p: Core, inputs: readonly Value[], context: Context, depth: number): readonly Value[] {
    const env: Env = new Map();
    p.inputs.forEach((v, i) => {
      env.set(v, inputs[i]);
    });
    const read = (a: Atom): Value => (isVar(a) ? (env.get(a) ?? UNKNOWN) : literalValue(a.value, a.aval));
    for (const eqn of p.eqns) {
      const results = this.#eqn(eqn, eqn.inputs.map(read), context, depth);
      eqn.outputs.forEach((v, i) => {
        env.set(v, results[i] ?? this.values.unknown(v.aval));
      });
    }
    return p.outputs.map(read);
  }

  #eqn(eqn: AnyEqn, args: readonly Value[], context: Context, depth: number): readonly (Value | undefined)[] {
    if (isAccess(eqn)) return this.#access(eqn, args, context);
    const out = eqn.outputs[0]?.aval;
    switch (eqn.prim) {
      case "cond":
        return this.#cond(eqn, args, context, depth);
      case "scan":
        return this.#scan(eqn, args, context, depth);
      case "while":
        return this.#while(eqn, args, context, depth);
      case "optimization_barrier":
        return args;
      case "iota": {
        const { axis } = eqn.params;
        const extent = staticSizes(out.shape)[axis];
        if (!isInt(out.dtype) && !isFloat(out.dtype)) return [];
        return [this.values.formed(out, extent === 1 ? constant(0) : symbol(laneSym(axis, Math.max(extent, 1))))];
      }
      case "argmax":
      case "argmin": {
        const extent = staticSizes(eqn.inputs[0].aval.shape)[eqn.params.axis];
        return [this.values.ranged(out, 0, Math.max(extent - 1, 0))];
      }
      case "reduce_max":
      case "reduce_min":
      case "cummax":
      case "cummin":
      case "dynamic_slice":
        return [this.#ranged(out, args.slice(0, 1))];
      case "gather":
        return [eqn.params.mode === "fill" ? undefined : this.#ranged(out, args.slice(0, 1))];
      case "concatenate":
        return [this.#ranged(out, args)];
      case "pad":
        return [this.#ranged(out, args)];
      default:
    }
    const call = callee(eqn, args);
    if (call) return this.program(call.program, call.args, context, depth);
    if (!out) return [];
    const map = movementOf(eqn);
    if (map)
      return [
        this.#moved(
          out,
          args[0],
          (f) => mapForm(f, map),
          (p) => mapPredicate(p, map),
        ),
      ];
    return [RULES[eqn.prim]?.(this.values, out, args, eqn)];
  }

  /** Some element of these. */
  #ranged(out: Aval, from: readonly Value[]): Value | undefined {
    if (out.dtype === "bool") return undefined;
    const lo = Math.min(...from.map((x) => x.lo));
    const hi = Math.max(...from.map((x) => x.hi));
    if (isInt(out.dtype)) return this.values.ranged(out, lo, hi);
    return Number.isFinite(lo) && Number.isFinite(hi) ? { lo, hi } : undefined;
  }
  #moved(
    out: Aval,
    x: Value,
    form: (f: Form) => Form | undefined,
    pred: (p: Predicate) => Predicate,
  ): Value | undefined {
    if (x.pred) return { ...UNKNOWN, pred: pred(x.pred) };
    const ratio = x.ratio && form(x.ratio.form);
    const f = x.form && form(x.form);
    if (f) return { form: f, lo: x.lo, hi: x.hi };
    if (isInt(out.dtype)) return this.values.ranged(out, x.lo, x.hi);
    if (ratio && x.ratio) return { lo: x.lo, hi: x.hi, ratio: { form: ratio, by: x.ratio.by } };
    return { lo: x.lo, hi: x.hi };
  }

  #access(eqn: AccessEqn, args: readonly Value[], context: Context): readonly (Value | undefined)[] {
    const shape = staticSizes(eqn.inputs[0].aval.shape);
    const from = indexAt(eqn);
    const index = args.slice(from, from + shape.length);
    const mask = eqn.params.masked ? (args[from + shape.length].pred ?? NOTHING) : undefined;
    const { origin } = args[0];
    if (this.#silent === 0) {
      const block = staticSizes((eqn.inputs[from] ?? eqn.outputs[0]).aval.shape);
      const facts = [...(mask?.whenTrue ?? []), ...context.facts];
      const nobody = mask?.known === false || block.includes(0);
      const sides = index.map((x, a) => (nobody ? { low: true, high: true } : withinExtent(x, shape[a], facts)));
      this.visit({ eqn, shape, block, index, mask, sides, origin, context });
    }
    return eqn.prim === "load" ? [] : [{ ...UNKNOWN, origin }];
  }

  #join(out: Aval, ways: readonly Value[]): Value | undefined {
    const [first, ...rest] = ways;
    const { origin } = first;
    if (origin && rest.every((w) => w.origin === origin)) return first;
    if (out.dtype === "bool") {
      const { pred } = first;
      return pred?.known !== undefined && rest.every((w) => w.pred?.known === pred.known) ? first : undefined;
    }
    const { form } = first;
    if (form && rest.every((w) => w.form && sameForm(form, w.form))) return first;
    return this.#ranged(out, ways);
  }

  #cond(
    eqn: Extract<AnyEqn, { prim: "cond" }>,
    [which, ...args]: readonly Value[],
    context: Context,
    depth: number,
  ): readonly (Value | undefined)[] {
    const { branches } = eqn.params;
    const asBool = eqn.inputs[0].aval.dtype === "bool";
    const ways = branches.flatMap((b, i) => {
      let when: Predicate = NOTHING;
      if (asBool) when = i === 1 ? (which.pred ?? NOTHING) : notOf(which.pred ?? NOTHING);
      else if (which.form) {
        const last = branches.length - 1;
        const [lo, hi] = [i === 0 ? Number.NEGATIVE_INFINITY : i, i === last ? Number.POSITIVE_INFINITY : i];
        if (which.hi < lo || which.lo > hi) return [];
        const facts = [
          ...(i > 0 ? [combine(which.form, constant(i), -1)] : []),
          ...(i < last ? [combine(constant(i), which.form, -1)] : []),
        ];
        when = { whenTrue: facts, whenFalse: [], exact: true };
      }
      if (when.known === false) return [];
      const inside = {
        facts: [...context.facts, ...when.whenTrue],
        certain: context.certain && (when.exact || when.known === true),
      };
      return [this.program(b, args, inside, depth)];
    });
    if (ways.length === 0) return [];
    return eqn.outputs.map((v, k) =>
      this.#join(
        v.aval,
        ways.map((w) => w[k]),
      ),
    );
  }

  /** What is carried, as symbols without bounds, and what one step makes of each: the constant that is added, or undefined. */
  #stepsOf(
    carry: readonly Var[],
    inits: readonly Value[],
    step: (carried: readonly Value[]) => readonly Value[],
  ): readonly (number | undefined)[] {
    const symbols = carry.map((v, k): Value => {
      if (!isInt(v.aval.dtype) && !inits[k].form) return UNKNOWN;
      const shape = staticSizes(v.aval.shape);
      const [lo, hi] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
      return { form: this.values.whole(this.values.atom(shape, lo, hi), shape), lo, hi };
    });
    const was = this.values.unbounded;
    this.values.unbounded = true;
    this.#silent++;
    const results = step(symbols);
    this.#silent--;
    this.values.unbounded = was;
    return carry.map((_, k) => {
      const [from, to] = [symbols[k].form, results[k]?.form];
      if (!from || !to) return undefined;
      const more = combine(to, from, -1);
      return more.terms.length === 0 && Number.isInteger(more.c) ? more.c : undefined;
    });
  }

  #scan(
    eqn: Extract<AnyEqn, { prim: "scan" }>,
    args: readonly Value[],
    context: Context,
    depth: number,
  ): readonly (Value | undefined)[] {
    const { body, numConsts, numCarry, reverse } = eqn.params;
    const [length] = staticSizes([eqn.params.length]);
    const inits = args.slice(numConsts, numConsts + numCarry);
    if (length === 0) return inits;
    const consts = args.slice(0, numConsts);
    const carry = body.inputs.slice(numConsts, numConsts + numCarry);
    const count: Form = length === 1 ? constant(0) : symbol(scalarSym(`s${this.#steps++}`, 0, length - 1));
    const at = reverse ? combine(constant(length - 1), count, -1) : count;
    const xs = args.slice(numConsts + numCarry).map((x, i): Value => {
      const a = body.inputs[numConsts + numCarry + i].aval;
      const shape = staticSizes(a.shape);
      const map = {
        lane: (axis: number) => (axis === 0 ? at : symbol(laneSym(axis - 1, shape[axis - 1]))),
        axis: (axis: number) => (axis === 0 ? undefined : axis - 1),
      };
      return (
        this.#moved(
          a,
          x,
          (f) => mapForm(f, map),
          (p) => mapPredicate(p, map),
        ) ?? this.values.unknown(a)
      );
    });
    const step = (carried: readonly Value[]): readonly Value[] =>
      this.program(body, [...consts, ...carried, ...xs], context, depth + 1);
    const steps = depth < DEEPEST ? this.#stepsOf(carry, inits, step) : carry.map(() => undefined);
    const inductive = counters(carry, steps, (v, k, by) => {
      const init = inits[k];
      if (!init.form) return undefined;
      if (by === 0) return { inside: init, after: init };
      const whole = this.values.formed(v.aval, combine(init.form, scale(symbolic(count, length), by)));
      const after = this.values.formed(v.aval, combine(init.form, constant(by * length)));
      const inside = this.values.formed(v.aval, combine(init.form, scale(count, by)));
      return whole.form && after.form && inside.form ? { inside, after } : undefined;
    });
    const assumed = this.#invariants(carry, inits, inductive, step);
    const results = step(assumed);
    return eqn.outputs.map((v, k) => {
      if (k < numCarry) return inductive[k]?.after ?? this.#join(v.aval, [inits[k], results[k]]);
      return this.#ranged(v.aval, [results[k]]);
    });
  }

  /** What holds of the carried values at the start of every step. */
  #invariants(
    carry: readonly Var[],
    inits: readonly Value[],
    inductive: readonly ({ readonly inside: Value } | undefined)[],
    step: (carried: readonly Value[]) => readonly Value[],
  ): readonly Value[] {
    const anything = carry.map((v, k): Value => {
      const found = inductive[k];
      if (found) return found.inside;
      return { ...this.values.unknown(v.aval), origin: inits[k].origin };
    });
    if (carry.every((v, k) => inductive[k] || !isInt(v.aval.dtype))) return anything;
    this.#silent++;
    const results = step(anything);
    this.#silent--;
    return carry.map((v, k) => {
      if (inductive[k] || !isInt(v.aval.dtype)) return anything[k];
      return { ...this.values.unknown(v.aval), ...this.#ranged(v.aval, [inits[k], results[k]]) };
    });
  }

  #while(
    eqn: Extract<AnyEqn, { prim: "while" }>,
    args: readonly Value[],
    context: Context,
    depth: number,
  ): readonly (Value | undefined)[] {
    const { cond, body, condConsts, bodyConsts } = eqn.params;
    const tests = args.slice(0, condConsts);
    const consts = args.slice(condConsts, condConsts + bodyConsts);
    const inits = args.slice(condConsts + bodyConsts);
    const carry = body.inputs.slice(bodyConsts);
    const maybe: Context = { facts: context.facts, certain: false };
    const run = (carried: readonly Value[]): readonly Value[] => {
      const [test] = this.program(cond, [...tests, ...carried], maybe, depth + 1);
      const facts = [...context.facts, ...(test.pred?.whenTrue ?? [])];
      return this.program(body, [...consts, ...carried], { facts, certain: false }, depth + 1);
    };
    const steps = depth < DEEPEST ? this.#stepsOf(carry, inits, run) : carry.map(() => undefined);
    // a counter is no further than one step beyond what the condition allows
    const free = carry.map((v, k): Value => {
      if (steps[k] === 0 && inits[k].form) return inits[k];
      const [lo, hi] = wholeLimits(v.aval.dtype);
      if (steps[k] === undefined) return { ...this.values.unknown(v.aval), origin: inits[k].origin };
      const shape = staticSizes(v.aval.shape);
      return { form: this.values.whole(this.values.atom(shape, lo, hi), shape), lo, hi };
    });
    this.#silent++;
    const [test] = this.program(cond, [...tests, ...free], maybe, depth + 1);
    this.#silent--;
    const facts = test.pred?.whenTrue ?? [];
    const inductive = counters(carry, steps, (v, k, by) => {
      const { form } = free[k];
      const init = inits[k];
      if (!form || !init.form) return undefined;
      if (by === 0) return { inside: init, after: init };
      const [least, most] = wholeLimits(v.aval.dtype);
      const [low, high] = rangeUnder(form, facts);
      const shape = staticSizes(v.aval.shape);
      const [lo, hi] = by > 0 ? [init.lo, Math.max(init.hi, high + by)] : [Math.min(init.lo, low + by), init.hi];
      if (!(lo >= least && hi <= most)) return undefined;
      const counter = (): Value => ({ form: this.values.whole(this.values.atom(shape, lo, hi), shape), lo, hi });
      return { inside: counter(), after: counter() };
    });
    const results = run(this.#invariants(carry, inits, inductive, run));
    return eqn.outputs.map((v, k) => inductive[k]?.after ?? this.#join(v.aval, [inits[k], results[k]]));
  }
}

interface Counter {
  readonly inside: Value;
  readonly after: Value;
}
/** Carried values that a constant is added to in each step. Floats were taken for whole numbers: if one is not, nothing holds. */
function counters(
  carry: readonly Var[],
  steps: readonly (number | undefined)[],
  find: (v: Var, k: number, by: number) => Counter | undefined,
): readonly (Counter | undefined)[] {
  const found = carry.map((v, k) => {
    const by = steps[k];
    return by === undefined ? undefined : find(v, k, by);
  });
  const wrong = carry.some((v, k) => !isInt(v.aval.dtype) && steps[k] !== undefined && !found[k]);
  return wrong ? carry.map(() => undefined) : found;
}

/** The count with its last value: what a counter is after the last step. */
function symbolic(count: Form, length: number): Form {
  return count.terms.length === 0 ? constant(length) : symbol(scalarSym("end", 0, length));
}

function literalValue(value: number | bigint | boolean, a: Aval): Value {
  if (typeof value === "boolean" || a.dtype === "bool") return { ...UNKNOWN, pred: known(Boolean(value)) };
  const n = Number(value);
  if (Number.isInteger(n) && Math.abs(n) <= 2 ** 52) return { form: constant(n), lo: n, hi: n };
  return Number.isFinite(n) ? { lo: n, hi: n } : UNKNOWN;
}
