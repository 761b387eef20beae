/**
 * Loops that only sum something up, as the k loop of a user's product does: c ← c + f(step). The sum over all steps is one
 * reduction with an axis more, so that what holds for reductions and contractions over whole arrays holds for it. Stores of
 * steps that do not meet are one store.
 */
import { aval } from "../../ir/aval.js";
import { type Dim, dimAdd, dimAtLeast, dimMul, dimSub, isStatic } from "../../ir/dim.js";
import { type AnyEqn, type Atom, type Eqn, isVar, literal, Var } from "../../ir/program.js";
import { makeEqn, substitute } from "../../ir/rewrite.js";
import type { TileReduceOp } from "../../ir/tile.js";
import { identityOf } from "../../ir/reduce-op.js";
import type { Affine, AffineAtom } from "./affine.js";
import { type Expander, OtherPoint, type Pos } from "./expand.js";
import { accumulateType } from "./reduction.js";
import {
  dimsOf,
  type KernelRule,
  ownRules,
  type PointRule,
  type ReduceRule,
  type ReduceSpec,
  type ScheduleRule,
} from "./rule.js";

type RuleOf = (eqn: AnyEqn) => ScheduleRule<never>;

export interface LoopSums {
  readonly eqns: readonly AnyEqn[];
  /** The numbers of steps: known only inside of reductions. */
  readonly steps: readonly Var[];
}

const COMBINES: Record<string, TileReduceOp> = { add: "sum", max: "max", min: "min" };

/** `eqns` with such loops as reductions. */
export function withLoopSums(eqns: readonly AnyEqn[], ruleOf: RuleOf): LoopSums {
  if (!eqns.some((e) => e.prim === "scan")) return { eqns, steps: [] };
  const made = new Map<Atom, AnyEqn>();
  const steps: Var[] = [];
  const result: AnyEqn[] = [];
  const uses = new Map<Atom, number>();
  for (const a of eqns.flatMap((e) => e.inputs)) uses.set(a, (uses.get(a) ?? 0) + 1);
  for (const eqn of eqns) {
    const sums = eqn.prim === "scan" ? sumsOf(eqn as unknown as Eqn<"scan">, ruleOf, made) : undefined;
    for (const e of sums?.eqns ?? [ofLoopSum(eqn, made, uses, ruleOf) ?? eqn]) {
      result.push(e);
      for (const v of e.outputs) made.set(v, e);
    }
    steps.push(...(sums?.steps ?? []));
  }
  return { eqns: result, steps };
}

