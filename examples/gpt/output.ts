/** The folder for what a run leaves; that it cannot be written to is said before any work is done. */
import { accessSync, constants, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { UserError } from "./options.js";

export function makeOutputFolder(path: string): void {
  try {
    makeFolder(path);
    accessSync(path, constants.W_OK);
  } catch (e) {
    throw new UserError(`The folder ${JSON.stringify(path)} cannot be written to (${codeOf(e)}).`);
  }
  if (!statSync(path).isDirectory()) throw new UserError(`${path} is no folder.`);
}

/** Folder by folder: mkdir's own `recursive` never returns on some file systems, such as /proc. */
function makeFolder(path: string): void {
  if (path !== "" && existsSync(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeFolder(parent);
  mkdirSync(path);
}

export function writeOutput(path: string, content: string | Uint8Array): void {
  try {
    writeFileSync(path, content);
  } catch (e) {
    throw new UserError(`${path} cannot be written (${codeOf(e)}).`);
  }
}

const codeOf = (e: unknown): string => (e as NodeJS.ErrnoException).code ?? String(e);
