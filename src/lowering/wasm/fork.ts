/**
 * Stages that are run by several threads, from inside of Wasm: the driver describes a job in the control block
 * (`util/control-block.ts`), does programs of it itself, and goes on when all are done. Only the caller's thread runs the driver.
 *
 * A module with such stages imports two mutable globals, `env.control` (the address of the control block, or 0: then the
 * caller does everything by plain calls) and `env.module` (this module's number in its pool), and `env.wait(control, programs)`, which
 * is called when others are still at work after some thousand looks, when a worker trapped, and around a job for which workers
 * sleep, which the caller may then do by itself (ASLEEP, WAKE, DONE). For workers it exports
 * `work(control, module, thread)`, which runs programs of the job there is, if it is one of this module, until nobody needs help,
 * and `spin(control, thread, mail, looks)`, which returns when there is a job or a message, or after so many looks; its result is
 * the number of looks that were left.
 *
 * Every program is run once, by some thread, and programs of a stage do not touch each other's results: so results do not depend
 * on the number of threads.
 */
import { ASLEEP, CONTROL, DONE, WAKE } from "../../util/control-block.js";
import { range } from "../../util/index.js";
import { WHOLE_RANGE } from "../shares.js";
import { Code, type FunctionType, type ModuleBuilder } from "./assembler.js";

/** Looks at `finished` before the caller asks for help in waiting: about 20 µs. */
const LOOKS = 10_000;

/** Why the caller does a job by itself: there are no workers, or it is too small; workers sleep and are not woken for it. */
const ALWAYS = 1;
const ASLEEP_NOW = 2;

/** Looks for the next job before a worker leaves `work`: the caller is on its way to the next stage of a kernel. */
const STAY = 1_000;

/** A parameter: a word that is the same for all, the range of programs, or the number of the thread (the caller gives 0). */
export type ForkRole = "word" | "begin" | "end" | "thread";

interface ForkedFunction {
  readonly index: number;
  readonly roles: readonly ForkRole[];
}

export class Fork {
  readonly #control: number;
  readonly #id: number;
  readonly #wait: number;
  readonly #stages: ForkedFunction[] = [];
  #work: number | undefined;
  #publish: number | undefined;
  #isAlone: number | undefined;

  constructor(readonly module: ModuleBuilder) {
    this.#wait = module.import("env", "wait", { params: ["i32", "i32"], results: ["i32"] });
    this.#control = module.importGlobal("env", "control");
    this.#id = module.importGlobal("env", "module");
  }

