/**
 * What a transform makes of a traced program, kept for the next call: a step that is differentiated eagerly is traced again
 * in every call, and gives the same program again. Functions are never compared, only what they did.
 */
import { programKey } from "../ir/key.js";
import type { AnyEqn, Program } from "../ir/program.js";
import { mapPrograms, nestedPrograms } from "../ir/rewrite.js";
import type { Aval } from "../ir/aval.js";
import { isTracing } from "../tracer/frame.js";
import { type AnyFunction, type Traced, type TraceOptions, traceFunction } from "../tracer/trace.js";
import type * as tree from "../tree/index.js";
import { LruMap } from "../util/index.js";
import { config } from "./config.js";

type Core = Program<"core">;

export interface Derived {
  readonly programs: readonly Core[];
  readonly numResiduals: number;
}
const cache = new LruMap<string, Derived>(128);

/** Functions of which the last program was known: the next one mostly is, too. */
const familiar = new WeakSet<AnyFunction>();

/** A traced function that is about to be transformed. */
export interface Subject extends Traced {
  readonly f: AnyFunction;
  /** The same program with the places where its equations were written, when it was traced without. */
  readonly located: (() => Core) | undefined;
}

export function traceSubject(
  f: AnyFunction,
  avals: readonly Aval[],
  inTree: tree.TreeDef,
  options: TraceOptions,
): Subject {
  const quick = familiar.has(f) && !isTracing() && !config.debugNans;
  const traced = traceFunction(f, avals, inTree, quick ? { ...options, places: false } : options);
  return { ...traced, f, located: quick ? () => traceFunction(f, avals, inTree, options).program : undefined };
}

/** What `make`, which must depend on nothing but the program and what `tag` says, makes of the subject. */
export function derive({ program, f, located }: Subject, tag: string, make: (program: Core) => Derived): Derived {
  // in a trace the equations keep the places where they were written, and with them so does the search for NaNs
  if (isTracing() || config.debugNans || holdsFunctions(program)) return located ? make(located()) : make(program);
  const key = `${tag} ${programKey(program)}`;
  const known = cache.get(key);
  if (known) {
    familiar.add(f);
    return known;
  }
  familiar.delete(f);
  const made = attempt(program, located, make);
  // a place holds the functions on its stack, and what they close over
  const kept = { ...made, programs: made.programs.map(withoutSpans) };
  cache.set(key, kept);
  return kept;
}

/** Errors say where: when the places are not known, the function is traced once more for them. */
function attempt(program: Core, located: (() => Core) | undefined, make: (program: Core) => Derived): Derived {
  try {
    return make(program);
  } catch (e) {
    if (located) make(located());
    throw e;
  }
}

/** Callbacks, derivative rules and policies are functions of the user's: mostly new ones at each call, with all they close over. */
function holdsFunctions(p: Core): boolean {
  return p.eqns.some((e) => {
    switch (e.prim) {
      case "debug_callback":
      case "custom_jvp_call":
      case "custom_vjp_call":
      case "custom_vjp_linear":
        return true;
      case "checkpoint":
        return e.params.policy !== null || holdsFunctions(e.params.program);
      default:
        return nestedPrograms(e).some(holdsFunctions);
    }
  });
}

function withoutSpans(p: Core): Core {
  return {
    ...p,
    eqns: p.eqns.map((e) => ({ ...mapPrograms(e, withoutSpans), span: undefined }) as AnyEqn),
  };
}
