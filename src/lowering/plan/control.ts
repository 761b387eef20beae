/**
 * Loops and branches as steps. A carry lives in one buffer, its result's: the first value is copied there before the loop
 * (memory planning drops the copy when that value dies there), and the body leaves the new value in it.
 */
import { type Dim, dimFloorDiv, dimMul, isStatic } from "../../ir/dim.js";
import { isVar, type Literal } from "../../ir/program.js";
import { definitions } from "../../ir/rewrite.js";
import { incrementOf } from "../schedule/loop-sums.js";
import { byteSize } from "../../ir/dtype.js";
import type { ControlOps } from "../../ir/ops/index.js";
import { scalarLoop } from "../schedule/scalar-loop.js";
import type { Lowering } from "./lower.js";
import { finishBody, finishBranch } from "./moves.js";
import { isView, type Place, type Site } from "./place.js";
import { rowBlocks } from "./row-blocks.js";
import type { Step } from "./step.js";
import { Value, type View } from "./view.js";

/** The part of a stacked value that belongs to one iteration. */
export function partOf(whole: View, loop: number, length: Dim): View {
  const size = dimFloorDiv(whole.size, length);
  return { ...whole, follow: [...whole.follow, { loop, stride: dimMul(size, byteSize(whole.dtype)) }], size };
}

/** All of a value, from a place that moves on by so many elements with each iteration. */
function from(whole: View, loop: number, step: number): View {
  return { ...whole, follow: [...whole.follow, { loop, stride: step * byteSize(whole.dtype) }] };
}

/** Tells the values made from now on, but for literals in memory, which belong to the whole plan. */
export function fromNowOn(lowering: Lowering): (value: Value) => boolean {
  const mark = Value.next();
  return (value) => value.id >= mark && !lowering.isConstant(value);
}

/** A carry's first value; what is changed in place is there already. */
function start(lowering: Lowering, steps: Step[], from: Place, to: View): void {
  if (!isKept(from, to)) steps.push(lowering.put(from, to));
}
/** A reference that goes through a loop or a branch, where it stays. */
function isKept(from: Place, to: View): boolean {
  return isView(from) && to.value.isState && from.value === to.value;
}

/** One kernel, where the loop is over scalars. */
function asKernel(lowering: Lowering, { eqn, input, output, steps }: Site): boolean {
  const places = eqn.inputs.map((_, i) => input(i)).map((p) => (isView(p) ? lowering.bindings.resolve(p) : p));
  const launch = scalarLoop(
    eqn,
    places,
    eqn.outputs.map((_, i) => output(i)),
  );
  if (launch) steps.push({ kind: "launch", launch });
  return launch !== null;
}

export function lowerScan(lowering: Lowering, site: Site, params: ControlOps["scan"]): void {
  if (asKernel(lowering, site)) return;
  if (lowering.inKernel && !params.reverse && withoutCounters(lowering, site)) return;
  lowerSteps(lowering, site, params, []);
}

/** Counters among the carries are no carries: what they are in a step follows from its number. */
function withoutCounters(lowering: Lowering, site: Site): boolean {
  const { eqn, steps } = site;
  if (eqn.prim !== "scan") return false;
  const { params } = eqn;
  const { body, numConsts, numCarry, length } = params;
  const made = definitions(body);
  const counters: View[] = [];
  const isCounter = body.outputs.map((out, k): boolean => {
    const start = k < numCarry ? site.input(numConsts + k) : null;
    const by =
      k < numCarry ? incrementOf(isVar(out) ? made.get(out) : undefined, body.inputs[numConsts + k]) : undefined;
    if (by === undefined || start === null || isView(start) || !isStatic(length)) return false;
    const first = Number(start.value);
    counters.push(lowering.counter(length, first, by));
    const last: Literal = { ...start, value: first + by * length };
    steps.push(lowering.fill(last, site.output(k)));
    return true;
  });
  if (counters.length === 0) return false;
  const inputs = eqn.inputs.map((_, i) => i);
  const carryAt = (i: number): boolean =>
    isCounter[i - numConsts] === true && i >= numConsts && i < numConsts + numCarry;
  const left = inputs.filter((i) => !carryAt(i));
  const outs = eqn.outputs.map((_, k) => k).filter((k) => !isCounter[k]);
  const own = body.inputs.filter((_, i) => carryAt(i));
  const inner: Site = {
    eqn: { ...eqn, inputs: left.map((i) => eqn.inputs[i]), outputs: outs.map((k) => eqn.outputs[k]) },
    input: (i) => site.input(left[i]),
    output: (k) => site.output(outs[k]),
    steps,
  };
  const less = {
    ...params,
    body: {
      ...body,
      inputs: [...left.map((i) => body.inputs[i]), ...own],
      outputs: outs.map((k) => body.outputs[k]),
    },
    numCarry: numCarry - counters.length,
  };
  lowerSteps(lowering, inner, less, counters);
  return true;
}

