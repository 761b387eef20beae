/**
 * Partial evaluation of a scan. The carry is cut in two where the body lets it be; residuals of the body that are the
 * same in every step stand outside of the loop, the others are stacked by the known scan and read by the unknown one.
 */
import type { ControlOps } from "../../../ir/ops/index.js";
import { type AnyEqn, type Atom, isVar, type Program, type Var } from "../../../ir/program.js";
import { substitute } from "../../../ir/rewrite.js";
import { drop, fill, keep, split } from "../programs.js";
import { bindResults, isNothing, knownOperands, unknownOperands } from "./nested.js";
import type { Halves, PartialEvalResult } from "./rule.js";

type Core = Program<"core">;

export function splitScan(h: Halves, eqn: AnyEqn, params: ControlOps["scan"]): void {
  const { body, numConsts, numCarry } = params;
  const [consts, init, xs] = split(eqn.inputs, numConsts, numCarry);
  const of = (atoms: readonly Atom[]): boolean[] => atoms.map((a) => h.isUnknown(a));
  const [ukConsts, ukXs] = [of(consts), of(xs)];
  const { part, carry } = cut(h, body, ukConsts, of(init), ukXs);

  const operands = {
    consts: knownOperands(h, consts),
    init: drop(init, carry).map((a) => h.readKnown(a)),
    xs: knownOperands(h, xs),
  };
  const place = placeResiduals(h, part, operands.consts, operands.init);
  const numOut = part.known.outputs.length - part.residuals.length;
  const [outs, residuals] = split(part.known.outputs, numOut);
  const stacked = residuals.map((_, i) => place[i].at === "step");
  const lifted = liftHoisted(part.known, place, residuals, operands.consts.length);
  const known: Core = { ...lifted.body, outputs: [...outs, ...keep(residuals, stacked)] };
  const results = isNothing(known)
    ? []
    : h.known.emit(
        "scan",
        [...operands.consts, ...lifted.atoms, ...operands.init, ...operands.xs],
        {
          ...params,
          body: known,
          numConsts: operands.consts.length + lifted.atoms.length,
          numCarry: operands.init.length,
        },
        eqn.span,
      );

  // the unknown scan: what is the same in every step first, then the carry, then what is read step by step
  let next = numOut;
  const sources = place.map((p): Atom => {
    if (p.at === "outside") return h.residual(p.atom);
    return h.residual(p.at === "x" ? operands.xs[p.index] : results[next++]);
  });
  const isConst = place.map((p) => p.at === "outside");
  const n = part.residuals.length;
  const numUkConsts = ukConsts.filter((u) => u).length;
  const numUkCarry = carry.filter((u) => u).length;
  const [resVars, constVars, carryVars, xVars] = split(part.unknown.inputs, n, numUkConsts, numUkCarry);
  const unknown =
    part.unknown.outputs.length + part.unknown.effects.length === 0
      ? []
      : h.unknown.emit(
          "scan",
          [
            ...keep(sources, isConst),
            ...unknownOperands(h, consts),
            ...keep(init, carry).map((a) => h.readUnknown(a)),
            ...drop(sources, isConst),
            ...unknownOperands(h, xs),
          ],
          {
            ...params,
            body: {
              ...part.unknown,
              inputs: [...keep(resVars, isConst), ...constVars, ...carryVars, ...drop(resVars, isConst), ...xVars],
            },
            numConsts: numUkConsts + isConst.filter((c) => c).length,
            numCarry: numUkCarry,
          },
          eqn.span,
        );
  bindResults(h, eqn, part.unknownOut, results.slice(0, numOut), unknown);
}

