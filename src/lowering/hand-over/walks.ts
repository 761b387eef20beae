/** What reads heads and the like where they are, for who maps over an axis that is not the first. */
import { walks } from "../plan/handed-over.js";
import { walkInPlace } from "../plan/walked.js";

/** Before such a map. */
export function handOverWalks(): void {
  walks.fill(walkInPlace);
}
