/**
 * The steps of a plan as Wasm functions. Every function of the driver has the same parameters, so that a long list of
 * steps or a large loop body moves into a function of its own: engines compile small functions in linear time.
 */
import { internal } from "../../diagnostics/error.js";
import { type Dim, dimAdd, isStatic } from "../../ir/dim.js";
import type { PlanStep, Slot, SlotView } from "../../ir/plan.js";
import type { Program } from "../../ir/program.js";
import { Code, type FunctionType, type ModuleBuilder } from "./assembler.js";
import type { TableWords } from "./table.js";
import { range } from "../../util/index.js";

/** A stage function of a kernel and its number of programs. */
export interface Stage {
  readonly index: number;
  readonly programs: Dim;
  /** What it takes after the range of programs. */
  readonly sizes: readonly Dim[];
  /** Runs the programs on all threads: called as the stage itself. */
  readonly fork?: number | undefined;
}

/** Steps in one function: beyond this they are cut into several. */
const MAX_STEPS = 128;
/** Parameters of all driver functions; the counters of the loops around come after them. */
const TABLE = 0;
const ARENA = 1;

type Step<K extends PlanStep["kind"]> = Extract<PlanStep, { kind: K }>;

export class Driver {
  #sites = 0;
  constructor(
    readonly module: ModuleBuilder,
    readonly plan: Program<"plan">,
    /** Stages of a launch's kernel, in order. */
    readonly stages: (step: Step<"launch">) => readonly Stage[],
    readonly callback: number | undefined,
    readonly simd: boolean,
    /** Called with the number of each launch or copy when it is over, where times are taken. */
    readonly mark: number | undefined,
    readonly words: TableWords,
  ) {}

  /** run(table, arena) */
  emit(): number {
    return this.#function("run", this.plan.steps, []);
  }

  #function(name: string, steps: readonly PlanStep[], loops: readonly number[]): number {
    const type: FunctionType = { params: ["i32", "i32", ...loops.map(() => "i32" as const)], results: [] };
    const c = new Code(type);
    const emitter = new StepEmitter(this, name, c, new Map(loops.map((loop, i) => [loop, 2 + i])));
    emitter.steps(steps);
    return this.module.function(name, c);
  }
  /** A function for these steps, called in place. */
  outline(c: Code, name: string, steps: readonly PlanStep[], counters: ReadonlyMap<number, number>): void {
    const index = this.#function(name, steps, [...counters.keys()]);
    c.get(TABLE).get(ARENA);
    for (const local of counters.values()) c.get(local);
    c.call(index);
  }
  site(): number {
    return this.#sites++;
  }
  timed(s: TimedStep): number {
    this.#timed ??= new Map(timedSteps(this.plan.steps).map((t, i) => [t, i]));
    return this.#timed.get(s) ?? internal("a step of another plan");
  }
  #timed: ReadonlyMap<TimedStep, number> | undefined;
}

export type TimedStep = Step<"launch"> | Step<"copy">;

/** Launches and copies in the plan's order: a step's position is the number that it is marked with. */
export function timedSteps(steps: readonly PlanStep[]): TimedStep[] {
  return steps.flatMap((s): TimedStep[] => {
    switch (s.kind) {
      case "launch":
      case "copy":
        return [s];
      case "loop":
        return timedSteps(s.body);
      case "while":
        return [...timedSteps(s.cond), ...timedSteps(s.body)];
      case "switch":
        return s.cases.flatMap(timedSteps);
      case "callback":
        return [];
    }
  });
}

function countSteps(steps: readonly PlanStep[]): number {
  let n = 0;
  for (const s of steps) {
    n++;
    if (s.kind === "loop") n += countSteps(s.body);
    else if (s.kind === "while") n += countSteps(s.cond) + countSteps(s.body);
    else if (s.kind === "switch") for (const k of s.cases) n += countSteps(k);
  }
  return n;
}

class StepEmitter {
  #parts = 0;
  constructor(
    readonly driver: Driver,
    readonly name: string,
    readonly c: Code,
    /** Loop id → local that holds its counter. */
    readonly counters: ReadonlyMap<number, number>,
  ) {}

