/** Core programs to plans: launches of tile programs in order, loops and branches between them, and where everything lies. */
import { type Aval, aval } from "../../ir/aval.js";
import type { KernelOps } from "../../ir/ops/index.js";
import type { Program, Var } from "../../ir/program.js";
import type { TileProgram } from "../../ir/tile.js";
import { dce } from "../../simplify/dce/index.js";
import type { ShareOptions } from "../shares.js";
import { type Machine, PLAIN_MACHINE } from "../target.js";
import { distributeLoops } from "./distribute.js";
import { checkForGpu } from "./gpu.js";
import { Hoist } from "./hoist.js";
import { inlineCalls } from "./inline.js";
import { Lowering } from "./lower.js";
import { type MemoryPlan, planMemory } from "./memory.js";
import { planNotes } from "./notes.js";
import { type SharedLoops, sharedLoops } from "./parallel.js";
import { kernelPlan } from "./handed-over.js";
import { isView, makeValue, wholeView } from "./place.js";
import { isWhole, type Step } from "./step.js";
import type { Value, View } from "./view.js";

export interface PlanOptions {
  /** Positions of inputs whose memory the program may take. */
  readonly donate?: readonly number[];
  /** What the kernels will run on: any machine with vectors when left out. */
  readonly machine?: Machine;
  /** For GPUs: `wholeKernel` of lowering/schedule/whole, which programs for CPUs do without. */
  readonly whole?: (params: KernelOps["kernel_call"]) => TileProgram;
  /** For a memory that threads share: from which size iterations are shared among them. */
  readonly share?: ShareOptions | undefined;
}

export function lowerToPlan(program: Program<"core">, options: PlanOptions = {}): Program<"plan"> {
  return planWithLifetimes(program, options).plan;
}

interface Planned {
  readonly plan: Program<"plan">;
  readonly freedAfter: MemoryPlan["freedAfter"];
}
/** The plan, and when its memory becomes free. */
export function planWithLifetimes(program: Program<"core">, options: PlanOptions = {}): Planned {
  const { steps, ...draft } = draftOf(program, options, []);
  return finished(steps, draft, options);
}

/** A program of which some inputs stay the same from call to call, in two parts. */
export interface KeptPlan {
  /** Takes the results of `prepare` after its own inputs. */
  readonly main: Program<"plan">;
  /** Of those inputs makes the copies that `main` reads. */
  readonly prepare: Program<"plan">;
}
/** Undefined where nothing would be copied from the inputs at `keep`. */
export function lowerKept(
  program: Program<"core">,
  options: PlanOptions,
  keep: readonly number[],
): KeptPlan | undefined {
  const { steps, ...draft } = draftOf(program, options, keep);
  const { before, body } = draft.hoist.ofKept(steps, new Set(keep.map((i) => draft.inputs[i].value)));
  if (before.length === 0) return undefined;
  const copies = before.map(({ launch: { kernel, args } }): Placed => {
    const { value, size, dtype } = args[kernel.refs.findIndex((r) => r.role === "out")];
    return { value, aval: aval([size], dtype) };
  });
  const main = { ...draft, inputs: [...draft.inputs, ...copies] };
  const prepare = { ...draft, inputs: keep.map((i) => draft.inputs[i]), outputs: copies };
  return {
    main: finished(body, main, options).plan,
    prepare: finished(before, { ...prepare, name: `${draft.name}_pack` }, { ...options, donate: [] }).plan,
  };
}

/** An input or output, and where it lies. */
interface Placed {
  readonly value: Value;
  readonly aval: Aval;
}
/** Steps, before memory is assigned. */
interface Draft {
  readonly name: string;
  readonly lowering: Lowering;
  readonly hoist: Hoist;
  readonly inputs: readonly Placed[];
  readonly outputs: readonly Placed[];
}

/** Programs without kernels stay as they are: who makes a kernel hands these passes over, and without them none is lowered. */
function safeKernels(program: Program<"core">, gpu: boolean): Program<"core"> {
  if (!kernelPlan.isFilled) return program;
  const { guard, atomicsInTurn } = kernelPlan.part;
  const guarded = guard(program);
  return gpu ? guarded : atomicsInTurn(guarded);
}

function draftOf(
  program: Program<"core">,
  options: PlanOptions,
  keep: readonly number[],
): Draft & { readonly steps: readonly Step[] } {
  const core = dce(safeKernels(inlineCalls(program), Boolean(options.machine?.gpu)));
  if (options.machine?.gpu) checkForGpu(core);
  const lowering = new Lowering(options.machine ?? PLAIN_MACHINE, options.whole);
  const inputs = core.inputs.map((v, i) => makeValue(v.aval, v.name ?? `input${i}`));
  const env = new Map<Var, View>(core.inputs.map((v, i) => [v, wholeView(inputs[i], v.aval)]));
  const { steps, places } = lowering.block(core.eqns, env, core.outputs, {
    values: new Set(keep.map((i) => inputs[i])),
    exact: true,
  });
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
  const hoist = new Hoist(lowering.bindings);
  return {
    name: core.name,
    lowering,
    hoist,
    steps: [...lowering.constantSteps, ...hoist.steps(steps)],
    inputs: core.inputs.map((v, i) => ({ value: inputs[i], aval: v.aval })),
    outputs: core.outputs.map((a, i) => ({ value: outputs[i], aval: a.aval })),
  };
}

function finished(
  whole: readonly Step[],
  { name, lowering, inputs, outputs }: Draft,
  { donate = [], share }: PlanOptions,
): Planned {
  const valuesOf = (list: readonly Placed[]): Value[] => list.map((p) => p.value);
  const { bindings } = lowering;
  const steps = share ? distributeLoops(whole, bindings) : whole;
  const shared: SharedLoops = share ? sharedLoops(steps, share) : new Map();
  const memory = planMemory(steps, bindings, valuesOf(inputs), valuesOf(outputs), new Set(donate), shared);
  const plan: Program<"plan"> = {
    phase: "plan",
    name,
    inputs: inputs.map((p, i) => ({ slot: memory.inputs[i], aval: p.aval })),
    outputs: memory.outputs.map((o, i) => ({ ...o, aval: outputs[i].aval })),
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
