/** Core programs without calls to steps: straight lines are scheduled as blocks, control flow becomes loops and branches. */
import { internal } from "../../diagnostics/error.js";
import { aval } from "../../ir/aval.js";
import { type Dim, isStatic } from "../../ir/dim.js";
import type { DType } from "../../ir/dtype.js";
import type { KernelOps } from "../../ir/ops/index.js";
import type { AnyEqn, Atom, Literal, Program, Var } from "../../ir/program.js";
import { substitute, substituteAll } from "../../ir/rewrite.js";
import { naming } from "../../ir/size.js";
import type { TileProgram } from "../../ir/tile.js";
import { TileBuilder } from "../../ir/tile-builder.js";
import { Block } from "../schedule/block.js";
import { kernelDType, OtherPoint } from "../schedule/expand.js";
import type { Kept } from "../schedule/rule.js";
import type { Machine } from "../target.js";
import { lowerCond, lowerScan, lowerWhile } from "./control.js";
import { kernelPlan, walks } from "./handed-over.js";
import { isView, makeValue, type Place, type Site, wholeView } from "./place.js";
import { Bindings, type Step } from "./step.js";
import type { Value, View } from "./view.js";

type Core = Program<"core">;

const NONE: Kept = { values: new Set(), exact: false };

/** Steps, and where results lie after them. */
interface Lowered {
  readonly steps: Step[];
  readonly places: readonly Place[];
}

/** A program's equations with its inputs at their places; inputs that are literals are put into them, null leaves one free. */
function bound(
  program: Core,
  inputs: readonly (Place | null)[],
): { readonly eqns: readonly AnyEqn[]; readonly env: Map<Var, View>; readonly outputs: readonly Atom[] } {
  const env = new Map<Var, View>();
  const literals = new Map<Var, Atom>();
  program.inputs.forEach((v, i) => {
    const place = inputs[i];
    if (place === null) return;
    if (isView(place)) env.set(v, place);
    else literals.set(v, place);
  });
  if (literals.size === 0) return { eqns: program.eqns, env, outputs: program.outputs };
  const eqns = program.eqns.map((e) => substitute(e, literals));
  return { eqns, env, outputs: substituteAll(program.outputs, literals) };
}

export class Lowering {
  readonly bindings = new Bindings();
  readonly callbacks: ((...args: readonly unknown[]) => void)[] = [];
  /** Steps that write the literals that kernels want in memory, once for the whole plan. */
  readonly constantSteps: Step[] = [];
  readonly #kernels = new Map<string, TileProgram>();
  readonly #constants = new Map<string, View>();
  readonly #constantValues = new Set<Value>();
  #loops = 0;

  constructor(
    readonly machine: Machine,
    /** Makes a kernel one program with whole blocks; null where its body is fused. */
    readonly whole: ((params: KernelOps["kernel_call"]) => TileProgram) | null = null,
  ) {}

  nextLoop(): number {
    return this.#loops++;
  }
  isConstant(value: Value): boolean {
    return this.#constantValues.has(value);
  }