  steps(steps: readonly PlanStep[]): void {
    if (steps.length <= MAX_STEPS) {
      for (const s of steps) this.#step(s);
      return;
    }
    for (let i = 0; i < steps.length; i += MAX_STEPS) this.#outline(steps.slice(i, i + MAX_STEPS), this.counters);
  }
  /** The steps of a loop or branch: inline when few. */
  #inner(steps: readonly PlanStep[], counters: ReadonlyMap<number, number>): void {
    if (countSteps(steps) > MAX_STEPS / 4) this.#outline(steps, counters);
    else new StepEmitter(this.driver, `${this.name}.${this.#parts++}`, this.c, counters).steps(steps);
  }
  #outline(steps: readonly PlanStep[], counters: ReadonlyMap<number, number>): void {
    this.driver.outline(this.c, `${this.name}.${this.#parts++}`, steps, counters);
  }

  #step(s: PlanStep): void {
    const { c } = this;
    switch (s.kind) {
      case "launch":
        this.#launch(s);
        this.#mark(s);
        return;
      case "copy":
        this.#copy(s);
        this.#mark(s);
        return;
      case "loop": {
        if (isStatic(s.length) && s.length <= 0) return;
        const counter = c.local("i32");
        const guarded = !isStatic(s.length);
        if (guarded) {
          this.#size(s.length);
          c.i32(0).op("i32.gt_s").if();
        }
        if (!s.reverse) c.i32(0);
        else if (isStatic(s.length)) c.i32(s.length - 1);
        else {
          this.#size(s.length);
          c.i32(1).op("i32.sub");
        }
        c.set(counter).loop();
        this.#inner(s.body, new Map([...this.counters, [s.loop, counter]]));
        c.get(counter)
          .i32(s.reverse ? -1 : 1)
          .op("i32.add")
          .tee(counter);
        if (s.reverse) c.i32(-1);
        else this.#size(s.length);
        c.op("i32.ne").brIf(0).end();
        if (guarded) c.end();
        return;
      }
      case "while":
        c.block().loop();
        this.#inner(s.cond, this.counters);
        this.#address(s.test);
        c.memory("i32.load8_u").op("i32.eqz").brIf(1);
        this.#inner(s.body, this.counters);
        c.br(0).end().end();
        return;
      case "switch":
        this.#switch(s);
        return;
      case "callback": {
        const { callback } = this.driver;
        if (callback === undefined) internal("a callback in a module without the import");
        const site = this.driver.site();
        s.args.forEach((a, position) => {
          c.i32(site).i32(position);
          this.#address(a);
          c.call(callback);
        });
        if (s.args.length === 0) c.i32(site).i32(0).i32(0).call(callback);
        return;
      }
    }
  }

  #mark(s: TimedStep): void {
    const { mark } = this.driver;
    if (mark !== undefined) this.c.i32(this.driver.timed(s)).call(mark);
  }

  #launch(s: Step<"launch">): void {
    const { c } = this;
    const { refs } = s.kernel;
    if (refs.length !== s.args.length) internal(`${s.kernel.name} has ${refs.length} refs and gets ${s.args.length}`);
    for (const stage of this.driver.stages(s)) {
      if (stage.programs === 0) continue;
      for (const a of s.args) this.#address(a);
      c.i32(0);
      this.#size(stage.programs);
      for (const d of stage.sizes) this.#size(d);
      c.call(stage.fork ?? stage.index);
    }
  }

  #copy({ from, to, bytes }: Step<"copy">): void {
    const { c } = this;
    if (bytes === 0) return;
    this.#address(to);
    this.#address(from);
    // one load and one store, where there is one of that size: memory.copy is a call into the engine
    if (bytes === 1) c.memory("i32.load8_u").memory("i32.store8");
    else if (bytes === 2) c.memory("i32.load16_u").memory("i32.store16");
    else if (bytes === 4) c.memory("i32.load").memory("i32.store");
    else if (bytes === 8) c.memory("i64.load").memory("i64.store");
    else if (bytes === 16 && this.driver.simd) c.memory("v128.load").memory("v128.store");
    else {
      this.#size(bytes);
      c.memoryCopy();
    }
  }
  /** A number, or the table's word for it. */
  #size(d: Dim): void {
    if (isStatic(d)) this.c.i32(d);
    else this.c.get(TABLE).memory("i32.load", this.driver.words.size(d) * 4);
  }
  #add(d: Dim): void {
    if (d === 0) return;
    this.#size(d);
    this.c.op("i32.add");
  }

  /** cases[clamp(index)] */
  #switch(s: Step<"switch">): void {
    const { c } = this;
    const count = s.cases.length;
    if (count === 0) internal("a switch without cases");
    if (count === 1) {
      this.#inner(s.cases[0], this.counters);
      return;
    }
    const index = (): void => {
      this.#address(s.index);
      c.memory(s.bool ? "i32.load8_u" : "i32.load");
    };
    if (count === 2) {
      index();
      c.i32(0).op("i32.gt_s").if();
      this.#inner(s.cases[1], this.counters);
      if (s.cases[0].length > 0) {
        c.else();
        this.#inner(s.cases[0], this.counters);
      }
      c.end();
      return;
    }
    // one block around all, then one block for each case, the first case innermost
    for (let i = 0; i <= count; i++) c.block();
    c.temp("i32", (x) => {
      c.i32(0);
      index();
      c.tee(x).get(x).i32(0).op("i32.lt_s").op("select");
    });
    c.brTable(range(count));
    s.cases.forEach((steps, i) => {
      c.end();
      this.#inner(steps, this.counters);
      c.br(count - 1 - i);
    });
    c.end();
  }

  #address({ slot, offset, follow }: SlotView): void {
    const { c } = this;
    this.#add(this.#base(slot, offset));
    for (const { loop, stride } of follow ?? []) {
      const counter = this.counters.get(loop) ?? internal(`a view follows loop ${loop} from outside of it`);
      c.get(counter);
      if (stride !== 1) {
        this.#size(stride);
        c.op("i32.mul");
      }
      c.op("i32.add");
    }
  }
  /** Leaves the address that the slot's offset counts from; gives the bytes to add. */
  #base(slot: Slot, offset: Dim): Dim {
    const { c } = this;
    if (slot.space === "arena") {
      c.get(ARENA);
      return dimAdd(slot.offset, offset);
    }
    if (slot.space === "sized") {
      c.get(ARENA);
      c.get(TABLE)
        .memory("i32.load", this.driver.words.offset(slot.offset) * 4)
        .op("i32.add");
      return offset;
    }
    const position = slot.space === "input" ? slot.offset : this.driver.plan.inputs.length + slot.offset;
    c.get(TABLE).memory("i32.load", position * 4);
    return offset;
  }
}
