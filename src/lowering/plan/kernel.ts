/**
 * A kernel is a nest of independent loops over its grid. Its results are written in place by all programs; blocks that a program
 * makes live in memory that a thread has for itself.
 */
import { fail } from "../../diagnostics/error.js";
import type { KernelOps } from "../../ir/ops/index.js";
import type { AnyEqn } from "../../ir/program.js";
import type { TileProgram } from "../../ir/tile.js";
import { tileAccesses } from "../../ir/tile-refs.js";
import type { Lowering } from "./lower.js";
import { finishBody } from "./moves.js";
import { isView, type Site } from "./place.js";
import { fromNowOn, partOf } from "./control.js";
import { withScratch } from "../schedule/write.js";
import { sinkIndices } from "./sink.js";
import type { Step } from "./step.js";

export function lowerKernelCall(lowering: Lowering, site: Site, params: KernelOps["kernel_call"]): void {
  const { grid, inits, serial } = params;
  const body = sinkIndices(params.body);
  const { eqn, steps } = site;
  const reads = eqn.inputs.length - inits.filter((x) => x).length;
  const outs = eqn.outputs.map((_, k) => site.output(k));
  let next = reads;
  outs.forEach((to, k) => {
    if (inits[k]) steps.push(lowering.put(site.input(next++), to));
  });
  for (const o of outs) o.value.isState = true;
  const operands = eqn.inputs.slice(0, reads).map((_, i) => site.input(i));
  if (grid.includes(0)) {
    steps.push({ kind: "define", values: outs.map((o) => o.value) });
    return;
  }
  if (lowering.whole) {
    const args = [...operands.map((p) => lowering.inMemory(p)), ...outs];
    steps.push({ kind: "define", values: outs.map((o) => o.value) });
    const kernel = lowering.whole(params);
    checkArrays(kernel, lowering.machine.gpu?.bindings, eqn);
    steps.push({ kind: "launch", launch: { kernel, ...withScratch(kernel, args), inPlace: [], startFrom: null } });
    return;
  }
  const ids = body.inputs.slice(reads, reads + grid.length);
  // what programs add to in turn is no part of the whole that each writes for itself
  const whole = serial?.includes(true)
    ? null
    : lowering.grid(body, [...operands, ...ids.map(() => null), ...outs], ids, grid);
  if (whole?.places.every((p, k) => isView(p) && p.value === outs[k].value)) {
    steps.push(...whole.steps);
    return;
  }
  steps.push({ kind: "define", values: outs.map((o) => o.value) });
  const loops = grid.map((length) => ({ loop: lowering.nextLoop(), length }));
  const counters = loops.map(({ loop, length }) => partOf(lowering.counter(length), loop, length));
  const isOwn = fromNowOn(lowering);
  const inner = lowering.kernelBody(body, [...operands, ...counters, ...outs], reads);
  let nest: readonly Step[] = finishBody(
    lowering,
    inner.steps,
    isOwn,
    outs.map((to, k) => ({ from: inner.places[k], to })),
    [],
  );
  for (let a = loops.length - 1; a >= 0; a--)
    nest = [{ kind: "loop", ...loops[a], reverse: false, independent: serial?.[a] !== true, body: nest }];
  steps.push(...nest);
}

/** A GPU binds a limited number of arrays to a kernel. */
function checkArrays(kernel: TileProgram, most = Number.POSITIVE_INFINITY, { span }: AnyEqn): void {
  for (const { body } of kernel.stages) {
    const { read, written } = tileAccesses(body);
    const { size } = new Set([...read, ...written]);
    if (size <= most) continue;
    fail(
      "TW2011",
      `the kernel ${kernel.name} uses ${size} arrays, and a GPU need not have more than ${most} for a kernel`,
      {
        span,
        help: "put arrays of one dtype into one, or make two kernels of it",
      },
    );
  }
}