function sumsOf(eqn: Eqn<"scan">, ruleOf: RuleOf, outside: ReadonlyMap<Atom, AnyEqn>): LoopSums | undefined {
  const { body, length, numConsts, numCarry, reverse } = eqn.params;
  if (dimAtLeast(length, 1) !== true || eqn.outputs.length !== numCarry) return undefined;
  const inner = withLoopSums(body.eqns, ruleOf);
  const made = new Map<Atom, AnyEqn>(inner.eqns.flatMap((e) => e.outputs.map((v): [Atom, AnyEqn] => [v, e])));
  const uses = new Map<Atom, number>();
  for (const a of [...inner.eqns.flatMap((e) => e.inputs), ...body.outputs]) uses.set(a, (uses.get(a) ?? 0) + 1);

  const step = new Var(aval([], "i32"));
  const replace = new Map<Var, Atom>();
  body.inputs.slice(0, numConsts).forEach((v, i) => replace.set(v, eqn.inputs[i]));
  const eqns: AnyEqn[] = [];
  const own = (e: AnyEqn): Var => {
    eqns.push(e);
    return e.outputs[0];
  };
  const number = (n: number): Atom => literal(n, aval([], "i32"));

  // counters: c ← c + number
  const sums: number[] = [];
  for (let c = 0; c < numCarry; c++) {
    const old = body.inputs[numConsts + c];
    const init = eqn.inputs[numConsts + c];
    const by = incrementOf(made.get(body.outputs[c]), old);
    if (by === undefined || isVar(init) || reverse) {
      sums.push(c);
      continue;
    }
    const first = Number(init.value);
    const scaled = by === 1 ? step : own(makeEqn("mul", [step, number(by)], {}, eqn.span));
    replace.set(old, first === 0 ? scaled : own(makeEqn("add", [scaled, number(first)], {}, eqn.span)));
    eqns.push(sizeOf(dimAdd(first, dimMul(by, length)), eqn, eqn.outputs[c]));
  }

  body.inputs.slice(numConsts + numCarry).forEach((v, i) => {
    const whole = eqn.inputs[numConsts + numCarry + i];
    replace.set(v, own(elementOf(whole, step, v)));
  });

  // references to which each step stores something
  const stores: { readonly c: number; readonly store: AnyEqn }[] = [];
  const left = sums.filter((c) => {
    const store = made.get(body.outputs[c]);
    const old = body.inputs[numConsts + c];
    if (store?.prim !== "store" || store.inputs[0] !== old || uses.get(old) !== 1) return true;
    stores.push({ c, store });
    return false;
  });

  // what all that needs of the body, with new variables
  const taken = new Set<AnyEqn>();
  const changing = new Set<Atom>(body.inputs.slice(numConsts));
  for (const e of inner.eqns) if (e.inputs.some((a) => changing.has(a))) for (const v of e.outputs) changing.add(v);
  const take = (a: Atom, outermost = false): boolean => {
    const e = made.get(a);
    if (!e || taken.has(e)) return true;
    const { kind } = ruleOf(e);
    if (kind !== "point" && kind !== "reduce") return false;
    // within a sum over the steps there is no place for what a step sums up first
    if (kind === "reduce" && !outermost && e.outputs.some((v) => changing.has(v))) return false;
    taken.add(e);
    return e.inputs.every((x) => take(x));
  };
  const parts: { readonly c: number; readonly term: Atom; readonly combine: TileReduceOp }[] = [];
  if (!stores.every(({ store }) => store.inputs.slice(1).every((a) => take(a)))) return undefined;
  for (const c of left) {
    const old = body.inputs[numConsts + c];
    const result = body.outputs[c];
    const e = made.get(result);
    const combine = e && COMBINES[e.prim];
    if (!e || !combine || uses.get(old) !== 1 || uses.get(result) !== 1) return undefined;
    const term = e.inputs[0] === old ? e.inputs[1] : e.inputs[1] === old ? e.inputs[0] : undefined;
    if (!term || !isVar(term) || !take(term, true)) return undefined;
    parts.push({ c, term, combine });
  }
  for (const e of inner.eqns) {
    if (!taken.has(e)) continue;
    const outputs = e.outputs.map((v) => {
      const fresh = new Var(v.aval, v.name);
      replace.set(v, fresh);
      return fresh;
    });
    const copy = { ...substitute(e, replace), outputs } as AnyEqn;
    const rule = ownRules.get(e);
    if (rule) ownRules.set(copy, rule);
    eqns.push(copy);
  }
  const last = new Map<Atom, AnyEqn>(eqns.flatMap((e) => e.outputs.map((v): [Atom, AnyEqn] => [v, e])));
  for (const { c, term, combine } of parts) {
    const atom = replace.get(term as Var) ?? term;
    const sum = reductionOver(step, length, atom, last.get(atom), combine, ruleOf);
    if (!sum) return undefined;
    const init = eqn.inputs[numConsts + c];
    const [out] = [eqn.outputs[c]];
    if (isNeutral(init, combine, outside)) eqns.push(withOutput(sum, out));
    else {
      const total = new Var(out.aval, out.name);
      const prim = combine === "sum" ? "add" : combine === "max" ? "max" : "min";
      eqns.push(withOutput(sum, total), { ...makeEqn(prim, [init, total], {}, eqn.span), outputs: [out] } as AnyEqn);
    }
  }
  for (const { c, store } of stores) {
    const [, ...operands] = substitute(store, replace).inputs;
    const base = ruleOf(store);
    const ref = eqn.inputs[numConsts + c];
    if (base.kind !== "kernel" || !base.place) return undefined;
    eqns.push(...storeOfSteps(store, [ref, ...operands], base as PlacedRule, step, length, eqn.outputs[c]));
  }
  return { eqns, steps: [step, ...inner.steps] };
}

type PlacedRule = KernelRule<never> & Required<Pick<KernelRule<never>, "place">>;

