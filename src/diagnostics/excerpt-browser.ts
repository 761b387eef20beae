/** In browsers errors show no source: developer tools do, at the place that the message names. */
import type { Diagnostic, Label } from "./error.js";

export function excerptAtHand(d: Diagnostic): { lines: string[]; rest: readonly Label[] } {
  return { lines: [], rest: d.labels ?? [] };
}
