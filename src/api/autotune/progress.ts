/** How far measuring has come, on a terminal that waits for it. */
import type { TuneProgress } from "./types.js";

interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const WIDTH = 24;
/** Milliseconds after which someone may wonder. */
const PATIENCE = 500;

export function terminal(): Terminal | undefined {
  return (globalThis as { process?: { stderr?: Terminal } }).process?.stderr;
}

/** Draws a bar on one line and takes it away at the end. */
export class ProgressBar {
  #drawn = false;
  readonly #begin: number;
  constructor(
    readonly out: Terminal,
    readonly now: () => number,
    /** Draw it at once. */
    readonly always: boolean,
  ) {
    this.#begin = now();
  }

  show({ name, done, total }: TuneProgress): void {
    if (!this.always && this.now() - this.#begin < PATIENCE) return;
    const full = Math.round((WIDTH * done) / total);
    this.out.write(`\r\u001b[Ktuning ${name} [${"#".repeat(full)}${" ".repeat(WIDTH - full)}] ${done}/${total}`);
    this.#drawn = true;
  }

  clear(): void {
    if (this.#drawn) this.out.write("\r\u001b[K");
  }
}