/** The stores of all steps as one, of a block with an axis more; throws `OtherPoint` where steps may meet at an element. */
function storeOfSteps(
  store: AnyEqn,
  inputs: readonly Atom[],
  base: PlacedRule,
  step: Var,
  length: Dim,
  out: Var,
): AnyEqn[] {
  const [ref, value, ...rest] = inputs;
  const shape = dimsOf(value);
  const all = new Var(aval([length, ...shape], value.aval.dtype));
  const stacked = { ...store, prim: "slice", inputs: [value], params: {}, outputs: [all] } as unknown as AnyEqn;
  const inStep = (x: Expander, pos: Pos): Pos => {
    const [first, ...index] = x.index(pos);
    x.bind(step, x.indexNode(first));
    return x.at(shape, index);
  };
  const point: PointRule<never> = {
    kind: "point",
    cost: 0,
    expand: (x, e, _output, pos, guard) => x.value(e.inputs[0], inStep(x, pos), guard),
  };
  ownRules.set(stacked, point);
  const whole = { ...store, inputs: [ref, all, ...rest], outputs: [out] } as AnyEqn;
  const rule: PlacedRule = {
    kind: "kernel",
    inlines: (e) => e.inputs.map((_, i) => i > 1),
    place(x, e, pos) {
      const inner = inStep(x, pos);
      const [first] = x.index(pos);
      const lanes = x.index(inner).flatMap((a) => a.terms.map((t) => t.atom));
      const index = x.indices(e.inputs.slice(2, 2 + dimsOf(ref).length), inner);
      if (!index.some((a) => keepsApart(a, first, lanes))) throw new OtherPoint();
      return base.place(x, e, inner);
    },
    lower(k, e) {
      const into = k.out(e.outputs[0]);
      const write = (x: Expander, index: readonly Affine[]) => {
        const pos = x.at(all.aval.shape, index);
        return { ...rule.place(x, e, pos), value: x.value(e.inputs[1], pos) };
      };
      k.parts("store", [{ dims: all.aval.shape, into, write }]);
    },
  };
  ownRules.set(whole, rule);
  return [stacked, whole];
}

/** Is this index another one in each step, whatever the lanes of the block are? */
function keepsApart(index: Affine, step: Affine, lanes: readonly AffineAtom[]): boolean {
  if (step.terms.length === 0) return true;
  const [{ atom: loop }] = step.terms;
  let by = 0;
  let span = 0;
  for (const { atom, factor } of index.terms) {
    if (atom.kind !== "loop" || !isStatic(factor)) return false;
    if (atom === loop) by = Math.abs(factor);
    else if (lanes.includes(atom)) {
      if (!isStatic(atom.extent)) return false;
      span += Math.abs(factor) * (atom.extent - 1);
    }
  }
  return step.terms.length === 1 && by > span;
}

/** A size as the value of `out`. */
function sizeOf(d: Dim, { span }: AnyEqn, out: Var): AnyEqn {
  const of = isStatic(d) ? d : 0;
  const made = makeEqn("broadcast_in_dim", [literal(of, aval([], "i32"))], { shape: [], dims: [] }, span);
  const eqn = { ...made, outputs: [out] } as AnyEqn;
  const rule: PointRule<never> = { kind: "point", cost: 0, expand: (x) => x.size(d) };
  if (!isStatic(d)) ownRules.set(eqn, rule);
  return eqn;
}

/** `whole[step]`. */
function elementOf(whole: Atom, step: Var, like: Var): AnyEqn {
  const rule: PointRule<never> = {
    kind: "point",
    cost: 1,
    expand(x, { inputs: [all, number] }, _output, pos, guard) {
      const shape = dimsOf(all);
      const at = x.opaque(x.scalar(number), 0, dimSub(shape[0], 1));
      return x.value(all, x.at(shape, [at, ...x.index(pos)]), guard);
    },
  };
  const e = { prim: "slice", inputs: [whole, step], params: {}, outputs: [new Var(like.aval)], effects: [] };
  const eqn = { ...e, span: undefined } as unknown as AnyEqn;
  ownRules.set(eqn, rule);
  return eqn;
}

