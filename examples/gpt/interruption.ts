/** Ctrl-C as a request: what was learnt is saved before the process ends. */

export interface Interruption {
  /** True from the first Ctrl-C on. */
  readonly asked: boolean;
  /** From now on Ctrl-C ends the process at once again. */
  stop(): void;
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Until `stop`, further signals change nothing: a terminal and npm may both send one. */
export function watchForInterrupt(): Interruption {
  let asked = false;
  const ask = (): void => {
    asked = true;
  };
  for (const signal of SIGNALS) process.on(signal, ask);
  return {
    get asked() {
      return asked;
    },
    stop() {
      for (const signal of SIGNALS) process.off(signal, ask);
    },
  };
}
