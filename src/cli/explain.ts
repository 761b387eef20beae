/** `tilework explain CODE`: an entry of the error catalogue; without a code, all of their titles. */
import { CATALOG } from "../diagnostics/catalog.js";
import { printExplanation } from "../diagnostics/explanations/index.js";
import { type Code, HELP } from "../diagnostics/help.js";
import { painter } from "../diagnostics/render.js";
import { UsageError } from "./usage.js";

export function explainCode(args: readonly string[], colour = false): string {
  const [code, ...more] = args;
  if (more.length > 0) throw new UsageError("tilework explain takes one error code, such as TW2003.");
  const codes = (Object.keys(HELP) as Code[]).sort();
  const paint = painter(colour);
  if (code === undefined) return codes.map((c) => `${paint("error", c)}  ${CATALOG[c].title}`).join("\n");
  const name = code.toUpperCase();
  if (!Object.hasOwn(HELP, name))
    throw new UsageError(
      `There is no error code ${code}; tilework explain lists them, ${codes[0]} to ${codes.at(-1)}.`,
    );
  return printExplanation(name as Code, paint);
}
