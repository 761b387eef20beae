/** Kernels lose what is dead inside of them, and the operands that only that needed. */
import type { KernelOps } from "../../ir/ops/index.js";
import type { AnyEqn } from "../../ir/program.js";
import type { Rules } from "../../ir/rules.js";
import { type DceKind, whole } from "./rule.js";

export const kernel = {
  kernel_call: (ctx, eqn, live, params) => {
    const { body, grid, inits } = params;
    const reads = eqn.inputs.length - inits.filter((x) => x).length;
    const first = reads + grid.length;
    // an out that a live one is made from lives
    let outs = [...live];
    let step = ctx.prune(body, outs);
    for (;;) {
      const more = outs.map((x, k) => x || step.used[first + k]);
      if (more.every((x, k) => x === outs[k])) break;
      outs = more;
      step = ctx.prune(body, outs);
    }
    const used = step.used.slice(0, reads);
    if (outs.every((x) => x) && used.every((x) => x) && step.program === body) return eqn;
    const keep = [...used, ...grid.map(() => true), ...outs];
    let next = reads;
    const starts = inits.map((given, k) => ({ atom: given ? eqn.inputs[next++] : null, live: outs[k] }));
    return {
      ...eqn,
      inputs: [
        ...eqn.inputs.slice(0, reads).filter((_, i) => used[i]),
        ...starts.flatMap(({ atom, live: alive }) => (atom && alive ? [atom] : [])),
      ],
      outputs: eqn.outputs.filter((_, k) => outs[k]),
      params: {
        ...params,
        body: { ...step.program, inputs: step.program.inputs.filter((_, i) => keep[i]) },
        inits: inits.filter((_, k) => outs[k]),
      },
    } as AnyEqn;
  },
  load: whole,
  store: whole,
  atomic: whole,
  atomic_cas: whole,
  empty: whole,
} satisfies Rules<KernelOps, DceKind>;
