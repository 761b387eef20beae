/** Core programs to plans: launches of tile programs in order, loops and branches between them, and where everything lies. */
import type { Program, Var } from "../../ir/program.js";
import { dce } from "../../simplify/dce/index.js";
import type { ShareOptions } from "../shares.js";
import { type Machine, PLAIN_MACHINE } from "../target.js";
import { hoistPreparations } from "./hoist.js";
import { inlineCalls } from "./inline.js";
import { Lowering } from "./lower.js";
import { type MemoryPlan, planMemory } from "./memory.js";
import { planNotes } from "./notes.js";
import { sharedLoops } from "./parallel.js";
import { isView, makeValue, wholeView } from "./place.js";
import { isWhole, type Step } from "./step.js";
import type { Value, View } from "./view.js";

export interface PlanOptions {
  /** Positions of inputs whose memory the program may take. */
  readonly donate?: readonly number[];
  /** What the kernels will run on: any machine with vectors when left out. */
  readonly machine?: Machine;
  /** For a memory that threads share: from which size iterations are shared among them. */
  readonly share?: ShareOptions | undefined;
}

export function lowerToPlan(program: Program<"core">, options: PlanOptions = {}): Program<"plan"> {
  return planWithLifetimes(program, options).plan;
}

/** The plan, and when its memory becomes free. */
export function planWithLifetimes(
  program: Program<"core">,
  options: PlanOptions = {},
): { readonly plan: Program<"plan">; readonly freedAfter: MemoryPlan["freedAfter"] } {
  const core = dce(inlineCalls(program));
  const lowering = new Lowering(options.machine ?? PLAIN_MACHINE);
  const inputs = core.inputs.map((v, i) => makeValue(v.aval, v.name ?? `input${i}`));
  const env = new Map<Var, View>(core.inputs.map((v, i) => [v, wholeView(inputs[i], v.aval)]));
  const { steps, places } = lowering.block(core.eqns, env, core.outputs);
  // a result lies in its output from the start, unless it is an operand, a part of something, or two outputs
  const taken = new Set<Value>(inputs);
  const outputs = places.map((place, i): Value => {
    const at = isView(place) ? lowering.bindings.resolve(place) : place;
    if (isView(at) && isWhole(at) && !taken.has(at.value) && !lowering.isConstant(at.value)) {
      taken.add(at.value);
      return at.value;
    }
    const { aval } = core.outputs[i];
    const own = makeValue(aval, `output${i}`);
    taken.add(own);
    steps.push(lowering.put(at, wholeView(own, aval)));
    return own;
  });
  const all: readonly Step[] = [...lowering.constantSteps, ...hoistPreparations(steps, lowering.bindings)];
  const shared = options.share ? sharedLoops(all, options.share) : new Map<Step, number>();
  const memory = planMemory(all, lowering.bindings, inputs, outputs, new Set(options.donate ?? []), shared);
  const plan: Program<"plan"> = {
    phase: "plan",
    name: core.name,
    inputs: core.inputs.map((v, i) => ({ slot: memory.inputs[i], aval: v.aval })),
    outputs: memory.outputs.map((o, i) => ({ ...o, aval: core.outputs[i].aval })),
    steps: memory.steps,
    arenaBytes: memory.arenaBytes,
    ownBytes: memory.ownBytes,
    liveBytes: memory.liveBytes,
    sized: memory.sized,
    callbacks: lowering.callbacks,
    notes: planNotes(memory.steps),
  };
  return { plan, freedAfter: memory.freedAfter };
}
