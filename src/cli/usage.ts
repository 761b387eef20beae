import { relative } from "node:path";

/** The command line itself is wrong; the message is one sentence. */
export class UsageError extends Error {}

/** What Node's parser of options throws: its message goes on with advice about its own syntax, the first sentence says it. */
export function optionError(e: unknown): UsageError {
  const [sentence] = (e as Error).message.split(/\.\s/);
  return new UsageError(`${sentence.replace(/\.$/, "")}; tilework --help lists what there is.`);
}

/** A file's path as one types it from the current folder. */
export function fromHere(file: string): string {
  const path = relative(process.cwd(), file);
  return path === "" || path.startsWith("..") || /^\w+:/.test(file) ? file : path;
}
