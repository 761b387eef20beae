/**
 * Whether sleeping workers are woken for a job. Where the system puts one that wakes up on the caller's processor, the two
 * work in turn, and the job takes longer than the caller needs alone: virtual machines' idle processors look taken to Linux when it
 * looks for one, so this may happen call after call as long as calls have pauses between them. Then the caller works alone,
 * and tries again after a while.
 */
/** What is asked of a team here. */
export interface Sleepers {
  /** How often the caller has taken programs. */
  readonly ownTurns: number;
  /** Whether a worker sleeps, or has not got up since it was woken. */
  readonly asleep: boolean;
  wake(): void;
}

/** Milliseconds in which a worker on a processor of its own has got up: jobs that are shorter say nothing. */
const UP = 0.12;
/** Jobs one after the other, done in turn, until workers are left asleep. */
const PATIENCE = 2;
/** Milliseconds until they are woken again, at first and at most. */
const LEAST_REST = 4;
const MOST_REST = 64;

export class Waking {
  #inTurn = 0;
  #rest = LEAST_REST;
  #until = 0;
  /** When they were woken for the job at hand; 0 if they were not. */
  #woken = 0;
  #turns = 0;

  wake(team: Sleepers): void {
    const now = performance.now();
    this.#woken = 0;
    if (now < this.#until) return;
    this.#woken = now;
    this.#turns = team.ownTurns;
    team.wake();
  }

  /** After that job. */
  woken(team: Sleepers): void {
    if (this.#woken === 0) return;
    const now = performance.now();
    if (now - this.#woken < UP) return;
    // a worker ran in the caller's place, or did not run yet
    if (team.ownTurns !== this.#turns && !team.asleep) {
      this.#inTurn = 0;
      this.#rest = LEAST_REST;
    } else if (++this.#inTurn >= PATIENCE) {
      this.#until = now + this.#rest;
      this.#rest = Math.min(MOST_REST, 2 * this.#rest);
    }
  }
}
