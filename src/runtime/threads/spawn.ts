/** Workers of Node and of browsers, as far as the pool uses them. */
import { nodeModule } from "../../util/node.js";
import { WORKER_SOURCE } from "./worker-source.js";

export interface PoolWorker {
  post(message: unknown): void;
  stop(): void;
  /** Whether it keeps the process alive. */
  hold(on: boolean): void;
}
export interface WorkerEvents {
  /** It runs and has received its first message. */
  alive(): void;
  /** It can't start, or ended. */
  lost(why: string): void;
}
export type Spawn = (events: WorkerEvents) => PoolWorker;

interface NodeWorker {
  on(event: string, listener: (value: unknown) => void): void;
  postMessage(message: unknown): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<unknown>;
}
interface WebWorker {
  onmessage: ((e: unknown) => void) | null;
  onerror: ((e: { readonly message?: string; preventDefault?: () => void }) => void) | null;
  postMessage(message: unknown): void;
  terminate(): void;
}
interface Web {
  readonly Worker?: new (url: string | URL) => WebWorker;
  readonly Blob?: new (parts: readonly string[], options: { type: string }) => object;
  readonly URL: { createObjectURL?: (blob: object) => string; revokeObjectURL?: (url: string) => void };
}

/** How workers are started here; undefined where there are none. */
export function spawner(workerUrl: string | undefined): Spawn | undefined {
  const threads = nodeModule<{ Worker: new (source: string, options: object) => NodeWorker }>("node:worker_threads");
  if (threads?.Worker) {
    const { Worker } = threads;
    return (events) => spawnNode(Worker, events);
  }
  const { Worker, Blob, URL } = globalThis as unknown as Web;
  if (!Worker) return undefined;
  return (events) => {
    const blob = workerUrl === undefined && Blob ? new Blob([WORKER_SOURCE], { type: "text/javascript" }) : undefined;
    const url = workerUrl ?? (blob && URL.createObjectURL?.(blob)) ?? "";
    const worker = new Worker(url);
    worker.onmessage = () => {
      if (blob) URL.revokeObjectURL?.(url);
      events.alive();
    };
    worker.onerror = (e) => {
      e.preventDefault?.();
      events.lost(
        e.message ??
          "the browser refused the workers' script: if a content security policy forbids blob:, see workerUrl",
      );
    };
    return { post: (m) => worker.postMessage(m), stop: () => worker.terminate(), hold: () => {} };
  };
}

function spawnNode(Worker: new (source: string, options: object) => NodeWorker, events: WorkerEvents): PoolWorker {
  // no options of this process: what it preloads is nothing that a worker needs
  const worker = new Worker(WORKER_SOURCE, { eval: true, execArgv: [], env: {}, name: "tilework" });
  worker.on("message", () => events.alive());
  worker.on("error", (e) => events.lost(e instanceof Error ? e.message : String(e)));
  worker.on("exit", () => events.lost("it ended"));
  worker.unref();
  return {
    post: (m) => worker.postMessage(m),
    stop: () => void worker.terminate(),
    hold: (on) => (on ? worker.ref() : worker.unref()),
  };
}