  /** The steps of `eqns`, and where `outputs` lie after them. */
  block(eqns: readonly AnyEqn[], env: ReadonlyMap<Var, View>, outputs: readonly Atom[], kept: Kept = NONE): Lowered {
    const own = this.#inKernel || this.machine.gpu || !walks.isFilled ? eqns : walks.part(eqns);
    const block = new Block(own, env, outputs, this.#kernels, this.machine, kept, this.#inKernel);
    return this.#steps(block, outputs) ?? internal("a block that needs memory for each program of a grid");
  }
  #steps(block: Block, outputs: readonly Atom[]): Lowered | null {
    const place = (a: Atom): Place => block.place(a) ?? (block.literalOf(a) as Literal);
    const steps: Step[] = [];
    const items = block.write((a) => this.constant(a as Literal));
    if (!items) return null;
    for (const item of items) {
      if (item.kind === "structured") {
        const { eqn } = item;
        this.#structured({
          eqn,
          input: (i) => place(eqn.inputs[i]),
          output: (i) => place(eqn.outputs[i]) as View,
          steps,
        });
        continue;
      }
      for (const launch of item.launches) {
        if (launch.startFrom) steps.push({ kind: "copy", from: launch.startFrom.from, to: launch.startFrom.result });
        if (launch.kernel.stages.length > 0) steps.push({ kind: "launch", launch });
      }
    }
    return { steps, places: outputs.map(place) };
  }

  /**
   * The steps of a program whose inputs lie at `inputs`; inputs that are literals are put into its equations. The first `kept`
   * inputs stay the same while the program is run many times.
   */
  program(program: Core, inputs: readonly Place[], kept = 0): Lowered {
    const { eqns, env, outputs } = bound(program, inputs);
    const values = new Set(inputs.slice(0, kept).flatMap((p) => (isView(p) ? [p.value] : [])));
    return this.block(eqns, env, outputs, { values, exact: false });
  }
  /**
   * All programs of a grid at once, over the whole of what they read and write; null where a program keeps something in memory, or
   * has loops and branches. `ids` are the inputs that say which program it is.
   */
  grid(program: Core, inputs: readonly (Place | null)[], ids: readonly Var[], grid: readonly Dim[]): Lowered | null {
    const { eqns, env, outputs } = bound(program, inputs);
    if (eqns.some((e) => e.effects.length > 0)) return null;
    try {
      const block = new Block(eqns, env, outputs, this.#kernels, this.machine, NONE, true, { ids, grid });
      return this.#steps(block, outputs);
    } catch (e) {
      // steps of loops that may meet
      if (e instanceof OtherPoint) return null;
      throw e;
    }
  }

  #inKernel = false;
  get inKernel(): boolean {
    return this.#inKernel;
  }
  /** As `program`, for the body of a kernel. */
  kernelBody(program: Core, inputs: readonly Place[], kept: number): Lowered {
    this.#inKernel = true;
    const result = this.program(program, inputs, kept);
    this.#inKernel = false;
    return result;
  }

  #structured(site: Site): void {
    naming(site.eqn.prim, () => this.#control(site));
  }
  #control(site: Site): void {
    const { eqn } = site;
    switch (eqn.prim) {
      case "scan":
        lowerScan(this, site, eqn.params);
        return;
      case "while":
        lowerWhile(this, site, eqn.params);
        return;
      case "cond":
        lowerCond(this, site, eqn.params);
        return;
      case "kernel_call":
        kernelPlan.part.lowerCall(this, site, eqn.params);
        return;
      case "debug_callback": {
        const args = eqn.inputs.map((_, i) => this.inMemory(site.input(i)));
        site.steps.push({
          kind: "callback",
          callback: this.callbacks.length,
          args,
          avals: eqn.inputs.map((a) => a.aval),
        });
        this.callbacks.push(eqn.params.callback);
        return;
      }
    }
  }

  inMemory(place: Place): View {
    return isView(place) ? this.bindings.resolve(place) : this.constant(place);
  }
  /** A literal in memory. */
  constant(a: Literal): View {
    const key = `${a.aval.dtype}:${Object.is(a.value, -0) ? "-0" : a.value}`;
    let view = this.#constants.get(key);
    if (!view) {
      const value = makeValue(a.aval, "constant");
      this.#constantValues.add(value);
      view = wholeView(value, a.aval);
      this.constantSteps.push(this.fill(a, view));
      this.#constants.set(key, view);
    }
    return view;
  }
  /** first, first + step, first + 2 step… in memory, i32. */
  counter(length: Dim, first = 0, step = 1): View {
    const key = `counter:${String(length)}:${first}:${step}`;
    let view = this.#constants.get(key);
    if (!view) {
      const a = aval([length], "i32");
      const value = makeValue(a, "counter");
      if (isStatic(length)) value.counter = { first, step, length };
      this.#constantValues.add(value);
      view = wholeView(value, a);
      const b = new TileBuilder("counter");
      const out = b.ref("out0", "i32", "out", length);
      b.stage([length], (i) => {
        const scaled = step === 1 ? i : b.mul(i, b.i32(step));
        b.store(out, i, first === 0 ? scaled : b.add(scaled, b.i32(first)));
      });
      const launch = { kernel: b.finish(), args: [view], inPlace: [], startFrom: null, scratch: [] };
      this.constantSteps.push({ kind: "launch", launch });
      this.#constants.set(key, view);
    }
    return view;
  }
  /** Writes a literal. */
  fill(a: Literal, to: View): Step {
    const dtype: DType = kernelDType(a.aval.dtype);
    const key = `fill:${dtype}:${Object.is(a.value, -0) ? "-0" : a.value}`;
    let kernel = this.#kernels.get(key);
    if (!kernel) {
      const b = new TileBuilder("constant");
      const out = b.ref("out0", dtype, "out", 1);
      b.stage([], () => b.store(out, b.i32(0), b.const(a.value, dtype)));
      kernel = b.finish();
      this.#kernels.set(key, kernel);
    }
    return { kind: "launch", launch: { kernel, args: [to], inPlace: [], startFrom: null, scratch: [] } };
  }
  /** Puts a value into a place. */
  put(place: Place, to: View): Step {
    return isView(place) ? { kind: "copy", from: place, to } : this.fill(place, to);
  }
}
