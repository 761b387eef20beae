/**
 * Which of several ways to do a thing is fastest. They are measured in turns, A B C A B C, so that what slows the machine down for a
 * while slows all of them; those that are clearly slower are left out of later turns.
 */

export interface Candidate {
  /** Does it once. What it throws says that this way does not work. */
  readonly run: () => void;
}

export interface Measured {
  /** Milliseconds: the median of the samples. */
  readonly ms?: number;
  readonly error?: unknown;
}

export interface MeasureOptions {
  /** Milliseconds for all samples together. */
  readonly budget: number;
  /** Milliseconds that each runs before its first sample. */
  readonly warmup: number;
  /** Milliseconds, from any beginning. */
  readonly now: () => number;
  /** Called when a candidate has run for the first time, or has failed. */
  readonly started?: (at: number) => void;
}

/** A sample takes at least so long, of as many runs as that needs: clocks are coarse. */
const LEAST_SAMPLE_MS = 1;
const LEAST_ROUNDS = 3;
const MOST_ROUNDS = 50;
/** Slower than the fastest by this factor: out. */
const CLEARLY = 1.5;

interface Runner {
  readonly at: number;
  readonly run: () => void;
  /** Runs of one sample. */
  repeats: number;
  readonly samples: number[];
}

export function measure(candidates: readonly Candidate[], options: MeasureOptions): Measured[] {
  const { budget, now } = options;
  const errors = new Map<number, unknown>();
  const runners: Runner[] = [];
  candidates.forEach(({ run }, at) => {
    try {
      run(); // compiles it
      runners.push({ at, run, repeats: repeatsOf(run, options), samples: [] });
    } catch (e) {
      errors.set(at, e);
    }
    options.started?.(at);
  });
  let left: readonly Runner[] = runners;
  const begin = now();
  for (let round = 0; round < MOST_ROUNDS && left.length > 0; round++) {
    if (round > 0 && (now() - begin >= budget || (left.length === 1 && round >= LEAST_ROUNDS))) break;
    for (const r of left) {
      const start = now();
      for (let i = 0; i < r.repeats; i++) r.run();
      r.samples.push((now() - start) / r.repeats);
    }
    if (round + 1 < LEAST_ROUNDS) continue;
    const best = Math.min(...left.map((r) => median(r.samples)));
    left = left.filter((r) => Math.min(...r.samples) <= best * CLEARLY);
  }
  const times = new Map(runners.map((r) => [r.at, median(r.samples)]));
  return candidates.map((_, at) => (errors.has(at) ? { error: errors.get(at) } : { ms: times.get(at) ?? 0 }));
}

/** Warms it up and says how many runs make a sample. */
function repeatsOf(run: () => void, { warmup, now }: MeasureOptions): number {
  const start = now();
  let runs = 0;
  let elapsed = 0;
  do {
    run();
    runs++;
    elapsed = now() - start;
  } while (elapsed < warmup && runs < 10_000);
  const each = elapsed / runs;
  return each >= LEAST_SAMPLE_MS || elapsed <= 0 ? 1 : Math.min(10_000, Math.ceil(LEAST_SAMPLE_MS / each));
}

function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** The position of the fastest; undefined when none works. */
export function fastest(measured: readonly Measured[]): number | undefined {
  let best: number | undefined;
  measured.forEach(({ ms }, i) => {
    if (ms !== undefined && (best === undefined || ms < (measured[best].ms ?? 0))) best = i;
  });
  return best;
}
