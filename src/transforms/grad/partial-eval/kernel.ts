/**
 * Partial evaluation of kernels. The known half is the kernel without what waits. The half that waits is all of it: values that its
 * linear part needs are made again by each program, never kept in memory over the whole grid.
 */
import type { KernelOps } from "../../../ir/ops/index.js";
import { type AnyEqn, Var } from "../../../ir/program.js";
import type { Rules } from "../../../ir/rules.js";
import { prune } from "../../../simplify/index.js";
import { reread } from "../kernel/reread.js";
import { count, fill, split } from "../programs.js";
import { eqnWithoutIo } from "./nested.js";
import { type Halves, type PartialEvalKind, postpone } from "./rule.js";

function splitKernel(h: Halves, eqn: AnyEqn, params: KernelOps["kernel_call"]): void {
  const { body, grid, inits } = params;
  const unknown = eqn.inputs.map((a) => h.isUnknown(a));
  const [reads, starts] = split(unknown, unknown.length - count(inits));
  let next = 0;
  let outs: readonly boolean[] = inits.map((given) => given && starts[next++]);
  for (;;) {
    const found = h.partialEval(body, [...reads, ...fill(grid.length, false), ...outs]).unknownOut;
    const more = outs.map((o, k) => o || found[k]);
    if (more.every((o, k) => o === outs[k])) break;
    outs = more;
  }
  let results: readonly Var[] = [];
  if (outs.includes(false)) {
    // unknown operands feed nothing of the known half: they stand for themselves until pruning drops them
    const operands = eqn.inputs.map((a, i) => (unknown[i] ? new Var(a.aval) : h.readKnown(a)));
    results = eqn.outputs.map((v) => new Var(v.aval, v.name));
    const whole = { ...eqn, inputs: operands, outputs: results } as AnyEqn;
    const live = results.filter((_, k) => !outs[k]);
    const { program } = prune(
      { phase: "core", name: "", inputs: [], eqns: [whole], outputs: live, effects: eqn.effects },
      live.map(() => true),
    );
    h.known.eqns.push(...program.eqns);
    const kept = results;
    eqn.outputs.forEach((v, k) => {
      if (!outs[k]) h.bindKnown(v, kept[k]);
    });
  }
  if (!outs.includes(true)) return;
  const outputs = eqn.outputs.map((v, k) => (outs[k] ? v : new Var(v.aval, v.name)));
  const again = reread(
    body,
    reads.length,
    grid.length,
    outs.map((o) => !o),
    outs,
  );
  const late = { ...eqn, params: { ...params, body: again.body } } as AnyEqn;
  const operands = eqn.inputs.map((a) => h.readUnknown(a));
  h.unknown.eqns.push({
    ...(outs.includes(false) ? eqnWithoutIo(late) : late),
    inputs: [
      ...operands.slice(0, reads.length),
      ...again.outs.map((k) => h.residual(results[k])),
      ...operands.slice(reads.length),
    ],
    outputs,
  } as AnyEqn);
  eqn.outputs.forEach((v, k) => {
    if (outs[k]) h.bindUnknown(v, v);
  });
}

export const kernel = {
  kernel_call: splitKernel,
  load: postpone,
  store: postpone,
  atomic: postpone,
  atomic_cas: postpone,
  empty: postpone,
} satisfies Rules<KernelOps, PartialEvalKind>;