/** `more`: what the last inputs of the body are, step by step. */
function lowerSteps(lowering: Lowering, site: Site, params: ControlOps["scan"], more: readonly View[]): void {
  const { length: n, reverse, numConsts, numCarry } = params;
  const { eqn, steps } = site;
  const carries = eqn.outputs.slice(0, numCarry).map((_, i) => site.output(i));
  carries.forEach((to, i) => start(lowering, steps, site.input(numConsts + i), to));
  if (n === 0) return;
  const blocks = lowering.inKernel || lowering.machine.gpu ? null : rowBlocks(params);
  const around = blocks && lowering.nextLoop();
  const loop = lowering.nextLoop();
  const ofBlock = (v: View): View => (around === null ? v : partOf(v, around, blocks?.count ?? 1));
  const ys = eqn.outputs.slice(numCarry).map((_, i) => site.output(numCarry + i));
  const define: Step = { kind: "define", values: ys.map((y) => y.value) };
  const first = numConsts + numCarry;
  const xs = eqn.inputs.slice(first).map((_, i) => {
    const whole = lowering.inMemory(site.input(first + i));
    const step = params.steps?.[first + i] ?? null;
    const part = step === null ? partOf(whole, loop, n) : from(whole, loop, step);
    return blocks?.cut[first + i] ? ofBlock(part) : part;
  });
  const consts = eqn.inputs.slice(0, numConsts).map((_, i) => site.input(i));
  const isOwn = fromNowOn(lowering);
  const counters = more.map((m) => partOf(m, loop, n));
  const own = carries.map(ofBlock);
  const rows = (blocks?.constants ?? []).map((i) => ofBlock(lowering.inMemory(consts[i])));
  const operands = [...consts, ...own, ...xs, ...counters, ...rows];
  const inner = lowering.program(blocks?.body ?? params.body, operands, numConsts);
  const done = finishBody(
    lowering,
    inner.steps,
    isOwn,
    own.map((to, i) => ({ from: inner.places[i], to })),
    ys.map((y, i) => ({ from: inner.places[numCarry + i], to: ofBlock(partOf(y, loop, n)) })),
  );
  const made: Step = { kind: "loop", loop, length: n, reverse, independent: numCarry === 0, body: done };
  const whole: Step =
    blocks && around !== null
      ? { kind: "loop", loop: around, length: blocks.count, reverse: false, independent: true, body: [made] }
      : made;
  steps.push(define, whole);
}

export function lowerWhile(
  lowering: Lowering,
  site: Site,
  { cond, body, condConsts, bodyConsts }: ControlOps["while"],
): void {
  if (asKernel(lowering, site)) return;
  const { eqn, steps } = site;
  const carries = eqn.outputs.map((_, i) => site.output(i));
  carries.forEach((to, i) => start(lowering, steps, site.input(condConsts + bodyConsts + i), to));
  const consts = eqn.inputs.slice(0, condConsts + bodyConsts).map((_, i) => site.input(i));
  const test = lowering.program(cond, [...consts.slice(0, condConsts), ...carries]);
  const isOwn = fromNowOn(lowering);
  const inner = lowering.program(body, [...consts.slice(condConsts), ...carries], bodyConsts);
  const done = finishBody(
    lowering,
    inner.steps,
    isOwn,
    carries.map((to, i) => ({ from: inner.places[i], to })),
    [],
  );
  steps.push({ kind: "while", cond: test.steps, test: lowering.inMemory(test.places[0]), body: done });
}

export function lowerCond(lowering: Lowering, site: Site, { branches }: ControlOps["cond"]): void {
  const { eqn, steps } = site;
  const index = site.input(0);
  const results = eqn.outputs.map((_, i) => site.output(i));
  const operands = eqn.inputs.slice(1).map((_, i) => site.input(i + 1));
  const fresh = results.filter((r) => !operands.some((o) => isKept(o, r)));
  steps.push({ kind: "define", values: fresh.map((r) => r.value) });
  // an index that is known takes its branch
  const taken = isView(index) ? branches : [branches[Math.min(Math.max(Number(index.value), 0), branches.length - 1)]];
  const cases = taken.map((branch) => {
    const isOwn = fromNowOn(lowering);
    const inner = lowering.program(branch, operands);
    return finishBranch(
      lowering,
      inner.steps,
      isOwn,
      results.flatMap((to, i) => (isKept(inner.places[i], to) ? [] : [{ from: inner.places[i], to }])),
    );
  });
  if (isView(index))
    steps.push({ kind: "switch", index: lowering.inMemory(index), bool: eqn.inputs[0].aval.dtype === "bool", cases });
  else steps.push(...cases[0]);
}
