/** What lowers factorisations, for who makes them. */
import { linalg } from "../schedule/linalg.js";
import { linalgSchedule } from "../schedule/handed-over.js";

/** Before the first of their equations. */
export function handOverLinalg(): void {
  linalgSchedule.fill({ rules: linalg });
}
