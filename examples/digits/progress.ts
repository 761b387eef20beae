/** One line that says how far the training is: drawn over and over on a terminal, now and then elsewhere. */
export class Progress {
  readonly #started = performance.now();
  #smooth: number | undefined;
  #drawn = 0;

  constructor(
    readonly title: string,
    readonly steps: number,
    readonly out: NodeJS.WritableStream & { isTTY?: boolean; columns?: number },
  ) {}

  update(step: number, loss: number): void {
    // the mean of the last steps is easier to read than each of them
    const weight = Math.min(step, 20);
    this.#smooth = this.#smooth === undefined ? loss : this.#smooth + (loss - this.#smooth) / weight;
    const done = step === this.steps;
    const now = performance.now();
    if (
      this.out.isTTY ? now - this.#drawn < 100 && !done : step % Math.max(1, Math.round(this.steps / 10)) !== 0 && !done
    )
      return;
    this.#drawn = now;
    const seconds = (now - this.#started) / 1000;
    const left = done ? `took ${clock(seconds)}` : `${clock(((this.steps - step) * seconds) / step)} left`;
    const filled = Math.round((20 * step) / this.steps);
    const bar = this.out.isTTY ? `${"█".repeat(filled)}${"░".repeat(20 - filled)} ` : "";
    const text = `${this.title}  ${bar}${step}/${this.steps}  loss ${this.#smooth.toFixed(4)}  ${left}`;
    this.out.write(
      this.out.isTTY ? `\r\x1b[2K${text.slice(0, (this.out.columns ?? 80) - 1)}${done ? "\n" : ""}` : `${text}\n`,
    );
  }
}

/** 75 → 1:15 */
function clock(seconds: number): string {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
