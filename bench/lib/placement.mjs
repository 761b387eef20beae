/**
 * On which processors the threads of this process run. A process that was stopped, or whose threads slept, may wake up with two of
 * them on one processor: Linux does not always look for an idle one (in a virtual machine those look taken), and moves threads
 * only when both have been ready to run for some ticks of its clock. What is timed then is the placement, not the code.
 */
import { readdirSync, readFileSync } from "node:fs";

const TASKS = "/proc/self/task";
/** Milliseconds of runs between two looks, at most in all, and without a second thread at work. */
const BETWEEN = 1;
const MOST = 200;
const ALONE = 25;
/** A thread that works less than this, compared with the one that works most, does not count. */
const LEAST = 0.15;

/** Nanoseconds that each thread has run, and its processor. */
function look() {
  const found = new Map();
  for (const task of readdirSync(TASKS)) {
    try {
      const stat = readFileSync(`${TASKS}/${task}/stat`, "latin1");
      const ran = Number(readFileSync(`${TASKS}/${task}/schedstat`, "latin1").split(" ")[0]);
      found.set(task, { ran, cpu: stat.slice(stat.lastIndexOf(")") + 2).split(" ")[36] });
    } catch {
      // it ended
    }
  }
  return found;
}

/** Runs, at least once, until the threads that share the work have been on processors of their own twice, or some time has passed. */
export async function settle(run, threads) {
  await run();
  if (threads < 2 || process.platform !== "linux") return;
  const start = performance.now();
  let before = look();
  let apart = 0;
  let shared = start;
  for (let now = start; now - start < MOST; ) {
    const until = performance.now() + BETWEEN;
    do await run();
    while (performance.now() < until);
    now = performance.now();
    const after = look();
    const worked = [...after].map(([task, { ran, cpu }]) => ({ ran: ran - (before.get(task)?.ran ?? 0), cpu }));
    const most = Math.max(...worked.map(({ ran }) => ran));
    const busy = worked.filter(({ ran }) => ran > LEAST * most);
    before = after;
    if (busy.length > 1) shared = now;
    else if (now - shared > ALONE) return;
    apart = busy.length > 1 && new Set(busy.map(({ cpu }) => cpu)).size === busy.length ? apart + 1 : 0;
    if (apart === 2) return;
  }
}
