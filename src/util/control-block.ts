/**
 * The control block: the part of shared memory through which one thread (the caller) shares jobs with the workers of its
 * pool. Compiled modules and the pool agree on it. Byte offsets; what different threads write often lies 128 bytes apart.
 *
 * A job is one stage of a kernel: programs 0 … PROGRAMS-1, to be run in any order. CLAIM holds the number of programs that
 * nobody has taken (low half) and the number of the job (high half). Who takes some replaces the whole word by
 * compare-and-exchange: that succeeds only while this job has programs left, and a job with programs left is not over, so
 * what was read of its description before is right. A worker that comes late finds nothing or another job, never half of each.
 *
 * CLAIM says how many programs a thread may take; which ones is decided next. Each thread has a RANGE, an even part of the
 * job: it takes the first ones of its own range, and when that is empty, the last ones of another's. Ranges change only while
 * the job has programs that were claimed and not finished, their starts only grow and their ends only shrink, so here, too,
 * compare-and-exchange cannot succeed by mistake. In stage after stage the same rows of an array are most often worked on by
 * the same thread, in whose cache they lie.
 */
export const CONTROL = {
  /** i64 */
  claim: 0,
  /** Programs that were run; the job is over when all are. */
  finished: 128,
  /** 1 while the caller sleeps on `finished`. */
  waiting: 132,
  /** Workers that sleep on `wake`, or are about to. */
  parked: 256,
  /** Counts the reasons to wake up. */
  wake: 260,
  /** 1 after a worker trapped: `text` says why. */
  poison: 384,
  textLength: 388,
  text: 392,
  /** Description of the job, written by the caller while there is none. */
  module: 1024,
  stage: 1028,
  programs: 1032,
  /** No thread takes fewer programs at once, as long as there are as many. */
  least: 1036,
  /** Twice the number of threads, set once. */
  shares: 1040,
  /** 1 from the description of a job until the caller has seen its end. */
  busy: 1044,
  /** Words of the stage's parameters: addresses of its buffers, then (two left out) sizes. */
  args: 1048,
  /** What belongs to one thread: thread t's part starts at threads + t·threadBytes. The caller is thread 0. */
  threads: 8192,
  threadBytes: 128,
  /** In a thread's part: messages that were sent to it. */
  mail: 0,
  /** In a thread's part: programs that it has taken and not finished. */
  taken: 4,
  /** In a thread's part: 1 since it is there. */
  alive: 8,
  /** In a thread's part: how often it has taken programs. */
  turns: 12,
  /** In a thread's part, i64: the first program of its range (low half), and the one after the last. */
  range: 16,
} as const;

/**
 * What modules pass to `env.wait` in place of a number of programs: there is a job, and workers sleep (its result says whether the
 * caller is to do it alone); it is described, and workers sleep; it is done.
 */
export const ASLEEP = -1;
export const WAKE = -2;
export const DONE = -3;

/** A stage with more buffers than this is not shared: their addresses, and sizes, must find room at `args`. */
export const MAX_JOB_BUFFERS = 960;
export const MAX_TEXT = 512;

export function controlBytes(threads: number): number {
  return CONTROL.threads + threads * CONTROL.threadBytes;
}
