/**
 * What a transform makes of a traced program, kept for the next call: a step that is differentiated eagerly is traced again
 * in every call, and gives the same program again. Functions are never compared, only what they did.
 */
import { programKey } from "../ir/key.js";
import type { AnyEqn, Program } from "../ir/program.js";
import { mapPrograms, nestedPrograms } from "../ir/rewrite.js";
import { isTracing } from "../tracer/frame.js";
import { LruMap } from "../util/index.js";
import { config } from "./config.js";

type Core = Program<"core">;

export interface Derived {
  readonly programs: readonly Core[];
  readonly numResiduals: number;
}
const cache = new LruMap<string, Derived>(128);

/** `make` must depend on nothing but the program and what `tag` says. */
export function derive(program: Core, tag: string, make: () => Derived): Derived {
  // in a trace the equations keep the places where they were written, and with them so does the search for NaNs
  if (isTracing() || config.debugNans || holdsFunctions(program)) return make();
  const key = `${tag} ${programKey(program)}`;
  const known = cache.get(key);
  if (known) return known;
  const made = make();
  // a place holds the functions on its stack, and what they close over
  const kept = { ...made, programs: made.programs.map(withoutSpans) };
  cache.set(key, kept);
  return kept;
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
