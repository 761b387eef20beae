/** Runs a program equation by equation, as eager work does. What was looked up for it is kept with the program. */
import { avalSame } from "../ir/aval.js";
import { type AnyEqn, type Atom, isVar, type Literal, type Program, type Var } from "../ir/program.js";
import type { Evaluator } from "./frame.js";
import { type Cell, Tensor } from "./tensor.js";

type Core = Program<"core">;
/** An operand: the slot of a variable, or a literal. */
type Place = number | Literal;

interface Step {
  readonly eqn: AnyEqn;
  readonly inputs: readonly Place[];
  /** Slot of the first result; the others follow. */
  readonly first: number;
  /** Slots that are read here for the last time: their memory is given back at once. */
  readonly dying: readonly number[];
  prepared: ReturnType<NonNullable<Evaluator["prepare"]>>;
}
interface Run {
  readonly steps: readonly Step[];
  readonly outputs: readonly Place[];
  readonly slots: number;
}

const runs = new WeakMap<Core, Run>();

export function runProgram(evaluator: Evaluator, program: Core, args: readonly Tensor[]): Tensor[] {
  let run = runs.get(program);
  if (!run) {
    run = plan(program);
    runs.set(program, run);
  }
  const cells = new Array<Cell>(run.slots);
  let expected = true;
  for (let i = 0; i < args.length; i++) {
    const cell = Tensor.source(args[i]).cell("an operation");
    const [is, should] = [cell.aval, program.inputs[i].aval];
    if (is !== should && !(avalSame(is, should) && !is.weak === !should.weak)) expected = false;
    cells[i] = cell;
  }
  for (const step of run.steps) {
    const inputs = new Array<Cell | Literal>(step.inputs.length);
    for (let i = 0; i < inputs.length; i++) {
      const place = step.inputs[i];
      inputs[i] = typeof place === "number" ? cells[place] : place;
    }
    if (expected) step.prepared ??= evaluator.prepare?.(step.eqn, inputs);
    const results = expected && step.prepared ? step.prepared(inputs) : evaluator.evaluate(step.eqn, inputs);
    for (let i = 0; i < results.length; i++) cells[step.first + i] = results[i];
    for (const slot of step.dying) cells[slot].dispose();
  }
  return run.outputs.map(
    (place) => new Tensor(typeof place === "number" ? cells[place] : evaluator.constant(place.value, place.aval)),
  );
}

function plan(program: Core): Run {
  const slot = new Map<Var, number>();
  const place = (a: Atom): Place => (isVar(a) ? (slot.get(a) as number) : a);
  for (const v of program.inputs) slot.set(v, slot.size);
  const firsts = program.eqns.map((eqn) => {
    const first = slot.size;
    for (const v of eqn.outputs) slot.set(v, slot.size);
    return first;
  });
  const seen = new Set<Atom>([...program.inputs, ...program.outputs]);
  const steps: Step[] = [];
  for (let i = program.eqns.length - 1; i >= 0; i--) {
    const eqn = program.eqns[i];
    const dying: number[] = [];
    for (const a of [...eqn.inputs, ...eqn.outputs]) {
      if (!isVar(a) || seen.has(a)) continue;
      seen.add(a);
      dying.push(slot.get(a) as number);
    }
    steps.push({ eqn, inputs: eqn.inputs.map(place), first: firsts[i], dying, prepared: undefined });
  }
  return { steps: steps.reverse(), outputs: program.outputs.map(place), slots: slot.size };
}
