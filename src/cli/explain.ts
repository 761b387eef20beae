/** `tilework explain CODE`: an entry of the error catalogue. */
import { printExplanation } from "../diagnostics/explanations/index.js";
import { type Code, HELP } from "../diagnostics/help.js";
import { UsageError } from "./usage.js";

export function explainCode(args: readonly string[]): string {
  const [code, ...more] = args;
  if (code === undefined || more.length > 0)
    throw new UsageError("tilework explain takes one error code, such as TW2003.");
  const name = code.toUpperCase();
  if (!Object.hasOwn(HELP, name)) throw new UsageError(`There is no error code ${code}; they run from ${range()}.`);
  return printExplanation(name as Code);
}

function range(): string {
  const codes = Object.keys(HELP).sort();
  return `${codes[0]} to ${codes[codes.length - 1]}`;
}
