/** Partial evaluation of equations that hold programs: each program is cut in two, and so is the equation. */
import type { Aval } from "../../../ir/aval.js";
import { Builder } from "../../../ir/builder.js";
import type { ControlOps } from "../../../ir/ops/index.js";
import { type AnyEqn, type Atom, type Program, Var } from "../../../ir/program.js";
import type { Rules } from "../../../ir/rules.js";
import { prune } from "../../../simplify/index.js";
import { drop, keep, not, split } from "../programs.js";
import { splitCheckpoint } from "./checkpoint.js";
import {
  bindResults,
  eqnWithoutIo,
  forwarded,
  isNothing,
  knownOperands,
  splitCall,
  splitEach,
  unknownOperands,
  withoutIo,
} from "./nested.js";
import { type Halves, type PartialEvalKind, type PartialEvalResult, postpone } from "./rule.js";
import { splitScan } from "./scan.js";
import { assignSlots, fillSlots } from "./slots.js";

type Core = Program<"core">;

/** A known branch that fills its own slots and zeros for the others. */
function knownBranch(
  part: PartialEvalResult,
  made: readonly boolean[],
  slots: readonly Aval[],
  of: readonly number[],
): Core {
  const numOut = part.known.outputs.length - part.residuals.length;
  const [outs, residuals] = split(part.known.outputs, numOut);
  return fillSlots(part.known, outs, keep(residuals, made), slots, of);
}

function splitCond(h: Halves, eqn: AnyEqn, { branches }: ControlOps["cond"]): void {
  const [index, ...operands] = eqn.inputs;
  if (h.isUnknown(index)) {
    postpone(h, eqn);
    return;
  }
  const unknown = operands.map((a) => h.isUnknown(a));
  const first = branches.map((p) => h.partialEval(p, unknown).unknownOut);
  const unknownOut = first[0].map((_, i) => first.some((o) => o[i]));
  const parts = branches.map((p) => h.partialEval(p, unknown, { instantiate: unknownOut }));
  const from = parts.map(forwarded);
  const { slots, of } = assignSlots(parts.map((p, k) => p.residuals.filter((_, i) => from[k][i] < 0)));
  const numOut = parts[0].known.outputs.length - parts[0].residuals.length;

  const known = knownOperands(h, operands);
  const made = from.map((list) => list.map((i) => i < 0));
  const knownBranches = parts.map((p, k) => knownBranch(p, made[k], slots, of[k]));
  const results = knownBranches.every(isNothing)
    ? []
    : h.known.emit("cond", [h.readKnown(index), ...known], { branches: knownBranches }, eqn.span);

  // operands of the unknown branches: slots, then known operands that some branch wants, then what is unknown
  const shared = known.map((_, i) => from.some((list) => list.includes(i)));
  const places = known.flatMap((_, i) => (shared[i] ? [i] : []));
  const unknownBranches = parts.map((p, k): Core => {
    const [resVars, rest] = split(p.unknown.inputs, p.residuals.length);
    const own = keep(resVars, made[k]);
    const inputs = [
      ...slots.map((a, i) => (of[k].includes(i) ? own[of[k].indexOf(i)] : new Var(a))),
      ...places.map((i) => (from[k].includes(i) ? resVars[from[k].indexOf(i)] : new Var(known[i].aval))),
      ...rest,
    ];
    return { ...p.unknown, inputs };
  });
  const late = unknownBranches.every(isNothing)
    ? []
    : h.unknown.emit(
        "cond",
        [
          h.readUnknown(index),
          ...results.slice(numOut).map((a) => h.residual(a)),
          ...keep(known, shared).map((a) => h.residual(a)),
          ...unknownOperands(h, operands),
        ],
        { branches: unknownBranches },
        eqn.span,
      );
  bindResults(h, eqn, unknownOut, results.slice(0, numOut), late);
}

