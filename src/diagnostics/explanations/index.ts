/** The catalogue's long texts. */
import { CATALOG } from "../catalog.js";
import type { Code } from "../help.js";
import { painter } from "../render.js";
import { CAPTURE } from "./capture.js";
import { DEBUGGER } from "./debugger.js";
import { KERNELS } from "./kernels.js";
import { RUNNING } from "./running.js";
import { SHAPES } from "./shapes.js";
import { TRANSFORMS } from "./transforms.js";
import type { Explanation } from "./types.js";
import { VALUES } from "./values.js";

export type { Explanation } from "./types.js";

/** Every code has one: tsc names what is missing. */
export const EXPLANATIONS: Readonly<Record<Code, Explanation>> = {
  ...VALUES,
  ...SHAPES,
  ...TRANSFORMS,
  ...RUNNING,
  ...CAPTURE,
  ...KERNELS,
  ...DEBUGGER,
};

/** Everything that is known about a code, as a terminal shows it. */
export function printExplanation(code: Code, paint = painter(false)): string {
  const { title, help } = CATALOG[code];
  const { explanation, bad, fixed } = EXPLANATIONS[code];
  const block = (text: string): string =>
    text
      .trim()
      .split("\n")
      .map((line) => `    ${/^\s*\/\/\s*\^/.test(line) ? paint("error", line) : line}`)
      .join("\n");
  return [
    `${paint("error", code)}${paint("bold", `: ${title}`)}`,
    "",
    wrap(explanation, 100),
    "",
    `${paint("help", "help:")} ${help}`,
    ...(bad ? ["", paint("bold", "The mistake:"), "", block(bad)] : []),
    ...(fixed ? ["", paint("bold", "Without it:"), "", block(fixed)] : []),
  ].join("\n");
}

function wrap(text: string, width: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join("\n");
}
