/** What finds the greatest elements, for who asks for them. */
import { greatest } from "../schedule/greatest.js";
import { greatestSchedule } from "../schedule/handed-over.js";

/** Before the first `top_k`. */
export function handOverGreatest(): void {
  greatestSchedule.fill({ rules: greatest });
}
