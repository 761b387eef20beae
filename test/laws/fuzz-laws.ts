/** What must hold of any program. Each law throws when it does not. */
import { jitLaw, planLaw, printLaw, scalarLaw, simplifyLaw, sizedLaw, symbolicLaw } from "./fuzz/compiler-laws.js";
import { sizesLaw } from "./fuzz/sizes-law.js";
import { sourceLaw } from "./fuzz/source-law.js";
import {
  batch,
  forwardMode,
  jvpLaw,
  type Law,
  partialEvalLaw,
  reverse,
  valueAndReverse,
  vjpLaw,
  vmapLaw,
} from "./fuzz/transform-laws.js";

export type { Law } from "./fuzz/transform-laws.js";

/** Transformations compose: there are laws of transformed programs too. */
export const LAWS = {
  vmap: vmapLaw,
  jvp: jvpLaw,
  vjp: vjpLaw,
  "jvp of vmap": (p, seed) => jvpLaw(batch(p), seed),
  "jvp of vjp": (p, seed) => jvpLaw(reverse(p), seed),
  "vjp of vjp": (p, seed) => vjpLaw(reverse(p), seed),
  "partial evaluation": partialEvalLaw,
  "partial evaluation of jvp": (p, seed) => partialEvalLaw(forwardMode(p), seed),
  "vmap of vjp": (p, seed) => vmapLaw(reverse(p), seed),
  "vmap of jvp": (p, seed) => vmapLaw(forwardMode(p), seed),
  print: printLaw,
  simplify: simplifyLaw,
  plan: planLaw,
  jit: jitLaw,
  "jit without SIMD": scalarLaw,
  "jit of vmap": (p, seed) => jitLaw(batch(p), seed),
  "jit of jvp": (p, seed) => jitLaw(forwardMode(p), seed),
  "jit of vjp": (p, seed) => jitLaw(valueAndReverse(p), seed),
  "plan of vjp": (p, seed) => planLaw(valueAndReverse(p), seed),
  symbolic: symbolicLaw,
  "jit with sizes": sizedLaw,
  "found from its cases": sizesLaw,
  source: sourceLaw,
  "source of vjp": (p, seed) => sourceLaw(valueAndReverse(p), seed),
} satisfies Record<string, Law>;
export type LawName = keyof typeof LAWS;
