/**
 * The steps of a plan as Wasm functions. Every function of the driver has the same parameters, so that a long list of
 * steps or a large loop body moves into a function of its own: engines compile small functions in linear time.
 */
import { internal } from "../../diagnostics/error.js";
import { type Dim, dimAdd, dimFloorDiv, dimProduct, dimSub, isStatic } from "../../ir/dim.js";
import type { LeastAt, PlanStep, Slot, SlotView } from "../../ir/plan.js";
import type { Program } from "../../ir/program.js";
import type { TileRounds } from "../../ir/tile.js";
import { stageGroups } from "../../ir/tile-rounds.js";
import type { Joint } from "../joint.js";
import { Code, type FunctionType, type ModuleBuilder } from "./assembler.js";
import type { Fork, ForkRole } from "./fork.js";
import type { TableWords } from "./table.js";
import { range } from "../../util/index.js";

/** A stage function of a kernel and its number of programs. */
export interface Stage {
  readonly index: number;
  readonly programs: Dim;
  readonly rounds: TileRounds | undefined;
  /** What it takes after the range of programs. */
  readonly sizes: readonly Dim[];
  /** Runs the programs on all threads: called as the stage itself, but for the fewest programs at once where sizes decide that. */
  readonly fork?: number | undefined;
  readonly least?: LeastAt | undefined;
}

/** Iterations for each thread from which it does not matter that they cannot be shared evenly. */
const EVEN = 4;
/** Steps in one function: beyond this they are cut into several. */
const MAX_STEPS = 128;
/** Parameters of all driver functions; the counters of the loops around come after them. */
const TABLE = 0;
const ARENA = 1;
/** Where threads share loops: the address of the thread's own part of the arena, and for how many threads there is room. */
const OWN = 2;
const ROOM = 3;

