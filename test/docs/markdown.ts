/** Programs in Markdown: each `ts` block, and the `output` block that tells what it prints. */
export interface Block {
  readonly code: string;
  /** Undefined: nothing is shown. */
  readonly output: string | undefined;
  /** Where the code begins, 1-based. */
  readonly line: number;
}
export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** The sections (`## …`, and what comes before the first) that have code. */
export function sectionsOf(markdown: string): Section[] {
  const sections: { title: string; blocks: Block[] }[] = [{ title: "the beginning", blocks: [] }];
  const fences = /^## (.*)$|^```(\w+)\n([\s\S]*?)^```$/gm;
  for (const match of markdown.matchAll(fences)) {
    const [, title, language, text] = match;
    const { blocks } = sections[sections.length - 1];
    if (title !== undefined) sections.push({ title, blocks: [] });
    else if (language === "ts") {
      blocks.push({ code: text, output: undefined, line: markdown.slice(0, match.index).split("\n").length + 1 });
    } else if (language === "output") {
      const last = blocks.pop();
      if (last === undefined || last.output !== undefined) throw new Error(`an output block without code: ${text}`);
      blocks.push({ ...last, output: text });
    }
  }
  return sections.filter((s) => s.blocks.length > 0);
}

/** Puts other outputs in: for `npm test -- --update`. */
export function withOutputs(markdown: string, outputs: readonly (string | undefined)[]): string {
  let next = 0;
  return markdown.replace(/^(```ts\n[\s\S]*?^```\n)(\n```output\n[\s\S]*?^```\n)?/gm, (_, code: string) => {
    const output = outputs[next++];
    return output === undefined || output === "" ? code : `${code}\n\`\`\`output\n${output}\`\`\`\n`;
  });
}

const NUMBER = /[-+]?\d+\.\d*(?:e[-+]?\d+)?/g;

/**
 * Output with its fractions cut to five digits and its columns to one space: the last digits depend on whether the machine fuses
 * a multiplication and an addition.
 */
export function comparable(output: string): string {
  const short = (n: string): string => String(Number(Number(n).toPrecision(5)) || 0);
  return output
    .replace(NUMBER, short)
    .replace(/ +/g, " ")
    .replace(/ (?=[\]\n])/g, "");
}