/**
 * A loop has no residuals: how many steps it will take is not known, so nothing can be stacked. Where its test does not
 * depend on what is unknown, the known part of the carry runs at once, and later all of it runs again, without callbacks.
 */
function splitWhile(h: Halves, eqn: AnyEqn, { cond, body, condConsts, bodyConsts }: ControlOps["while"]): void {
  const unknown = eqn.inputs.map((a) => h.isUnknown(a));
  const [ukCond, ukBody, ukInit] = split(unknown, condConsts, bodyConsts);
  let carry: readonly boolean[] = ukInit;
  for (;;) {
    const found = h.partialEval(body, [...ukBody, ...carry]).unknownOut;
    const more = carry.map((c, i) => c || found[i]);
    if (more.every((c, i) => c === carry[i])) break;
    carry = more;
  }
  const { program: test, used } = prune(cond, [true]);
  const decided = used.every((u, i) => !u || !(i < condConsts ? ukCond[i] : carry[i - condConsts]));
  if (!decided || !carry.includes(false)) {
    postpone(h, eqn);
    return;
  }

  const part = h.partialEval(body, [...ukBody, ...carry], { instantiate: carry });
  const numOut = part.known.outputs.length - part.residuals.length;
  const isCondUnknown = [...ukCond, ...carry];
  const operands = [
    ...eqn.inputs.slice(0, condConsts).filter((_, i) => !ukCond[i]),
    ...eqn.inputs.slice(condConsts, condConsts + bodyConsts).filter((_, i) => !ukBody[i]),
    ...drop(eqn.inputs.slice(condConsts + bodyConsts), carry),
  ].map((a) => h.readKnown(a));
  const results = h.known.emit(
    "while",
    operands,
    {
      cond: { ...test, inputs: drop(test.inputs, isCondUnknown) },
      body: { ...part.known, outputs: part.known.outputs.slice(0, numOut) },
      condConsts: not(ukCond).filter((k) => k).length,
      bodyConsts: not(ukBody).filter((k) => k).length,
    },
    eqn.span,
  );
  const all = carry.includes(true)
    ? h.unknown.emit(
        "while",
        eqn.inputs.map((a) => h.readUnknown(a)),
        { cond: withoutIo(cond), body: silence(body, [...ukBody, ...carry]), condConsts, bodyConsts },
        eqn.span,
      )
    : [];
  bindResults(h, eqn, carry, results, keep(all, carry));
}

/** The program without the callbacks that the known half has called. */
function silence(p: Core, unknown: readonly boolean[]): Core {
  if (!p.effects.some((e) => e.startsWith("io:"))) return p;
  const late = new Set<Atom>(keep(p.inputs, unknown));
  const b = new Builder();
  b.inputs.push(...p.inputs);
  for (const eqn of p.eqns) {
    const waits = eqn.inputs.some((a) => late.has(a));
    if (waits) for (const v of eqn.outputs) late.add(v);
    if (eqn.prim !== "debug_callback") b.eqns.push(eqnWithoutIo(eqn));
    else if (waits) b.eqns.push(eqn);
  }
  return b.finish(p.outputs, p.name);
}

export const control = {
  cond: splitCond,
  while: splitWhile,
  scan: splitScan,
  call: (h, eqn, { program, name }) => {
    const part = h.partialEval(
      program,
      eqn.inputs.map((a) => h.isUnknown(a)),
    );
    splitCall(h, eqn, part, {
      known: (operands, p) => h.known.emit("call", operands, { program: p, name }, eqn.span),
      unknown: (operands, p) => h.unknown.emit("call", operands, { program: p, name }, eqn.span),
    });
  },
  checkpoint: splitCheckpoint,
  // their rules have split them already: what is left of them is one of the halves
  custom_jvp_call: postpone,
  custom_vjp_call: postpone,
  custom_vjp_linear: postpone,
  custom_linear_solve: postpone,
  optimization_barrier: splitEach,
  debug_callback: postpone,
} satisfies Rules<ControlOps, PartialEvalKind>;
