/**
 * Whether sleeping workers are woken for a job, or the caller does it alone.
 *
 * Where the system puts one that wakes up on the caller's processor, the two work in turn until it moves one of them, which it
 * looks at only now and then, while both are ready to run (virtual machines' idle processors look taken to Linux when it looks
 * for one, so this may happen pause after pause). Long work is worth that: workers are woken for it whatever was before, and within
 * some milliseconds each has a processor of its own; where they have not, there is none, and the caller works alone for a while.
 * Short work after a pause is over before: for it workers are left asleep where waking them was of no use, and tried again now and then.
 */
/** What is asked of a team here. */
export interface Sleepers {
  /** How often each thread has taken programs, the caller first. */
  turns(): readonly number[];
  /** Whether a worker sleeps, or has not got up since it was woken. */
  readonly asleep: boolean;
}

/** Milliseconds in which a worker on a processor of its own has got up: jobs that are shorter say nothing. */
const UP = 0.12;
/** Longer pauses end a spell of work: as long as a worker waits awake. */
const PAUSE = 8;
/** Milliseconds after which a spell is long. */
const LONG = 1;
/** Short spells, one after the other, for which waking was of no use, until workers are left asleep, and until they are tried again. */
const PATIENCE = 2;
const RETRY = 16;
/** Milliseconds of work in turn after which there is no other processor, and those until it is looked for again. */
const IN_TURN = 40;
const REST = 160;
/** So often threads have taken programs of jobs that found all awake, when they work side by side. */
const SIDE_BY_SIDE = 16;

/** Milliseconds between two times that they are woken for short jobs: getting up may take many of those, and they stay awake for the next. */
const APART = 1;

const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);

export class Waking {
  /** When the spell of work began, and when the last job seen of it ended. */
  #begin = -Infinity;
  #end = -Infinity;
  /** Programs taken until then: others were taken in jobs that are not seen here, which found all workers awake. */
  #taken = 0;
  /** Short spells one after the other for which waking was of no use; those since then for which it was not tried. */
  #useless = 0;
  #skipped = 0;
  /** Whether they are woken in this spell. */
  #woken = false;
  /** Since when they have worked in turn, 0 if they don't, and until when they are left asleep for that. */
  #inTurn = 0;
  #until = 0;
  /** When the job at hand began, whether the one before was short, and when they were last woken. */
  #start = 0;
  #wasShort = false;
  #last = -Infinity;
  /** When the job at hand began for which they were woken, 0 without one, and how often programs had been taken then. */
  #since = 0;
  #before: readonly number[] = [];

  /** Before a job for which a worker sleeps: whether the caller does it alone. */
  alone(team: Sleepers): boolean {
    const now = performance.now();
    const turns = team.turns();
    const unseen = sum(turns) - this.#taken;
    if (unseen > SIDE_BY_SIDE) this.#inTurn = 0;
    if (now - this.#end > PAUSE) {
      const wasLong = this.#end - this.#begin > LONG || unseen > 0;
      this.#begin = now;
      this.#inTurn = 0;
      this.#woken = wasLong || this.#useless < PATIENCE || ++this.#skipped >= RETRY;
      if (this.#woken) this.#skipped = 0;
    } else if (now - this.#begin > LONG) this.#woken = true;
    const wake = this.#woken && now >= this.#until && (!this.#wasShort || now - this.#last > APART);
    this.#start = now;
    this.#since = wake ? now : 0;
    if (wake) this.#last = now;
    this.#before = turns;
    return !wake;
  }

  /** After that job. */
  done(team: Sleepers): void {
    const now = performance.now();
    const [own, ...workers] = team.turns();
    const others = sum(workers);
    this.#end = now;
    this.#taken = own + others;
    const since = this.#since;
    this.#since = 0;
    this.#wasShort = now - this.#start < UP;
    if (since === 0 || now - since < UP) return;
    const [ownBefore, ...workersBefore] = this.#before;
    // else a worker ran in the caller's place, or did not run yet
    const helped = own > ownBefore && others > sum(workersBefore) && !team.asleep;
    if (since === this.#begin) this.#useless = helped ? 0 : this.#useless + 1;
    if (helped) this.#inTurn = 0;
    else if (this.#inTurn === 0) this.#inTurn = since;
    else if (now - this.#inTurn > IN_TURN) {
      this.#inTurn = 0;
      this.#until = now + REST;
    }
  }
}
