/** One set of workers with its control block. When one of them fails, the team is dissolved and another one is made. */
import { CONTROL, controlBytes, MAX_TEXT } from "../../util/control-block.js";
import type { Heap } from "../heap.js";
import type { PoolWorker, Spawn } from "./spawn.js";
import type { Sleepers } from "./waking.js";

export interface TeamEvents {
  /** All its workers run. */
  ready(): void;
  /** A worker is gone. */
  lost(why: string): void;
}

const at = (offset: number): number => offset >> 2;

export class Team implements Sleepers {
  readonly control: number;
  readonly words: Int32Array;
  readonly #workers: PoolWorker[] = [];
  #alive = 0;
  #maySleep = true;
  dissolved = false;

  /** Throws what starting a worker throws. */
  constructor(
    readonly heap: Heap,
    readonly threads: number,
    spawn: Spawn,
    events: TeamEvents,
  ) {
    const bytes = controlBytes(threads);
    this.control = heap.allocateBytes(bytes);
    this.words = new Int32Array(heap.buffer, this.control, bytes / 4).fill(0);
    this.words[at(CONTROL.shares)] = 2 * threads;
    try {
      for (let thread = 1; thread < threads; thread++) {
        const worker = spawn({
          alive: () => {
            if (++this.#alive === threads - 1) events.ready();
          },
          lost: (why) => {
            if (!this.dissolved) events.lost(why);
          },
        });
        this.#workers.push(worker);
      }
    } catch (e) {
      this.dissolve();
      throw e;
    }
    this.#send((i) => ({
      memory: heap.memory,
      control: this.control,
      words: this.words.length,
      thread: i + 1,
      drop: [],
    }));
  }

  get aliveWorkers(): number {
    return this.#alive;
  }
  get isReady(): boolean {
    return this.#alive === this.threads - 1;
  }
  /** Whether waiting for the workers keeps the process alive. */
  hold(on: boolean): void {
    for (const w of this.#workers) w.hold(on);
  }

  /** Gives all workers a module, and takes others from them. @internal (declarations name no global that a library lacks) */
  introduce(id: number, module: WebAssembly.Module, drop: readonly number[]): void {
    this.#send(() => ({ id, module, drop }));
  }

  #send(message: (worker: number) => unknown): void {
    const { words } = this;
    this.#workers.forEach((w, i) => {
      // counted first: a worker that had more messages than were counted would wait for the next one
      Atomics.add(words, at(CONTROL.threads + (i + 1) * CONTROL.threadBytes + CONTROL.mail), 1);
      w.post(message(i));
    });
    this.wake();
  }

  wake(): void {
    Atomics.add(this.words, at(CONTROL.wake), 1);
    Atomics.notify(this.words, at(CONTROL.wake));
  }
  get asleep(): boolean {
    return Atomics.load(this.words, at(CONTROL.parked)) !== 0;
  }

  finished(): number {
    return Atomics.load(this.words, at(CONTROL.finished));
  }
  /** How often each thread has taken programs, the caller first. */
  turns(): number[] {
    return Array.from({ length: this.threads }, (_, t) =>
      Atomics.load(this.words, at(CONTROL.threads + t * CONTROL.threadBytes + CONTROL.turns)),
    );
  }
  missing(programs: number): number {
    return programs - this.finished();
  }
  /** Sleeps until something changes or a while has passed, where the thread may sleep: a browser's main thread may not. */
  pause(finished: number): void {
    const { words } = this;
    if (!this.#maySleep) {
      for (let i = 0; i < 1000 && this.finished() === finished; i++);
      return;
    }
    Atomics.store(words, at(CONTROL.waiting), 1);
    try {
      Atomics.wait(words, at(CONTROL.finished), finished, 2);
    } catch {
      this.#maySleep = false;
    }
    Atomics.store(words, at(CONTROL.waiting), 0);
  }
  /** What a worker's trap said. */
  poison(): string | undefined {
    const { words } = this;
    if (Atomics.load(words, at(CONTROL.poison)) === 0) return undefined;
    const length = Math.min(words[at(CONTROL.textLength)], MAX_TEXT);
    const bytes = new Uint8Array(words.buffer, words.byteOffset + CONTROL.text, length).slice();
    return String.fromCharCode(...bytes);
  }

  /**
   * Takes back what nobody has begun of the job in which the caller failed. Gives the number of programs that are finished when
   * everybody is done, undefined when there is no such job.
   */
  withdraw(): number | undefined {
    const { words } = this;
    Atomics.store(words, at(CONTROL.busy), 0);
    const programs = words[at(CONTROL.programs)];
    const own = words[at(CONTROL.threads + CONTROL.taken)];
    words[at(CONTROL.threads + CONTROL.taken)] = 0;
    if (own === 0 && this.finished() === programs) return undefined;
    const claims = new BigInt64Array(words.buffer, words.byteOffset + CONTROL.claim, 1);
    const claim = Atomics.and(claims, 0, ~0xffffffffn);
    return programs - own - Number(claim & 0xffffffffn);
  }
  /** The job is over, whatever was done of it. */
  settle(): void {
    Atomics.store(this.words, at(CONTROL.finished), this.words[at(CONTROL.programs)]);
  }

  /** Ends the workers. The control block stays theirs: one that hangs may write to it until it is gone. */
  dissolve(): void {
    this.dissolved = true;
    for (const w of this.#workers) w.stop();
  }
}
