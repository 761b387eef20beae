/** `tilework explain CODE`: an entry of the error catalogue. */
import { CATALOG, type CatalogEntry } from "../diagnostics/catalog.js";
import { UsageError } from "./usage.js";

export function explainCode(args: readonly string[]): string {
  const [code, ...more] = args;
  if (code === undefined || more.length > 0)
    throw new UsageError("tilework explain takes one error code, such as TW2003.");
  const name = code.toUpperCase();
  const entry: CatalogEntry | undefined = Object.hasOwn(CATALOG, name)
    ? CATALOG[name as keyof typeof CATALOG]
    : undefined;
  if (entry === undefined) throw new UsageError(`There is no error code ${code}; they run from ${range()}.`);
  return entry.help === undefined ? `${name}: ${entry.title}` : `${name}: ${entry.title}\n  help: ${entry.help}`;
}

function range(): string {
  const codes = Object.keys(CATALOG).sort();
  return `${codes[0]} to ${codes[codes.length - 1]}`;
}
