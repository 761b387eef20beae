/**
 * Where captured source comes in: a function whose source was captured is interpreted when it is traced, and called otherwise.
 * The interpreter is installed by `tilework/capture`, which is what the build plugin's output imports; a program without it has none.
 */
import { scanned } from "./scan/index.js";

// biome-ignore lint/suspicious/noExplicitAny: any function can be traced; what it takes is checked when it is called
export type AnyFunction = (...args: any[]) => unknown;

type Stage = (f: AnyFunction) => AnyFunction;

let stage: Stage | undefined;

export function setStager(s: Stage): void {
  stage = s;
}

/** What to call in the place of a user's function while it is traced. */
export function staged<F extends AnyFunction>(f: F): F {
  const interpreted = stage === undefined ? f : (stage(f) as F);
  return interpreted === f ? scanned(f) : interpreted;
}