  /**
   * The function `index`, run by all threads: one of the same parameters. It is called for all programs. Where `least` is given, it is
   * one parameter more; 0 says that the caller is to do everything.
   */
  stage(name: string, index: number, roles: readonly ForkRole[], least: number | "given"): number {
    const words = roles.length + (least === "given" ? 1 : 0);
    const type: FunctionType = { params: new Array<"i32">(words).fill("i32"), results: [] };
    const stage = this.#stages.length;
    this.#stages.push({ index, roles });
    const c = new Code(type);
    const alone = c.local("i32");
    if (least === "given") c.get(roles.length).op("i32.eqz").if("i32").i32(ALWAYS).else();
    c.call(this.#alone());
    if (least === "given") c.end();
    c.tee(alone).if();
    roles.forEach((_, i) => c.get(i));
    c.call(index);
    c.get(alone).i32(ASLEEP_NOW).op("i32.eq").if();
    c.globalGet(this.#control).i32(DONE).call(this.#wait).op("drop").end();
    c.else();
    roles.forEach((role, i) => {
      if (role !== "word") return;
      c.globalGet(this.#control)
        .get(i)
        .memory("i32.store", CONTROL.args + 4 * i);
    });
    c.i32(stage).get(roles.indexOf("end"));
    if (least === "given") c.get(roles.length);
    else c.i32(least);
    c.call(this.#publisher()).end();
    return this.module.function(`${name}.fork`, c);
  }
  /** Leaves the number of threads, 0 without workers. */
  threads(c: Code): void {
    c.globalGet(this.#control).op("i32.eqz").if("i32").i32(0).else();
    c.globalGet(this.#control).memory("i32.load", CONTROL.shares).i32(1).op("i32.shr_u").end();
  }

  /** alone(): whether the caller does the job at hand by itself, and why. */
  #alone(): number {
    if (this.#isAlone !== undefined) return this.#isAlone;
    const c = new Code({ params: [], results: ["i32"] });
    const control = c.local("i32");
    c.globalGet(this.#control).tee(control).op("i32.eqz").if().i32(ALWAYS).op("return").end();
    c.get(control).atomic("i32.atomic.load", CONTROL.parked).op("i32.eqz").if().i32(0).op("return").end();
    c.get(control).i32(ASLEEP).call(this.#wait).i32(1).op("i32.shl");
    this.#isAlone = this.module.function("alone", c);
    return this.#isAlone;
  }

  /** publish(stage, programs, least): from the description of a job to its end. */
  #publisher(): number {
    if (this.#publish !== undefined) return this.#publish;
    this.#work = this.module.declare("work", { params: ["i32", "i32", "i32"], results: [] });
    const c = new Code({ params: ["i32", "i32", "i32"], results: [] });
    const [stage, programs, least] = [0, 1, 2];
    const control = c.local("i32");
    const looks = c.local("i32");
    const [threads, each, part, begin, end, asleep] = range(6).map(() => c.local("i32"));
    c.globalGet(this.#control).set(control);
    c.get(control).globalGet(this.#id).memory("i32.store", CONTROL.module);
    c.get(control).get(stage).memory("i32.store", CONTROL.stage);
    c.get(control).get(programs).memory("i32.store", CONTROL.programs);
    c.get(control).i32(1).memory("i32.store", CONTROL.busy);
    c.get(control).i32(0).atomic("i32.atomic.store", CONTROL.finished);
    // ranges of ⌈programs / threads⌉, the last ones shorter or empty
    c.get(control).memory("i32.load", CONTROL.shares).i32(1).op("i32.shr_u").set(threads);
    c.get(programs).get(threads).op("i32.add").i32(1).op("i32.sub").get(threads).op("i32.div_u").set(each);
    c.get(control).get(each).get(least).get(least).i32(WHOLE_RANGE).op("i32.eq").op("select");
    c.memory("i32.store", CONTROL.least);
    c.get(control).set(part).loop();
    c.get(end).set(begin);
    c.get(programs).get(begin).op("i32.sub").set(end);
    c.get(each).get(end).get(each).get(end).op("i32.lt_u").op("select").get(begin).op("i32.add").set(end);
    c.get(part).get(end).op("i64.extend_i32_u").i64(32n).op("i64.shl");
    c.get(begin)
      .op("i64.extend_i32_u")
      .op("i64.or")
      .memory("i64.store", CONTROL.threads + CONTROL.range);
    c.get(part).i32(CONTROL.threadBytes).op("i32.add").set(part);
    c.get(threads).i32(1).op("i32.sub").tee(threads).brIf(0).end();
    // the next number, all programs free: ((claim >> 32) + 1) << 32 | programs
    c.get(control).get(control).atomic("i64.atomic.load", CONTROL.claim);
    c.i64(32n).op("i64.shr_u").i64(1n).op("i64.add").i64(32n).op("i64.shl");
    c.get(programs).op("i64.extend_i32_u").op("i64.or").atomic("i64.atomic.store", CONTROL.claim);
    // whoever is about to sleep has said so before it looked for a job
    c.get(control).atomic("i32.atomic.load", CONTROL.parked).tee(asleep).if();
    c.get(control).i32(WAKE).call(this.#wait).op("drop").end();
    c.get(control).globalGet(this.#id).i32(0).call(this.#work);
    c.block().loop();
    c.get(control).atomic("i32.atomic.load", CONTROL.finished).get(programs).op("i32.eq").brIf(1);
    c.get(looks).i32(1).op("i32.add").tee(looks);
    c.i32(LOOKS).op("i32.lt_u").brIf(0);
    c.get(control).get(programs).call(this.#wait).op("drop");
    c.i32(0).set(looks).br(0).end().end();
    c.get(control).i32(0).atomic("i32.atomic.store", CONTROL.busy);
    c.get(control).memory("i32.load", CONTROL.poison).if();
    c.get(control).get(programs).call(this.#wait).op("drop").end();
    c.get(asleep).if();
    c.get(control).i32(DONE).call(this.#wait).op("drop").end();
    this.#publish = this.module.function("publish", c);
    return this.#publish;
  }

  finish(): void {
    this.#publisher();
    const work = this.#work ?? 0;
    this.module.define(work, this.#workCode());
    this.module.export("work", work);
    this.module.export("spin", this.module.function("spin", spinCode()));
  }

  #workCode(): Code {
    const c = new Code({ params: ["i32", "i32", "i32"], results: [] });
    const [control, id, thread] = [0, 1, 2];
    const claim = c.local("i64");
    const left = c.local("i32");
    const take = c.local("i32");
    const own = c.local("i32");
    const least = c.local("i32");
    const last = c.local("i32");
    const part = c.local("i32");
    const open = c.local("i64");
    const begin = c.local("i32");
    const end = c.local("i32");
    const count = c.local("i32");
    const looks = c.local("i32");
    c.get(control).get(thread).i32(CONTROL.threadBytes).op("i32.mul").op("i32.add").set(own);
    c.get(control).memory("i32.load", CONTROL.shares).i32(1).op("i32.shr_u").i32(1).op("i32.sub");
    c.i32(CONTROL.threadBytes).op("i32.mul").get(control).op("i32.add").set(last);
    c.loop();
    c.get(control).atomic("i64.atomic.load", CONTROL.claim).tee(claim).op("i32.wrap_i64").tee(left).op("i32.eqz").if();
    // for a worker the next job is often there at once
    c.get(looks).i32(1).op("i32.add").tee(looks).i32(STAY).i32(0).get(thread).op("select").op("i32.lt_u").brIf(1);
    c.op("return").end();
    c.get(control).memory("i32.load", CONTROL.module).get(id).op("i32.ne");
    c.if().op("return").end();
    // a part of what is left, so that the last ones are small: max(least, left / shares), at most left
    c.get(left).get(control).memory("i32.load", CONTROL.shares).op("i32.div_u").tee(take);
    c.get(control).memory("i32.load", CONTROL.least).tee(least);
    c.get(take).get(least).op("i32.gt_u").op("select").set(take);
    c.get(left).get(take).get(left).get(take).op("i32.lt_u").op("select").set(take);
    c.get(control).get(claim).get(claim).get(take).op("i64.extend_i32_u").op("i64.sub");
    c.atomic("i64.atomic.rmw.cmpxchg", CONTROL.claim).get(claim).op("i64.ne").brIf(0);
    c.get(own)
      .get(take)
      .memory("i32.store", CONTROL.threads + CONTROL.taken);
    c.get(own)
      .get(own)
      .memory("i32.load", CONTROL.threads + CONTROL.turns)
      .i32(1)
      .op("i32.add");
    c.memory("i32.store", CONTROL.threads + CONTROL.turns);
    // as many as were claimed are in the ranges, whoever else takes some
    c.get(take).set(left).get(own).set(part);
    c.loop();
    c.get(part)
      .atomic("i64.atomic.load", CONTROL.threads + CONTROL.range)
      .tee(open)
      .op("i32.wrap_i64")
      .set(begin);
    c.get(open).i64(32n).op("i64.shr_u").op("i32.wrap_i64").tee(end).get(begin).op("i32.sub").tee(count);
    c.op("i32.eqz").if();
    c.get(part).i32(CONTROL.threadBytes).op("i32.add").tee(part).get(last).op("i32.gt_u").if();
    c.get(control).set(part).end();
    c.br(1).end();
    c.get(count).get(left).get(count).get(left).op("i32.lt_u").op("select").set(count);
    c.get(part).get(open);
    // of its own range the first ones, of another the last
    c.get(part).get(own).op("i32.eq").if("i64");
    c.get(open).get(count).op("i64.extend_i32_u").op("i64.add");
    c.else();
    c.get(end).get(count).op("i32.sub").set(begin);
    c.get(open).get(count).op("i64.extend_i32_u").i64(32n).op("i64.shl").op("i64.sub");
    c.end();
    c.atomic("i64.atomic.rmw.cmpxchg", CONTROL.threads + CONTROL.range)
      .get(open)
      .op("i64.ne")
      .brIf(0);
    for (let i = 0; i <= this.#stages.length; i++) c.block();
    c.get(control).memory("i32.load", CONTROL.stage).brTable(range(this.#stages.length));
    this.#stages.forEach((s, i) => {
      c.end();
      s.roles.forEach((role, a) => {
        if (role === "begin") c.get(begin);
        else if (role === "end") c.get(begin).get(count).op("i32.add");
        else if (role === "thread") c.get(thread);
        else c.get(control).memory("i32.load", CONTROL.args + 4 * a);
      });
      c.call(s.index);
      c.br(this.#stages.length - 1 - i);
    });
    c.end();
    c.get(left).get(count).op("i32.sub").tee(left).brIf(0).end();
    c.get(own)
      .i32(0)
      .memory("i32.store", CONTROL.threads + CONTROL.taken);
    c.get(control).get(take).atomic("i32.atomic.rmw.add", CONTROL.finished).op("drop");
    c.get(control).atomic("i32.atomic.load", CONTROL.waiting).if();
    c.get(control).i32(1).atomic("memory.atomic.notify", CONTROL.finished).op("drop").end();
    c.i32(0).set(looks).br(0).end();
    return c;
  }
}

/** spin(control, thread, mail, looks) */
function spinCode(): Code {
  const c = new Code({ params: ["i32", "i32", "i32", "i32"], results: ["i32"] });
  const [control, thread, mail, looks] = [0, 1, 2, 3];
  c.get(thread).i32(CONTROL.threadBytes).op("i32.mul").get(control).op("i32.add").set(thread);
  c.block().loop();
  c.get(control).atomic("i32.atomic.load", CONTROL.claim).brIf(1);
  c.get(thread)
    .atomic("i32.atomic.load", CONTROL.threads + CONTROL.mail)
    .get(mail)
    .op("i32.ne")
    .brIf(1);
  c.get(looks).i32(1).op("i32.sub").tee(looks).brIf(0).end().end();
  c.get(looks);
  return c;
}
