/**
 * A loop that prepares something and then runs a loop in it has as many parts to share among threads as it has iterations: few,
 * where it goes over the heads of attention. In two loops, one that prepares for all iterations and one that is nothing but the
 * inner loop, the parts are the iterations of both together. What was prepared for one iteration is then kept for each.
 */
import { type Dim, dimMul, isStatic } from "../../ir/dim.js";
import type { Follow } from "../../ir/plan.js";
import { prod } from "../../util/index.js";
import { type Loop, nestOf } from "./parallel.js";
import { type Bindings, isWhole, type Step } from "./step.js";
import { Value } from "./view.js";

/** Iterations that are enough. */
const ENOUGH = 16;
/** Bytes for what is kept. */
const MOST_KEPT = 16 * 1024 ** 2;

export function distributeLoops(steps: readonly Step[], bindings: Bindings): readonly Step[] {
  if (!steps.some((s) => s.kind === "loop" || s.kind === "while" || s.kind === "switch")) return steps;
  return steps.flatMap((s): readonly Step[] => {
    switch (s.kind) {
      case "loop":
        return distribute(s, bindings) ?? [{ ...s, body: distributeLoops(s.body, bindings) }];
      case "while":
        return [{ ...s, body: distributeLoops(s.body, bindings) }];
      case "switch":
        return [{ ...s, cases: s.cases.map((c) => distributeLoops(c, bindings)) }];
      default:
        return [s];
    }
  });
}

function distribute(loop: Loop, bindings: Bindings): readonly Step[] | null {
  const levels = nestOf(loop);
  // how much would be kept is known where numbers are
  if (!levels.every((l) => isStatic(l.length))) return null;
  const lengths = levels.map((l) => l.length as number);
  const count = prod(lengths);
  if (levels.length === 0 || count < 2 || count >= ENOUGH) return null;
  const { body } = levels[levels.length - 1];
  const first = body.filter((s) => s.kind !== "define");
  const last = first.pop();
  if (first.length === 0 || last?.kind !== "loop" || nestOf(last).length === 0) return null;
  const made = first.map((s) => preparedBy(s, levels, bindings));
  if (!made.every((m) => m !== null)) return null;
  const values = new Set(made.flat());
  const bytes = [...values].reduce<Dim>(
    (sum, v) => (isStatic(sum) && isStatic(v.bytes) ? sum + v.bytes : Number.NaN),
    0,
  );
  if (!isStatic(bytes) || !(bytes * count <= MOST_KEPT)) return null;
  const kept = [...values].map((v) => {
    const all = new Value(dimMul(v.bytes, count), v.name);
    let stride = v.bytes;
    const follow: Follow[] = [];
    for (let i = levels.length - 1; i >= 0; i--) {
      follow.unshift({ loop: levels[i].loop, stride });
      stride = dimMul(stride, lengths[i]);
    }
    bindings.bind(v, { value: all, offset: 0, follow, size: v.bytes, dtype: "u8" });
    return all;
  });
  const nest = (inner: readonly Step[], withDefinitions: boolean): Step => {
    const around = (i: number): readonly Step[] => {
      if (i === levels.length) return inner;
      const definitions = withDefinitions ? levels[i].body.filter((s) => s.kind === "define") : [];
      return [{ ...levels[i], body: [...definitions, ...around(i + 1)] }];
    };
    return around(0)[0];
  };
  return [{ kind: "define", values: kept }, nest(first, false), nest([last], true)];
}

/** The values of this iteration that the step makes; null for a step that does anything else. */
function preparedBy(step: Step, levels: readonly Loop[], bindings: Bindings): Value[] | null {
  if (step.kind !== "launch") return null;
  const { kernel, args } = step.launch;
  const made: Value[] = [];
  for (const [i, ref] of kernel.refs.entries()) {
    if (ref.role === "in") continue;
    const view = bindings.resolve(args[i]);
    if (ref.role === "out" && isWhole(view)) made.push(view.value);
    // a part of a result of the loop is its place already
    else if (!levels.every((l) => view.follow.some((f) => f.loop === l.loop))) return null;
  }
  return made;
}
