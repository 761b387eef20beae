/** The kernel whose body is being traced: the ids of its programs, and its grid. */
import { fail } from "../../diagnostics/error.js";
import type { Tensor } from "../../tracer/tensor.js";

export interface Launch {
  readonly name: string;
  readonly grid: readonly number[];
  /** One i32 scalar for each axis of the grid. */
  readonly ids: readonly Tensor[];
}

let current: Launch | undefined;

/** Runs `f` as the body of a kernel. */
export function inLaunch<R>(launch: Launch, f: () => R): R {
  const outer = current;
  current = launch;
  try {
    return f();
  } finally {
    current = outer;
  }
}

/** The kernel that is being traced. */
export function currentLaunch(): Launch | undefined {
  return current;
}

/** The kernel around; `what` is a function that has a meaning there alone. */
export function launchFor(what: string): Launch {
  return (
    current ??
    fail("TW8001", `${what}() outside of a kernel`, {
      help: "call it in the body of a function that is wrapped with kernel(…)",
    })
  );
}
