/**
 * Counters of loops as functions of the step's number: a carry to which every step adds the same number needs no carry, and a
 * derivative that runs the steps backwards need not keep it.
 */
import { aval } from "../../../ir/aval.js";
import { Builder } from "../../../ir/builder.js";
import { isInt, isWide } from "../../../ir/dtype.js";
import { isStatic } from "../../../ir/dim.js";
import { type AnyEqn, type Atom, isVar, type Program, type Var } from "../../../ir/program.js";
import { definitions, mapPrograms } from "../../../ir/rewrite.js";
import { copyEqn } from "../emit.js";
import { drop, keep, memoize, split } from "../programs.js";

type Core = Program<"core">;
type Scan = Extract<AnyEqn, { prim: "scan" }>;

const made = memoize<Core>();

/** The program, in whose loops no carry is a counter. */
export function withoutCounters(program: Core): Core {
  return made(program, "", () => {
    const b = new Builder();
    const inputs = program.inputs.map((v) => b.input(v.aval, v.name));
    const env = new Map<Var, Atom>(program.inputs.map((v, i) => [v, inputs[i]]));
    const read = (a: Atom): Atom => (isVar(a) ? (env.get(a) ?? a) : a);
    for (const eqn of program.eqns) {
      const inner = mapPrograms(eqn, withoutCounters);
      b.span = eqn.span;
      const operands = inner.inputs.map(read);
      const results = inner.prim === "scan" ? scan(b, inner, operands) : copyEqn(b, inner, operands);
      eqn.outputs.forEach((v, i) => env.set(v, results[i]));
    }
    b.span = undefined;
    return b.finish(program.outputs.map(read), program.name);
  });
}

/** What a step adds to each carry that is a counter; null for the others. */
function stepsOf({ params: { body, numConsts, numCarry } }: Scan): readonly (number | null)[] {
  const defined = definitions(body);
  const constant = (a: Atom): number | null => {
    if (!isVar(a)) return Number(a.value);
    const eqn = defined.get(a);
    return eqn?.prim === "broadcast_in_dim" ? constant(eqn.inputs[0]) : null;
  };
  return body.outputs.slice(0, numCarry).map((next, i) => {
    const carry = body.inputs[numConsts + i];
    if (!isInt(carry.aval.dtype) || isWide(carry.aval.dtype) || !isVar(next)) return null;
    const eqn = defined.get(next);
    if (eqn?.prim !== "add" && eqn?.prim !== "sub") return null;
    const [x, y] = eqn.inputs;
    if (x === carry) {
      const by = constant(y);
      return by === null || eqn.prim === "add" ? by : -by;
    }
    return y === carry && eqn.prim === "add" ? constant(x) : null;
  });
}

function scan(b: Builder, eqn: Scan, operands: readonly Atom[]): readonly Atom[] {
  const { body, length, reverse, numConsts, numCarry } = eqn.params;
  const by = isStatic(length) ? stepsOf(eqn) : [];
  if (!isStatic(length) || by.every((x) => x === null)) return copyEqn(b, eqn, operands);
  const isCounter = by.map((x) => x !== null);
  const [consts, carry, xs] = split(operands, numConsts, numCarry);
  const [constVars, carryVars, xVars] = split(body.inputs, numConsts, numCarry);
  const s = new Builder();
  const env = new Map<Var, Atom>();
  const input = (v: Var): void => {
    env.set(v, s.input(v.aval, v.name));
  };
  constVars.forEach(input);
  const firsts = keep(carryVars, isCounter).map((v) => s.input(v.aval));
  drop(carryVars, isCounter).forEach(input);
  const step = s.input(aval([], "i32"));
  xVars.forEach(input);
  const done = reverse ? s.sub(s.scalar(length - 1, "i32"), step) : step;
  /** What a counter is after `n` steps. */
  const after = (c: Builder, first: Atom, n: Atom, each: number): Atom => {
    const { shape, dtype } = first.aval;
    const sum = each === 1 ? n : c.mul(n, c.scalar(each, "i32"));
    return !isVar(first) && Number(first.value) === 0
      ? c.convert(sum, dtype)
      : c.add(first, c.broadcast(c.convert(sum, dtype), shape, []));
  };
  const steps = by.filter((x) => x !== null);
  const starts = keep(carry, isCounter);
  keep(carryVars, isCounter).forEach((v, i) => {
    env.set(v, after(s, isVar(starts[i]) ? firsts[i] : starts[i], done, steps[i]));
  });
  const outs = s.inline(
    body,
    body.inputs.map((v) => env.get(v) ?? v),
  );
  const [nextCarry, ys] = split(outs, numCarry);
  const results = b.emit("scan", [...consts, ...starts, ...drop(carry, isCounter), b.iota([length], 0, "i32"), ...xs], {
    ...eqn.params,
    body: s.finish([...drop(nextCarry, isCounter), ...ys], body.name),
    numConsts: numConsts + starts.length,
    numCarry: numCarry - starts.length,
  });
  const [others, stacked] = split(results, numCarry - starts.length);
  let o = 0;
  const ends = carry.map((first, i) => {
    const each = by[i];
    if (each === null) return others[o++];
    return after(b, first, b.scalar(length, "i32"), each);
  });
  return [...ends, ...stacked];
}
