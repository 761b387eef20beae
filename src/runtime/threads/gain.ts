/**
 * Whether a short program gains from sharing its stages among threads here and now. That depends on what no estimate knows: where
 * the system put the threads. Between two processors with a cache in common a line goes over in a third of the time that it takes
 * between others, and in a virtual machine the one becomes the other without notice. So calls are timed, with all threads and, now
 * and then, by the caller alone; a program that is slower with all of them is left to the caller, and tried again after a while.
 */

/** Calls until anything is timed: code is optimised meanwhile. */
const WARM = 64;
/** Milliseconds of calls in a trial: until then each thread has a processor of its own, if there are enough. */
const TRIAL = 40;
/** Calls that are timed for the caller alone, at most and at least; the first does not count. */
const PROBES = 9;
const FEWEST = 3;
/** Milliseconds of a call from which it is shared in any case. */
const LONG = 2;
/** Once it is known that a program gains, one of so many calls is timed, and looked at after so many of those. */
const EVERY = 8;
const WINDOW = 32;
/** So much slower is slower (threads that have no processor yet, and rest, are not); so much faster has not to be compared again. */
const LOSS = 1.1;
const CLEAR = 0.85;
/** A trial costs at most one part in so many of the time in which it is not tried, and the more seldom the more often it was in vain. */
const SHARE_OF_TRIALS = 10;
const MOST_VAIN = 7;
/** So many trials in vain one after the other until the program is left to the caller: the first may have met code that was not optimised. */
const PATIENCE = 4;

type State = "warm" | "trial" | "probe" | "shared" | "alone" | "long";

export class Gain {
  #state: State = "warm";
  #calls = 0;
  #start = 0;
  /** Milliseconds of the calls that were timed in this state, and their sum. */
  #times: number[] = [];
  #sum = 0;
  /** Milliseconds of a call with all threads and by the caller alone, as last measured. */
  #together = 0;
  #byItself = 0;
  #vain = 0;

  /** Whether the caller does the next call by itself. */
  get alone(): boolean {
    return this.#state === "alone" || this.#state === "probe";
  }

  /** Before a call. */
  begin(): void {
    const state = this.#state;
    const isTimed = state === "trial" || state === "probe" || (state === "shared" && this.#calls % EVERY === 0);
    this.#start = isTimed ? performance.now() : 0;
  }

  /** After that call. */
  end(): void {
    this.#calls++;
    if (this.#start !== 0) {
      const time = performance.now() - this.#start;
      this.#times.push(time);
      this.#sum += time;
    }
    const count = this.#times.length;
    switch (this.#state) {
      case "warm":
        if (this.#calls >= WARM) this.#enter("trial");
        break;
      case "trial":
        if (count === WINDOW && this.#quartile() < CLEAR * this.#byItself) this.#settle("shared");
        else if (this.#sum >= TRIAL) {
          this.#together = this.#quartile();
          if (this.#together > LONG) this.#enter("long");
          else this.#enter("probe");
        }
        break;
      case "probe":
        if (count < PROBES && (count < FEWEST || this.#sum < LONG)) break;
        this.#times.shift();
        this.#byItself = this.#quartile();
        this.#settle(this.#together < LOSS * this.#byItself ? "shared" : "alone");
        break;
      case "shared":
        if (count < WINDOW) break;
        if (this.#quartile() > LOSS * this.#byItself) this.#enter("trial");
        else this.#enter("shared");
        break;
      case "alone":
        if (this.#calls * this.#byItself >= TRIAL * SHARE_OF_TRIALS * 2 ** (this.#vain - PATIENCE))
          this.#enter("trial");
        break;
    }
  }

  #settle(state: "shared" | "alone"): void {
    this.#vain = state === "shared" ? 0 : Math.min(MOST_VAIN, this.#vain + 1);
    this.#enter(state === "alone" && this.#vain < PATIENCE ? "trial" : state);
  }
  #enter(state: State): void {
    this.#state = state;
    this.#calls = 0;
    this.#times = [];
    this.#sum = 0;
  }
  /** A time that a quarter of the calls do not exceed: others were disturbed, or waited for a processor. */
  #quartile(): number {
    return [...this.#times].sort((a, b) => a - b)[this.#times.length >> 2];
  }
}