function withOutput(e: AnyEqn, out: Var): AnyEqn {
  const copy = { ...e, outputs: [out] } as AnyEqn;
  const rule = ownRules.get(e);
  if (rule) ownRules.set(copy, rule);
  return copy;
}

/** What a step adds to a counter. */
export function incrementOf(e: AnyEqn | undefined, old: Var): number | undefined {
  if (e?.prim !== "add" || old.aval.dtype !== "i32" || old.aval.shape.length > 0) return undefined;
  const [a, b] = e.inputs;
  const by = a === old ? b : b === old ? a : undefined;
  return by && !isVar(by) ? Number(by.value) : undefined;
}
/** Is it what a combination starts from? */
function isNeutral(a: Atom, combine: TileReduceOp, made: ReadonlyMap<Atom, AnyEqn>): boolean {
  if (!isVar(a)) return a.value === identityOf(combine, a.aval.dtype) && !Object.is(a.value, -0);
  const e = made.get(a);
  return e?.prim === "broadcast_in_dim" && isNeutral(e.inputs[0], combine, made);
}

/** A reduction of what a loop has summed up, as one over the steps as well. */
function ofLoopSum(
  e: AnyEqn,
  made: ReadonlyMap<Atom, AnyEqn>,
  uses: ReadonlyMap<Atom, number>,
  ruleOf: RuleOf,
): AnyEqn | undefined {
  if (e.prim !== "reduce_sum" && e.prim !== "reduce_max" && e.prim !== "reduce_min") return undefined;
  const [operand] = e.inputs;
  const sum = made.get(operand);
  const rule = ruleOf(e);
  const inner = sum && ownRules.get(sum);
  if (!sum || inner?.kind !== "reduce" || rule.kind !== "reduce" || uses.get(operand) !== 1) return undefined;
  const outer = rule.spec(e as never);
  const first = inner.spec(sum as never);
  if (!first.joinable || first.combine !== outer.combine || outer.passNaN || first.accumulate !== outer.accumulate)
    return undefined;
  const over: ReduceRule<never> = {
    kind: "reduce",
    spec(own): ReduceSpec {
      const one = inner.spec(own);
      let k = 0;
      return { ...one, reduced: one.reduced.map((r) => r || outer.reduced[k++]) };
    },
  };
  const whole = { ...sum, outputs: e.outputs } as AnyEqn;
  ownRules.set(whole, over);
  return whole;
}

/** `term` combined over all steps. */
function reductionOver(
  step: Var,
  length: Dim,
  term: Atom,
  made: AnyEqn | undefined,
  combine: TileReduceOp,
  ruleOf: RuleOf,
): AnyEqn | undefined {
  const rule = made && ruleOf(made);
  const shape = dimsOf(term);
  const dtype = accumulateType(term.aval.dtype);
  // the operands of what is combined in a step are those of the whole: they may be given other names later
  let one = (inputs: readonly Atom[]): ReduceSpec => ({
    dims: shape,
    reduced: shape.map(() => false),
    combine,
    accumulate: dtype,
    joinable: true,
    element: (x, index) => ({ node: x.convert(x.value(inputs[0], x.at(shape, index)), dtype) }),
  });
  let inputs: readonly Atom[] = [term];
  let prim: string = "reduce_sum";
  if (made && rule?.kind === "reduce") {
    const inner = (own: readonly Atom[]): ReduceSpec => rule.spec({ ...made, inputs: own } as never);
    const found = inner(made.inputs);
    if (found.combine !== combine || found.accumulate !== dtype) return undefined;
    one = inner;
    inputs = made.inputs;
    prim = made.prim;
  } else if (made && rule?.kind !== "point") return undefined;
  const over: ReduceRule<never> = {
    kind: "reduce",
    spec(eqn): ReduceSpec {
      const each = one(eqn.inputs);
      return {
        ...each,
        dims: [length, ...each.dims],
        reduced: [true, ...each.reduced],
        element(x, index) {
          x.bind(step, x.indexNode(index[0]));
          return each.element(x, index.slice(1));
        },
      };
    },
  };
  const sum = {
    prim,
    inputs,
    params: {},
    outputs: [new Var(term.aval)],
    effects: [],
    span: made?.span,
  } as unknown as AnyEqn;
  ownRules.set(sum, over);
  return sum;
}