/** The body in two, its carry unknown where anything unknown flows into it, in the first step or a later one. */
function cut(
  h: Halves,
  body: Core,
  ukConsts: readonly boolean[],
  ukInit: readonly boolean[],
  ukXs: readonly boolean[],
): { part: PartialEvalResult; carry: readonly boolean[] } {
  const none = fill(body.outputs.length - ukInit.length, false);
  let carry = ukInit;
  for (;;) {
    const unknown = [...ukConsts, ...carry, ...ukXs];
    // a carry of each step is kept only by stacking it
    const free = drop(
      [...fill(ukConsts.length, true), ...fill(carry.length, false), ...fill(ukXs.length, true)],
      unknown,
    );
    const part = h.partialEval(body, unknown, { instantiate: [...carry, ...none], free });
    const more = carry.map((c, i) => c || part.unknownOut[i]);
    if (more.every((c, i) => c === carry[i])) return { part, carry };
    carry = more;
  }
}

/** Where the unknown scan finds a residual. */
type Place =
  /** The same in every step. */
  | { readonly at: "outside"; readonly atom: Atom }
  /** An operand of the scan that is read step by step. */
  | { readonly at: "x"; readonly index: number }
  /** Made by each step of the known scan. */
  | { readonly at: "step" };

function placeResiduals(h: Halves, part: PartialEvalResult, consts: readonly Atom[], init: readonly Atom[]): Place[] {
  const { known } = part;
  const outside = new Map<Var, Atom>();
  known.inputs.forEach((v, i) => {
    if (i < consts.length) outside.set(v, consts[i]);
    const c = i - consts.length;
    // a carry that every step hands on as it came
    if (c >= 0 && c < init.length && known.outputs[c] === v) outside.set(v, init[c]);
  });
  const residuals = known.outputs.slice(known.outputs.length - part.residuals.length);
  hoist(h, known, residuals, outside);
  const firstX = consts.length + init.length;
  return residuals.map((a): Place => {
    if (!isVar(a)) return { at: "outside", atom: a };
    const atom = outside.get(a);
    if (atom) return { at: "outside", atom };
    const index = known.inputs.indexOf(a) - firstX;
    return index >= 0 ? { at: "x", index } : { at: "step" };
  });
}

/** Emits before the loop what residuals need that no step changes; `outside` learns what they became. */
function hoist(h: Halves, body: Core, residuals: readonly Atom[], outside: Map<Var, Atom>): void {
  const invariant = new Set<Atom>(outside.keys());
  const eqns = body.eqns.filter((eqn) => {
    if (eqn.effects.length > 0 || !eqn.inputs.every((a) => !isVar(a) || invariant.has(a))) return false;
    for (const v of eqn.outputs) invariant.add(v);
    return true;
  });
  const needed = new Set<Atom>(residuals.filter((a) => invariant.has(a)));
  const wanted = eqns.reverse().filter((eqn) => {
    if (!eqn.outputs.some((v) => needed.has(v))) return false;
    for (const a of eqn.inputs) needed.add(a);
    return true;
  });
  for (const eqn of wanted.reverse()) {
    const { inputs } = substitute(eqn, outside);
    const results = h.known.emit(eqn.prim, inputs, eqn.params as never, eqn.span);
    eqn.outputs.forEach((v, i) => outside.set(v, results[i]));
  }
}

/** The known body takes what was hoisted for the residuals as operands: it need not make it again in every step. */
function liftHoisted(
  body: Core,
  places: readonly Place[],
  residuals: readonly Atom[],
  numConsts: number,
): { body: Core; atoms: readonly Atom[] } {
  const made = new Map<Atom, AnyEqn>();
  for (const eqn of body.eqns) if (eqn.outputs.length === 1) made.set(eqn.outputs[0], eqn);
  const gone = new Set<AnyEqn>();
  const vars: Var[] = [];
  const atoms: Atom[] = [];
  places.forEach((p, i) => {
    const a = residuals[i];
    const eqn = made.get(a);
    if (p.at !== "outside" || !isVar(a) || !eqn || gone.has(eqn)) return;
    gone.add(eqn);
    vars.push(a);
    atoms.push(p.atom);
  });
  if (gone.size === 0) return { body, atoms };
  return {
    body: {
      ...body,
      inputs: [...body.inputs.slice(0, numConsts), ...vars, ...body.inputs.slice(numConsts)],
      eqns: body.eqns.filter((e) => !gone.has(e)),
    },
    atoms,
  };
}
