/**
 * Copies of operands that stay the same while a loop runs are made once, before it, and copies of what stays the same from
 * call to call in a plan of their own. A contraction packs an operand in stages of
 * its own kernel; where all that such a stage reads is written nowhere in the loop, the stage becomes a kernel in front of the
 * loop, and contractions that pack the same operand in the same way share the copy. (Equations that do not change were moved
 * out of loops before, by `simplify`: what is left are stages that the schedule adds.)
 */
import { isStatic } from "../../ir/dim.js";
import type { TileProgram } from "../../ir/tile.js";
import { tileKey } from "../../ir/tile-key.js";
import type { Launch } from "../schedule/write.js";
import { type Preparation, preparationsOf, splitKernel } from "./split.js";
import { type Bindings, forEachViewInside, type Step } from "./step.js";
import { Value, type View, viewKey } from "./view.js";

type LaunchStep = Extract<Step, { readonly kind: "launch" }>;
interface Parts {
  readonly before: readonly LaunchStep[];
  readonly body: readonly Step[];
}

export class Hoist {
  /** Steps that only prepare: they move as they are. */
  readonly #prepared = new Set<Step>();

  constructor(readonly bindings: Bindings) {}

  steps(steps: readonly Step[]): readonly Step[] {
    // most plans have no loops, and most loops nothing to prepare
    if (!steps.some((s) => s.kind === "loop" || s.kind === "while" || s.kind === "switch")) return steps;
    return steps.flatMap((step): readonly Step[] => {
      switch (step.kind) {
        case "loop": {
          const inner = this.steps(step.body);
          // done once or never: nothing is gained
          if (isStatic(step.length) && step.length < 2) return [{ ...step, body: inner }];
          const { before, body } = this.#beforeLoop(inner, [], step.loop);
          return [...before, { ...step, body }];
        }
        case "while": {
          const cond = this.steps(step.cond);
          const { before, body } = this.#beforeLoop(this.steps(step.body), cond, null);
          return [...before, { ...step, cond, body }];
        }
        case "switch":
          return [{ ...step, cases: step.cases.map((c) => this.steps(c)) }];
        default:
          return [step];
      }
    });
  }

  /** What only copies from these values, and the rest of the steps; not where sizes with names say how much is copied. */
  ofKept(steps: readonly Step[], kept: ReadonlySet<Value>): Parts {
    const stays = (view: View): boolean => {
      const { value, follow } = this.bindings.resolve(view);
      return kept.has(value) && follow.length === 0;
    };
    return this.#takeOut(steps, stays, ({ refs, stages }) =>
      [...refs.map((r) => r.size), ...stages.flatMap((s) => s.grid)].every(isStatic),
    );
  }

  /** What can be done before the loop, and what remains of its body. `loop`: the counter that the body counts by. */
  #beforeLoop(steps: readonly Step[], cond: readonly Step[], loop: number | null): Parts {
    if (
      !steps.some((s) => s.kind === "launch" && (this.#prepared.has(s) || preparationsOf(s.launch.kernel).length > 0))
    )
      return { before: [], body: steps };
    const changed = this.#written([...cond, ...steps]);
    const stays = (view: View): boolean => {
      const { value, follow } = this.bindings.resolve(view);
      return !changed.has(value) && follow.every((f) => f.loop !== loop);
    };
    return this.#takeOut(steps, stays, () => true);
  }

  /** Preparations that read only what stays, where their kernels suit, and what remains. */
  #takeOut(steps: readonly Step[], stays: (view: View) => boolean, suits: (kernel: TileProgram) => boolean): Parts {
    const before: LaunchStep[] = [];
    const copies = new Map<string, View>();
    const body = steps.flatMap((step): readonly Step[] => {
      if (step.kind !== "launch") return [step];
      const { kernel, args } = step.launch;
      if (this.#prepared.has(step)) {
        const out = kernel.refs.findIndex((r) => r.role === "out");
        if (!args.every((a, i) => i === out || stays(a)) || !suits(kernel)) return [step];
        before.push(step);
        return [];
      }
      const apart = suits(kernel) ? preparationsOf(kernel).filter((p) => p.reads.every((i) => stays(args[i]))) : [];
      return apart.length === 0 ? [step] : [this.#split(step, apart, copies, before)];
    });
    return { before, body };
  }

  /** The launch without these stages; what they make is made in `before`, or lies there already. */
  #split(
    { launch }: LaunchStep,
    apart: readonly Preparation[],
    copies: Map<string, View>,
    before: LaunchStep[],
  ): LaunchStep {
    const { args } = launch;
    const { parts, rest } = splitKernel(launch.kernel, apart);
    const own = [...args];
    apart.forEach(({ reads, writes }, i) => {
      const { kernel, refs } = parts[i];
      const key = `${tileKey(kernel)} ${reads.map((r) => viewKey(this.bindings.resolve(args[r]))).join()}`;
      let copy = copies.get(key);
      if (!copy) {
        const { value, ...view } = args[writes];
        copy = { ...view, value: new Value(value.bytes, kernel.name) };
        copies.set(key, copy);
        const made = copy;
        const step: LaunchStep = {
          kind: "launch",
          launch: {
            kernel,
            args: refs.map((r) => (r === writes ? made : args[r])),
            inPlace: [],
            startFrom: null,
            scratch: [],
          },
        };
        this.#prepared.add(step);
        before.push(step);
      }
      own[writes] = copy;
    });
    const position = new Map(rest.refs.map((r, i) => [r, i]));
    const inPlace = launch.inPlace.flatMap(({ output, input }) => {
      const [o, i] = [position.get(output), position.get(input)];
      return o === undefined || i === undefined ? [] : [{ output: o, input: i }];
    });
    const gone = new Set(apart.map((p) => args[p.writes].value));
    const remaining: Launch = {
      kernel: rest.kernel,
      args: rest.refs.map((r) => own[r]),
      inPlace,
      startFrom: launch.startFrom,
      scratch: launch.scratch.filter((v) => !gone.has(v)),
    };
    return { kind: "launch", launch: remaining };
  }

  /** What these steps write, those inside of loops and branches too. */
  #written(steps: readonly Step[]): ReadonlySet<Value> {
    const result = new Set<Value>();
    const visit = (list: readonly Step[]): void => {
      for (const s of list) {
        switch (s.kind) {
          case "launch":
            s.launch.kernel.refs.forEach((r, i) => {
              if (r.role !== "in") result.add(this.bindings.resolve(s.launch.args[i]).value);
            });
            break;
          case "copy":
            result.add(this.bindings.resolve(s.to).value);
            break;
          case "loop":
            visit(s.body);
            break;
          case "while":
            visit(s.cond);
            visit(s.body);
            break;
          case "switch":
            s.cases.forEach(visit);
            break;
          case "define":
            // what is made from here on
            forEachViewInside(s, this.bindings, ({ value }) => result.add(value));
            break;
          case "callback":
        }
      }
    };
    visit(steps);
    return result;
  }
}
