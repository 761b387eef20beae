/**
 * Threads for the shared stages of compiled programs. Workers start when the first program with such a stage is about to run; until
 * they are there, and for modules that they have not received, the caller's thread does all the work by itself.
 */
import { fail, internal } from "../../diagnostics/error.js";
import { ASLEEP, DONE, WAKE } from "../../util/control-block.js";
import type { Heap } from "../heap.js";
import { Gain } from "./gain.js";
import type { Spawn } from "./spawn.js";
import { Team } from "./team.js";
import { Waking } from "./waking.js";

export interface PoolOptions {
  /** How many threads are wanted now, the caller's included. */
  readonly threads: () => number;
  /** Milliseconds without progress after which a job's missing programs are an error. */
  readonly timeout: () => number;
  readonly spawn: Spawn;
}

/** Modules that the workers hold at a time. */
const MAX_MODULES = 512;
/** Teams that may be lost before the pool gives up. */
const MAX_LOST = 3;

/** A module of the pool. */
export class Member {
  team: Team | undefined;
  /** @internal */
  readonly gain = new Gain();
  /** Its number, as the module imports it. @internal (declarations name no global that a library lacks) */
  readonly id: WebAssembly.Global;
  /** @internal */
  constructor(
    readonly number: number,
    /** @internal */
    readonly module: WebAssembly.Module,
  ) {
    this.id = new WebAssembly.Global({ value: "i32", mutable: true }, number);
  }
}

export class Pool {
  /** Address of the control block, 0 without workers: what modules import. @internal */
  readonly control: WebAssembly.Global;
  /** Why there are no workers although some were wanted. */
  reason: string | undefined;
  #team: Team | undefined;
  #lost = 0;
  #numbers = 0;
  readonly #waking = new Waking();
  readonly #known = new Set<number>();
  #dropped: number[] = [];
  #waiting: (() => void)[] = [];
  readonly #registry: FinalizationRegistry<number> | undefined;

  constructor(
    readonly heap: Heap,
    readonly options: PoolOptions,
  ) {
    this.control = new WebAssembly.Global({ value: "i32", mutable: true }, 0);
    this.#registry =
      typeof FinalizationRegistry === "undefined"
        ? undefined
        : new FinalizationRegistry((number) => this.#forget(number));
  }

  /** @internal */
  member(module: WebAssembly.Module): Member {
    const member = new Member(++this.#numbers, module);
    this.#registry?.register(member, member.number);
    return member;
  }

  /** Before a run of the member's module: the workers exist and were sent the module. */
  enter(member: Member): void {
    const team = this.#current();
    if (team === undefined || (member.team === team && this.#known.has(member.number))) return;
    member.team = team;
    if (this.#known.size >= MAX_MODULES) {
      for (const oldest of this.#known) {
        this.#forget(oldest);
        break;
      }
    }
    this.#known.add(member.number);
    team.introduce(member.number, member.module, this.#dropped);
    this.#dropped = [];
  }

  /** Right before a run that others are like: until `leave` it may be the caller's alone, where that is faster. */
  begin(member: Member): void {
    if (this.#team?.isReady !== true) return;
    if (member.gain.alone) this.control.value = 0;
    member.gain.begin();
  }
  /** Right after that run. */
  leave(member: Member): void {
    if (this.#team?.isReady !== true) return;
    if (member.gain.alone) this.control.value = this.#team.control;
    member.gain.end();
  }

  /** Starts the workers; resolves when they run, or when it is clear that they don't. */
  async start(): Promise<void> {
    const team = this.#current();
    if (team === undefined || team.isReady) return;
    team.hold(true);
    try {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } finally {
      team.hold(false);
    }
  }

  /** Ends the workers; the next run that wants them starts others. */
  stop(): void {
    const team = this.#team;
    this.#team = undefined;
    this.control.value = 0;
    this.#known.clear();
    this.#dropped = [];
    team?.dissolve();
    this.#wake();
  }

  /** How many threads take part when all are there. */
  get width(): number {
    return this.#team?.threads ?? 1;
  }
  /** How many threads would share a stage that begins now. */
  get threads(): number {
    return 1 + (this.#team?.aliveWorkers ?? 0);
  }

  /** How often each thread of the present team has taken part, the caller first. */
  turns(): readonly number[] {
    return this.#team?.turns() ?? [];
  }

  /** Called by modules while others are at work, when a worker trapped, and around a job for which workers sleep. */
  readonly wait = (control: number, programs: number): number => {
    const team = this.#team;
    if (team === undefined || team.control !== control) internal("a job of a team that is gone");
    if (programs === ASLEEP) return this.#waking.alone(team) ? 1 : 0;
    if (programs === WAKE || programs === DONE) {
      if (programs === WAKE) team.wake();
      else this.#waking.done(team);
      return 0;
    }
    if (!this.#finish(team, programs)) {
      const seconds = this.options.timeout() / 1000;
      fail("TW4008", `${team.missing(programs)} of ${programs} programs were not finished within ${seconds} s`, {});
    }
    const text = team.poison();
    if (text === undefined) return 0;
    this.stop();
    throw new WebAssembly.RuntimeError(text);
  };

  /** After a run that threw: nobody works on its job any more. */
  recover(): void {
    const team = this.#team;
    if (team === undefined) return;
    this.control.value = team.control;
    const programs = team.withdraw();
    if (programs === undefined) return;
    if (!this.#finish(team, programs)) return;
    team.settle();
    if (team.poison() !== undefined) this.stop();
  }

  /** Waits for so many programs; false when nothing moves any more, which is the end of the team. */
  #finish(team: Team, programs: number): boolean {
    let seen = -1;
    let since = 0;
    for (;;) {
      const finished = team.finished();
      if (finished === programs) return true;
      const now = performance.now();
      if (finished !== seen) {
        seen = finished;
        since = now;
      } else if (now - since > this.options.timeout()) {
        this.#lose("a worker did not finish its part");
        return false;
      }
      team.pause(finished);
    }
  }

  /** The team for as many threads as are wanted, started when there is none. */
  #current(): Team | undefined {
    const threads = this.options.threads();
    let team = this.#team;
    if (team !== undefined) {
      if (team.threads === threads) return team;
      this.stop();
    }
    if (threads < 2 || this.reason !== undefined) return undefined;
    try {
      team = new Team(this.heap, threads, this.options.spawn, {
        ready: () => {
          if (team === this.#team) this.#wake();
        },
        lost: (why) => {
          if (team !== undefined && team === this.#team) this.#lose(why);
        },
      });
    } catch (e) {
      this.reason = `workers cannot be started: ${e instanceof Error ? e.message : String(e)}`;
      return undefined;
    }
    this.#team = team;
    this.control.value = team.control;
    return team;
  }

  #lose(why: string): void {
    const started = this.threads > 1;
    if (!started || ++this.#lost >= MAX_LOST) this.reason = started ? `workers are lost again and again: ${why}` : why;
    this.stop();
  }
  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
  #forget(number: number): void {
    if (this.#known.delete(number)) this.#dropped.push(number);
  }
}
