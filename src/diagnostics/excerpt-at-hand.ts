/** The excerpt that a thrown error shows; servers in production write no source into their logs. */
import { environment } from "../util/node.js";
import type { Diagnostic, Label } from "./error.js";
import { excerpt } from "./excerpt.js";
import { lineReader } from "./source.js";

export function excerptAtHand(d: Diagnostic): { lines: string[]; rest: readonly Label[] } {
  return excerpt(d, environment("NODE_ENV") === "production" ? undefined : lineReader());
}