type Step<K extends PlanStep["kind"]> = Extract<PlanStep, { kind: K }>;
/** A step by itself, or launches that are one job. */
type Item = PlanStep | Joint;

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
    readonly fork: Fork | undefined,
    /** Launches that are one job, by each of them. */
    readonly joint: ReadonlyMap<Item, Joint> = new Map(),
  ) {
    this.#base = plan.ownBytes > 0 ? 4 : 2;
  }
  /** How many parameters stand before the counters. */
  readonly #base: number;

  /** run(table, arena), or run(table, arena, room) */
  emit(): number {
    if (this.plan.ownBytes === 0) return this.#function("run", this.plan.steps, [], false);
    const steps = this.#function("steps", this.plan.steps, [], false);
    const c = new Code({ params: ["i32", "i32", "i32"], results: [] });
    c.get(TABLE).get(ARENA);
    this.ownPart(c);
    c.get(2).call(steps);
    return this.module.function("run", c);
  }
  /** Leaves the address of the first thread's own part of the arena. */
  ownPart(c: Code): void {
    const { arenaBytes, ownBytes, sized } = this.plan;
    c.get(ARENA);
    if (sized) c.get(TABLE).memory("i32.load", this.words.own("own start") * 4);
    else c.i32(arenaBytes - ownBytes);
    c.op("i32.add");
  }
  /** Leaves a number, or the table's word for it. */
  size(c: Code, d: Dim): void {
    if (isStatic(d)) c.i32(d);
    else c.get(TABLE).memory("i32.load", this.words.size(d) * 4);
  }

  #function(name: string, steps: readonly Item[], loops: readonly number[], alone: boolean): number {
    const c = new Code(words(this.#base + loops.length));
    const emitter = new StepEmitter(this, name, c, new Map(loops.map((loop, i) => [loop, this.#base + i])), alone);
    emitter.steps(steps);
    return this.module.function(name, c);
  }
  /** What a driver function hands on to another. */
  parameters(c: Code, counters: ReadonlyMap<number, number>): void {
    for (let i = 0; i < this.#base; i++) c.get(i);
    for (const local of counters.values()) c.get(local);
  }
  /** A function for these steps, called in place. */
  outline(c: Code, name: string, steps: readonly Item[], counters: ReadonlyMap<number, number>, alone: boolean): void {
    const index = this.#function(name, steps, [...counters.keys()], alone);
    this.parameters(c, counters);
    c.call(index);
  }

  /**
   * Calls the loop's iterations `begin` … `end`-1 on all threads, where that shares them evenly; leaves 1 where it did, else 0.
   * An iteration is one of the loop and the loops that are all its body.
   */
  shareLoop(c: Code, fork: Fork, name: string, loop: Step<"loop">, counters: ReadonlyMap<number, number>): void {
    const levels: Step<"loop">[] = [loop];
    for (let at = loop; at.body.length === 1 && at.body[0].kind === "loop" && at.body[0].independent; levels.push(at))
      at = at.body[0];
    const lengths = levels.map((l) => l.length);
    const count = dimProduct(lengths);
    const outer = [...counters.keys()];
    const begin = this.#base + outer.length;
    const body = new Code(words(begin + 2));
    if (this.plan.ownBytes > 0) {
      // comes as the thread's number
      this.ownPart(body);
      body.get(OWN);
      if (this.plan.sized) body.get(TABLE).memory("i32.load", this.words.own("own bytes") * 4);
      else body.i32(this.plan.ownBytes);
      body.op("i32.mul").op("i32.add").set(OWN);
    }
    const inside = new Map(outer.map((l, i) => [l, this.#base + i]));
    body.loop();
    levels.forEach((level, i) => {
      const counter = body.local("i32");
      const below = dimProduct(lengths.slice(i + 1));
      body.get(begin);
      if (below !== 1) {
        this.size(body, below);
        body.op("i32.div_u");
      }
      if (i > 0) {
        this.size(body, lengths[i]);
        body.op("i32.rem_u");
      }
      if (level.reverse) {
        body.set(counter);
        this.size(body, dimSub(lengths[i], 1));
        body.get(counter).op("i32.sub");
      }
      body.set(counter);
      inside.set(level.loop, counter);
    });
    new StepEmitter(this, name, body, inside, true).steps(levels[levels.length - 1].body);
    body.get(begin).i32(1).op("i32.add").tee(begin);
    body
      .get(begin + 1)
      .op("i32.lt_u")
      .brIf(0)
      .end();
    const roles = range(begin).map((i): ForkRole => (i === OWN && this.#base > OWN ? "thread" : "word"));
    const { shared: least = 1 } = loop;
    const given = typeof least === "function" ? this.words.least(`loop${loop.loop}`, least) : undefined;
    const forked = fork.stage(
      name,
      this.module.function(name, body),
      [...roles, "begin", "end"],
      typeof least === "function" ? "given" : least,
    );
    c.temp("i32", (threads) => {
      fork.threads(c);
      c.tee(threads).i32(1).op("i32.gt_u").if("i32");
      if (this.#base > ROOM) c.get(threads).get(ROOM).op("i32.le_u");
      else c.i32(1);
      this.size(c, count);
      c.get(threads).op("i32.rem_u").op("i32.eqz").get(threads);
      this.size(c, dimFloorDiv(count, EVEN));
      c.op("i32.le_u").op("i32.or").op("i32.and");
      if (given !== undefined)
        c.get(TABLE)
          .memory("i32.load", given * 4)
          .i32(0)
          .op("i32.ne")
          .op("i32.and");
      c.else().i32(0).end().if("i32");
    });
    for (let i = 0; i < this.#base; i++) {
      if (i === OWN) c.i32(0);
      else c.get(i);
    }
    for (const local of counters.values()) c.get(local);
    c.i32(0);
    this.size(c, count);
    if (given !== undefined) c.get(TABLE).memory("i32.load", given * 4);
    c.call(forked).i32(1).else().i32(0).end();
  }
  /** Calls the launches of a job on all threads, each of them on one. */
  shareLaunches(c: Code, fork: Fork, name: string, joint: Joint, counters: ReadonlyMap<number, number>): void {
    const outer = [...counters.keys()];
    const begin = this.#base + outer.length;
    const body = new Code(words(begin + 2));
    const emitter = new StepEmitter(this, name, body, new Map(outer.map((l, i) => [l, this.#base + i])), true);
    joint.launches.forEach((launch, i) => {
      body.get(begin).i32(i).op("i32.le_u").i32(i);
      body
        .get(begin + 1)
        .op("i32.lt_u")
        .op("i32.and")
        .if();
      emitter.steps([launch]);
      body.end();
    });
    const roles = range(begin).map((): ForkRole => "word");
    const forked = fork.stage(name, this.module.function(name, body), [...roles, "begin", "end"], joint.least);
    this.parameters(c, counters);
    c.i32(0).i32(joint.launches.length).call(forked);
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

const words = (n: number): FunctionType => ({ params: new Array<"i32">(n).fill("i32"), results: [] });

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
    /** One thread of several runs this, by itself. */
    readonly alone: boolean,
  ) {}

  steps(steps: readonly Item[]): void {
    const items = this.#joined(steps);
    if (items.length <= MAX_STEPS) {
      for (const s of items) this.#step(s);
      return;
    }
    for (let i = 0; i < items.length; i += MAX_STEPS) this.#outline(items.slice(i, i + MAX_STEPS), this.counters);
  }
  #joined(steps: readonly Item[]): readonly Item[] {
    const { fork, mark, joint } = this.driver;
    if (!fork || mark !== undefined || this.alone) return steps;
    return steps.flatMap((s) => {
      const job = joint.get(s);
      return !job ? [s] : job.launches[0] === s ? [job] : [];
    });
  }
  /** The steps of a loop or branch: inline when few. */
  #inner(steps: readonly PlanStep[], counters: ReadonlyMap<number, number>): void {
    if (countSteps(steps) > MAX_STEPS / 4) this.#outline(steps, counters);
    else new StepEmitter(this.driver, `${this.name}.${this.#parts++}`, this.c, counters, this.alone).steps(steps);
  }
  #outline(steps: readonly Item[], counters: ReadonlyMap<number, number>): void {
    this.driver.outline(this.c, `${this.name}.${this.#parts++}`, steps, counters, this.alone);
  }

  #step(s: Item): void {
    const { c } = this;
    switch (s.kind) {
      case "joint": {
        const { fork } = this.driver;
        if (!fork) internal("a job of a module without threads");
        this.driver.shareLaunches(c, fork, `${this.name}.${this.#parts++}.joint`, s, this.counters);
        return;
      }
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
        const { fork, mark } = this.driver;
        const isShared = s.shared !== undefined && fork !== undefined && mark === undefined && !this.alone;
        if (isShared) {
          this.driver.shareLoop(c, fork, `${this.name}.${this.#parts++}.shared`, s, this.counters);
          c.op("i32.eqz").if();
        }
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
        if (isShared) c.end();
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
    for (const { rounds, stages } of stageGroups(this.driver.stages(s))) {
      if (!rounds) {
        for (const stage of stages) this.#stage(s, stage);
        continue;
      }
      if (rounds.count <= 0) continue;
      c.temp("i32", (left) => {
        c.i32(rounds.count).set(left).loop();
        for (const stage of stages) this.#stage(s, stage);
        c.get(left).i32(1).op("i32.sub").tee(left).brIf(0).end();
      });
    }
  }
  #stage(s: Step<"launch">, stage: Stage): void {
    const { c } = this;
    if (stage.programs === 0) return;
    for (const a of s.args) this.#address(a);
    c.i32(0);
    this.#size(stage.programs);
    for (const d of stage.sizes) this.#size(d);
    const fork = this.alone ? undefined : stage.fork;
    if (fork !== undefined && stage.least) {
      const word = this.driver.words.least(String(stage.index), stage.least);
      c.get(TABLE).memory("i32.load", word * 4);
    }
    c.call(fork ?? stage.index);
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
    this.driver.size(this.c, d);
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
    if (slot.space === "own") {
      c.get(OWN);
      return dimAdd(slot.offset, offset);
    }
    if (slot.space === "sized" || slot.space === "own sized") {
      c.get(slot.space === "sized" ? ARENA : OWN);
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
