/** Getting ready before the first call. */
import { WORKER_SOURCE } from "../runtime/threads/worker-source.js";
import { backend } from "./backend.js";
import { type Config, configure } from "./config.js";
import { singleThreadReason } from "./threads.js";

/**
 * Applies settings and starts the worker threads; resolves when they run, or when it is clear that there will be none.
 * Without it they start with the first large kernel: in Node at once, on a browser's page while later ones run.
 * @returns how many threads share large kernels from now on, and why no more.
 * @example await init({ threads: 4 });
 */
export async function init(
  settings: Partial<Config> = {},
): Promise<{ readonly threads: number; readonly reason: string | undefined }> {
  configure(settings);
  const { pool } = backend.workspace;
  await pool?.start();
  return { threads: pool?.threads ?? 1, reason: singleThreadReason(pool) };
}

/**
 * The text of the workers' script. A page whose content security policy forbids `blob:` workers serves it as a file of its own and
 * names that file: `configure({ workerUrl: "/tilework-worker.js" })`.
 */
export const workerScript: string = WORKER_SOURCE;
