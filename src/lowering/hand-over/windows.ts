/** What lowers convolutions and reductions of windows, for who makes them. */
import { splitPadding } from "../schedule/convolution.js";
import { windowSchedule } from "../schedule/handed-over.js";
import { windowRules } from "../schedule/pooling.js";
import { writeTaps } from "../schedule/taps.js";
import { writeWindows } from "../schedule/windows.js";

/** Before the first of their equations. */
export function handOverWindows(): void {
  windowSchedule.fill({ rules: windowRules, splitPadding, writeWindows, writeTaps });
}
