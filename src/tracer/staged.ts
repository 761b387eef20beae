/**
 * Where captured source comes in: a function whose source was captured is interpreted when it is traced, and called otherwise.
 * The interpreter is installed by `tilework/capture`, which is what the build plugin's output imports; a program without it has none.
 */
import { scanned } from "./scan/index.js";

// biome-ignore lint/suspicious/noExplicitAny: any function can be traced; what it takes is checked when it is called
export type AnyFunction = (...args: any[]) => unknown;

type Stage = (f: AnyFunction) => AnyFunction;

let stage: Stage | undefined;
let shareSource: ((copy: AnyFunction, original: AnyFunction) => void) | undefined;

/** `share` gives a function the source of another one. */
export function setStager(s: Stage, share: (copy: AnyFunction, original: AnyFunction) => void): void {
  stage = s;
  shareSource = share;
}

/** Whether its source was captured. */
export function isCaptured(f: AnyFunction): boolean {
  return stage !== undefined && stage(f) !== f;
}

/** A captured method that is interpreted wherever it is called while something traces, also from functions that were not captured. */
export function interpretedInTraces(method: AnyFunction, isTracing: () => boolean): AnyFunction {
  const wrapper = function (this: unknown, ...args: unknown[]) {
    return (isTracing() ? staged(method) : method).apply(this, args);
  };
  shareSource?.(wrapper, method);
  Object.defineProperty(wrapper, "name", { value: method.name, configurable: true });
  Object.defineProperty(wrapper, "length", { value: method.length, configurable: true });
  return wrapper;
}

/** What to call in the place of a user's function while it is traced. */
export function staged<F extends AnyFunction>(f: F): F {
  const interpreted = stage === undefined ? f : (stage(f) as F);
  return interpreted === f ? scanned(f) : interpreted;
}
