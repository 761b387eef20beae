/** How far the training is: a bar that is drawn over and over on a terminal, plain lines elsewhere. */

export interface Measures {
  readonly step: number;
  readonly loss: number;
  readonly heldOut: number | undefined;
}

export class Progress {
  readonly #started = performance.now();
  readonly #from: number;
  #smooth: number | undefined;
  #drawn = 0;

  constructor(
    /** Losses of the steps that were done before, in a run that goes on. */
    before: readonly number[],
    readonly steps: number,
    /** Characters that one step learns from. */
    readonly perStep: number,
    readonly out: NodeJS.WriteStream = process.stdout,
  ) {
    this.#from = before.length;
    for (const loss of before) this.#average(loss);
  }

  /** To be called after every step. */
  update({ step, loss, heldOut }: Measures): void {
    this.#average(loss);
    const done = step === this.steps;
    if (this.out.isTTY) {
      const now = performance.now();
      if (now - this.#drawn < 100 && !done) return;
      this.#drawn = now;
      // a line that wraps could not be drawn over; the bar makes room first
      const columns = (this.out.columns || 80) - 1;
      const rest = ` ${step}/${this.steps} ${this.#line(step, heldOut)}`;
      const bar = this.#bar(step, Math.max(4, Math.min(20, columns - rest.length)));
      this.out.write(`\r\x1b[2K${(bar + rest).slice(0, columns)}`);
      if (done) this.out.write("\n");
    } else if (done || step % Math.max(1, Math.round(this.steps / 20)) === 0) {
      this.out.write(`step ${step} of ${this.steps}: ${this.#line(step, heldOut)}\n`);
    }
  }

  /** One batch's loss is noisy; what is shown is a running mean. */
  #average(loss: number): void {
    this.#smooth = this.#smooth === undefined ? loss : 0.95 * this.#smooth + 0.05 * loss;
  }

  /** Ends the bar's line, so that what is printed next stands on its own. */
  interrupt(): void {
    if (this.out.isTTY) this.out.write("\n");
  }

  #bar(step: number, width: number): string {
    const filled = Math.round((width * step) / this.steps);
    return "█".repeat(filled) + "░".repeat(width - filled);
  }

  #line(step: number, heldOut: number | undefined): string {
    const seconds = (performance.now() - this.#started) / 1000;
    const rate = (step - this.#from) / seconds;
    const parts = [`loss ${(this.#smooth ?? Number.NaN).toFixed(3)}`];
    if (heldOut !== undefined) parts.push(`held-out ${heldOut.toFixed(3)}`);
    parts.push(`${Math.round(rate * this.perStep).toLocaleString("en")} tokens/s`);
    if (step < this.steps) parts.push(`${clock((this.steps - step) / rate)} left`);
    return parts.join("  ");
  }
}

/** 75 → 1:15 */
export function clock(seconds: number): string {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
